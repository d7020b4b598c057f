/*
 * fetch_impl.h - what the files behind fetch.h share; nobody else includes it.
 *
 *   fetch.c            which question, and what an answer means to begin with
 *   fetch_postgrest.c  Supabase
 *   fetch_notion.c     Notion
 */
#ifndef FETCH_IMPL_H
#define FETCH_IMPL_H

#include "fetch.h"
#include "json.h"

#include <stdbool.h>

/* One for each kind of API. */
struct fetch_api {
    const char *provider;
    /* Has it such a record? */
    bool (*knows)(const struct inbound *in);
    /* Adds the path behind the API's URL, and headers. False: the record
       cannot be named. */
    bool (*build)(const struct source *source, const char *key,
                  const struct inbound *in, struct request *request);
    const char *without; /* a member that is no part of a record; or NULL */
    /* What an answer with that status and JSON means: ANSWER_FOUND and
       ANSWER_TRASHED (*record set), ANSWER_ABSENT or ANSWER_ODD. */
    enum verdict_answer (*read)(uint32_t status, const struct json_value *body,
                                struct slice *record);
};

extern const struct fetch_api fetch_postgrest;
extern const struct fetch_api fetch_notion;

/* Percent-encodes everything but the unreserved characters of RFC 3986. */
void fetch_add_encoded(struct buf *url, struct slice text);

/* Can it be one segment of a path? Not what would lead out of it, here or where
   somebody decodes it once more: empty, "." and "..", or with a slash of either
   kind or a control character in it. */
bool fetch_is_segment(struct slice text);

/* Adds it as that; false, with nothing added, where it cannot be. */
bool fetch_add_segment(struct buf *url, struct slice text)
    __attribute__((warn_unused_result));

/* The API's URL without a '/' at its end. */
void fetch_add_base(struct buf *url, const char *base);

/* Headers of Notion's API, also for its poller. */
void fetch_notion_headers(const char *key, struct slice version,
                          struct request *request);
/* The same for PostgREST; schema absent: the usual one. */
void fetch_postgrest_headers(const char *key, struct slice schema,
                             struct request *request);
/* Adds ",KEY.asc" for each key column of the table. */
void fetch_postgrest_order(const struct source *source, const char *table,
                           struct buf *url);
/* "auth.users": *schema absent for the usual one. */
void fetch_split_table(struct slice name, struct slice *schema,
                       struct slice *table);

#endif /* FETCH_IMPL_H */
