/*
 * store_source_impl.h - what the files behind store_source.h share; nobody else
 * includes it.
 *
 *   store_source_read.c    rows from the database
 *   store_source_print.c   and as JSON
 *   store_source.c         made, changed
 *   store_source_name.c    not before the name is free everywhere
 *   store_source_secret.c  secrets: which ones there are after a change
 *   store_source_token.c   rotated, awaited, confirmed
 *   store_source_hook.c    the subscription of invalidate_url
 *   store_source_delete.c  removed
 */
#ifndef STORE_SOURCE_IMPL_H
#define STORE_SOURCE_IMPL_H

#include "store_source.h"

#define SOURCE_SQL_MAX ((size_t)2 << 20) /* bytes of one statement */

/* One transaction's work on one source. */
struct source_change {
    const struct sealer *sealer;
    const struct source_form *form;
    uint32_t application_id; /* 0 = any */
    struct source_ref ref;
    uint32_t move_to;
    struct slice secret;
    bool flag; /* keep_others, drop_others */
    uint64_t version;
    struct source_row row;    /* as it is; freed by the caller */
    struct buf token;         /* the one that was captured */
    struct source_made *made; /* or NULL */
    enum source_action action;
};

/* The next version of the configuration, and the row, locked. The row's former
   content is freed: the transaction may be run again. */
enum db_result store_source_lock(struct db *db, struct source_change *change)
    __attribute__((warn_unused_result));

/* Puts the verifiers that hold after the form into change->row.verifiers;
   change->action says what is wrong with them. is_new: a secret is made where
   it is ours to make. */
void store_source_compose(struct source_change *change, bool is_new);

/* Is there a verifier in the list that can use one of its secrets for each
   that has some? */
bool store_source_takes(const struct source_row *row);

/* ", secrets = ..." of the row; change->action says if they are too many. */
void store_source_add_secrets(struct buf *sql, struct source_change *change);

/* ", column = ..." sealed for the row; NULL for absent text. */
void store_source_add_sealed(struct buf *sql,
                             const struct source_change *change,
                             const char *column, struct slice text);

/* Makes, changes or removes the subscription of row->options.invalidate_url;
   row->hook_id becomes its id or 0. */
enum db_result store_source_hook(struct db *db, struct source_change *change)
    __attribute__((warn_unused_result));

/* Before the form's name is taken: waits, if need be, until every program knows
   that the source that had it is gone. */
enum db_result store_source_let_name_rest(struct db *db,
                                          const struct source_form *form)
    __attribute__((warn_unused_result));

/* Runs the statement and empties it. */
enum db_result store_source_run(struct db *db, struct buf *sql)
    __attribute__((warn_unused_result));

/* UPDATE sources SET updated_at, config_version */
void store_source_begin_update(struct buf *sql,
                               const struct source_change *change);
/* WHERE id */
enum db_result store_source_end_update(struct db *db, struct buf *sql,
                                       const struct source_change *change)
    __attribute__((warn_unused_result));

/* transact(), change->row and change->token freed afterwards. */
enum db_result
store_source_transact(struct db *db,
                      enum db_result (*work)(struct db *db, void *arg),
                      struct source_change *change, enum source_action *action)
    __attribute__((warn_unused_result));

#endif /* STORE_SOURCE_IMPL_H */
