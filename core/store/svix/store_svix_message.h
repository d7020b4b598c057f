/*
 * store_svix_message.h - events as the messages of Svix's API.
 *
 * A message is an event; its `eventId` is the id that the sender gave, its
 * `tags` and `deliverAt` are members of the event's metadata. Events of
 * endpoint tests are none.
 */
#ifndef STORE_SVIX_MESSAGE_H
#define STORE_SVIX_MESSAGE_H

#include "buf.h"
#include "db.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_MESSAGE "msg"
#define SVIX_TYPES_MAX 32 /* event types in one filter */

struct svix_message {
    uint64_t id;
    char *type;
    char *event_id;        /* or NULL */
    struct slice channels; /* JSON array or absent; owned, as the next two */
    struct slice metadata; /* JSON object or absent */
    struct slice payload;  /* JSON */
};

struct svix_message_list {
    struct svix_message *rows;
    size_t count;
    uint64_t next; /* before_id of the next page; 0 = that was all */
};

struct svix_message_filter {
    uint32_t application_id;
    struct slice types[SVIX_TYPES_MAX];
    size_t type_count;    /* 0 = all */
    struct slice channel; /* absent = any */
    struct slice tag;     /* absent = any */
    int64_t since_us;     /* 0 = any */
    int64_t until_us;     /* 0 = any */
    uint64_t before_id;   /* 0 = newest */
    size_t limit;
};

/* text: msg_... (or evt_...), or the sender's id, which is known for eight days.
   DB_NONE: there is no such message. */
enum db_result store_svix_message_find(struct db *db, uint32_t application_id,
                                       struct slice text, uint64_t *id)
    __attribute__((warn_unused_result));

/* Newest first; of bounded work, as store_event_list(). */
enum db_result store_svix_message_list(struct db *db,
                                       const struct svix_message_filter *filter,
                                       struct svix_message_list *list)
    __attribute__((warn_unused_result));

/* Those of the ids that are there, in any order. */
enum db_result store_svix_message_read(struct db *db, uint32_t application_id,
                                       const uint64_t *ids, size_t count,
                                       struct svix_message_list *list)
    __attribute__((warn_unused_result));

enum db_result store_svix_message_get(struct db *db, uint32_t application_id,
                                      uint64_t id, struct svix_message *message)
    __attribute__((warn_unused_result));

const struct svix_message *svix_message_in(const struct svix_message_list *list,
                                           uint64_t id);

void svix_message_free(struct svix_message *message);
void svix_message_list_free(struct svix_message_list *list);

/* Appends MessageOut; _members leaves out the braces. content: else the payload
   is {}. */
void svix_message_print(const struct svix_message *message, bool content,
                        struct buf *out);
void svix_message_print_members(const struct svix_message *message,
                                bool content, struct buf *out);

#endif /* STORE_SVIX_MESSAGE_H */
