/*
 * old_days.h - partitions for days that are past, as if the database were old.
 */
#ifndef OLD_DAYS_H
#define OLD_DAYS_H

#include "testdb.h"

#include "clock.h"
#include "id.h"
#include "partitions.h"

#include <stdio.h>
#include <string.h>

#define OLD_DAYS_DAY CLOCK_US_PER_DAY

/* "2026-01-01" */
static inline void
old_days_text(int64_t day, char out[CLOCK_TEXT_MAX])
{
    clock_format_sql(day * OLD_DAYS_DAY, out);
    out[10] = '\0';
}

static inline void
old_days_add(struct buf *sql, int64_t day, bool by_id)
{
    char text[CLOCK_TEXT_MAX], next[CLOCK_TEXT_MAX];

    old_days_text(day, text);
    old_days_text(day + 1, next);
    buf_addf(sql, "PARTITION p%.4s%.2s%.2s VALUES LESS THAN (", text, text + 5,
             text + 8);
    if (by_id)
        buf_addf(sql, "%llu)",
                 (unsigned long long)id_floor((day + 1) * OLD_DAYS_DAY));
    else
        buf_addf(sql, "'%s')", next);
}

/* All days from the oldest on that are missing before the first that each table
   has; inside a test. */
static inline void
old_days_make(struct db *db, int64_t oldest)
{
    size_t table;

    for (table = 0; table < PARTITIONS_TABLES; table++) {
        struct buf sql = BUF_INIT(65536);
        bool by_id = strcmp(partitions_name(table), "events") == 0;
        char text[CLOCK_TEXT_MAX];
        int64_t first, day;

        CU_ASSERT_EQUAL_FATAL(partitions_first_day(db, table, &first), DB_OK);
        old_days_text(first, text);
        buf_addf(&sql,
                 "ALTER TABLE %s REORGANIZE PARTITION p%.4s%.2s%.2s INTO (",
                 partitions_name(table), text, text + 5, text + 8);
        for (day = oldest; day <= first; day++) {
            old_days_add(&sql, day, by_id);
            buf_add_text(&sql, day < first ? "," : ")");
        }
        if (oldest < first)
            testdb_exec(db, sql.data);
        buf_free(&sql);
    }
}

#endif /* OLD_DAYS_H */
