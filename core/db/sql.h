/*
 * sql.h - writing SQL text safely.
 *
 * Statements are literals with values between them. Literals are added with
 * sql_raw() and hold no outside data; every value goes through one of the
 * other functions. The server runs without NO_BACKSLASH_ESCAPES, and takes
 * literals byte by byte (db_session.c): what is not ASCII says that it is
 * utf8mb4.
 */
#ifndef SQL_H
#define SQL_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void sql_raw(struct buf *sql, const char *literal);
void sql_u64(struct buf *sql, uint64_t value);
void sql_i64(struct buf *sql, int64_t value);
void sql_bool(struct buf *sql, bool value); /* 1 or 0 */

/* 'quoted', or _utf8mb4'quoted' where it is not ASCII; NULL when ptr is NULL. */
void sql_text(struct buf *sql, struct slice value);

/* _binary'quoted' bytes, or NULL when ptr is NULL. */
void sql_bytes(struct buf *sql, struct slice value);

/* '2026-01-01 15:00:00.000000' */
void sql_time(struct buf *sql, int64_t wall_us);

/* 1,2,3; count > 0, for an empty list is no SQL */
void sql_u64_list(struct buf *sql, const uint64_t *values, size_t count);

/*
 * A derived table of ids: (SELECT 5 id UNION ALL VALUES (7),(9),...): the
 * first names the column, and a SELECT for each of them would take the server
 * half as long again. Joined with STRAIGHT_JOIN it is always driven by primary
 * key; IN (256 ids) turns into a full scan on a small table and waits for rows
 * that others have just inserted. count > 0.
 */
void sql_id_table(struct buf *sql, const uint64_t *ids, size_t count);

#endif /* SQL_H */
