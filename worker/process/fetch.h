/*
 * fetch.h - what a job asks its source, and what the source answers.
 *
 *   Supabase  PostgREST: GET {api}/rest/v1/TABLE?KEY=eq.VALUE&select=*, with
 *             Accept-Profile where the schema is not public
 *             (https://docs.postgrest.org, "Tables and Views", "Schemas")
 *   Notion    GET {api}/v1/pages|databases|data_sources|blocks|comments/ID,
 *             with the Notion-Version of the event
 *             (https://developers.notion.com/reference)
 *
 * A database of which the watch list may have the name is asked for first
 * (names.h). The key stands in a header, and nowhere else.
 */
#ifndef FETCH_H
#define FETCH_H

#include "catalog.h"
#include "http_request.h"
#include "inbound.h"
#include "names.h"
#include "outcome.h"
#include "payloads.h"
#include "settings.h"
#include "task.h"
#include "verdict.h"

#include <stdbool.h>

#define FETCH_ANSWER_MAX (2 * 1024 * 1024) /* bytes of a record */
#define FETCH_CONNECT_MS 2000
#define FETCH_TIMEOUT_MS 5000

/* Is the source asked for this event's record? */
bool fetch_is_wanted(const struct source *source,
                     const struct settings *settings, const struct inbound *in,
                     const struct event *event);

/* The event was made by a poller: it has what the source itself said. */
bool fetch_is_polled(const struct event *event);

/* Does the event wait before it is applied: to be asked for, or for others of
   the same entity? */
bool fetch_is_needed(const struct source *source,
                     const struct settings *settings, struct names *names,
                     const struct inbound *in, const struct event *event);

/* Fills an empty request, and says in the task's attempt what is asked: the
   name of a database that nobody knows goes first. OBSTACLE_NO_QUESTION: there
   is nothing to ask. */
enum obstacle fetch_build(const struct source *source,
                          const struct settings *settings, struct names *names,
                          struct task *task, struct request *request)
    __attribute__((warn_unused_result));

/* What came back. Appends the record, a minified JSON object, if the answer is
   ANSWER_FOUND or ANSWER_TRASHED. */
enum verdict_answer fetch_read(const struct source *source,
                               const struct attempt *attempt,
                               struct buf *record);

#endif /* FETCH_H */
