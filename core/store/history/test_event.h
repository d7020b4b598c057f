/*
 * test_event.h - what a webhook is sent by a test, and how its result is told.
 */
#ifndef TEST_EVENT_H
#define TEST_EVENT_H

#include "event.h"
#include "store_delivery.h"

#define TEST_EVENT_TYPE "webhook.test"
#define TEST_EVENT_DATA_MAX 4096

/* A test of that subscription, to be committed: its delivery has the id that
   event.job_id says then. payload must outlive the commit. */
struct new_event test_event(uint32_t application_id, uint32_t subscription_id,
                            struct slice type, struct slice payload);

/* The payload unless somebody gives another: JSON that says it is a test. */
void test_event_data(uint32_t subscription_id, struct buf *out);

/* An object of JSON: what became of it (docs/reference/http-api.md). */
void test_result_print(const struct delivery *delivery, struct buf *out);
/* The same while its result is waited for. */
void test_pending_print(uint64_t delivery_id, struct buf *out);

#endif /* TEST_EVENT_H */
