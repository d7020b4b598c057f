/*
 * receive_notion.h - POST /webhooks/notion: the source `notion` in the words of
 * a receiver that only keeps a cache.
 *
 * 200 {"status":"queued","event_id"}, also for a repeat, with the first
 * event's id; 200 {"status":"ignored","reason"}; 401 {"detail":"Invalid
 * signature"}, and every other refusal as {"detail"} with the status that
 * /api/v1/webhooks/notion has for it.
 */
#ifndef RECEIVE_NOTION_H
#define RECEIVE_NOTION_H

#include "router.h"

extern const struct route receive_notion_routes[];
extern const size_t receive_notion_route_count;

#endif /* RECEIVE_NOTION_H */
