/*
 * store_flush_impl.h - what the statements of a completion batch share: those on
 * jobs (store_flush.c) and those on the history (store_flush_history.c). Nothing
 * else includes it.
 */
#ifndef STORE_FLUSH_IMPL_H
#define STORE_FLUSH_IMPL_H

#include "buf.h"
#include "sql.h"
#include "store_flush.h"

#define FLUSH_SMALLINT_MAX 65535

static inline void
flush_add_comma(struct buf *sql)
{
    sql_raw(sql, ",");
}

static inline void
flush_add_u64(struct buf *sql, uint64_t value, uint64_t max)
{
    sql_u64(sql, value < max ? value : max);
    flush_add_comma(sql);
}

static inline void
flush_add_retry_of(struct buf *sql, uint64_t id)
{
    if (id == 0)
        sql_raw(sql, "NULL,");
    else
        flush_add_u64(sql, id, UINT64_MAX);
}

static inline bool
flush_is_finished(const struct flush_row *row)
{
    return row->live && row->status != FLUSH_RETRY && row->status != FLUSH_MOVE;
}

/* store_flush_history.c: rows of `deliveries` for what is finished, and of
   `attempts` for what is tried again; live rows only. */
enum db_result flush_write_archive(struct db *db, const struct flush_row *rows,
                                   size_t count)
    __attribute__((warn_unused_result));
enum db_result flush_write_attempts(struct db *db, const struct flush_row *rows,
                                    size_t count)
    __attribute__((warn_unused_result));

#endif /* STORE_FLUSH_IMPL_H */
