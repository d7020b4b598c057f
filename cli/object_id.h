/*
 * object_id.h - ids as people write them on a command line.
 */
#ifndef OBJECT_ID_H
#define OBJECT_ID_H

#include <stdbool.h>
#include <stdint.h>

/* A subscription: 12 or ep_... */
bool object_id_webhook(const char *text, uint32_t *id)
    __attribute__((warn_unused_result));

/* A delivery: dlv_..., or the bare number that the SQL views show. */
bool object_id_delivery(const char *text, uint64_t *id)
    __attribute__((warn_unused_result));

/* An event: evt_..., or the bare number that the SQL views show. */
bool object_id_event(const char *text, uint64_t *id)
    __attribute__((warn_unused_result));

#endif /* OBJECT_ID_H */
