/*
 * dedupe.c - which slots of table `dedupe` a key belongs to at a time.
 */
#include "dedupe.h"

#include "clock.h"
#include "partitions.h"
#include "sql.h"

#include <stdio.h>

#define MINUTE_US (60 * CLOCK_US_PER_S)
#define OVERLAP_US MINUTE_US
#define ROTATE_FROM_US (5 * MINUTE_US)
#define ROTATE_PRESSING_US (20 * 60 * MINUTE_US)
#define ROTATE_UNTIL_US (CLOCK_US_PER_DAY - 10 * MINUTE_US)
#define SQL_MAX 256

static unsigned
slot_of(int64_t day)
{
    return (unsigned)(day % DEDUPE_SLOTS);
}

struct dedupe_slots
dedupe_slots_at(int64_t now_us)
{
    int64_t day = partitions_day(now_us);
    unsigned today = slot_of(day), tomorrow = slot_of(day + 1);
    struct dedupe_slots slots = {
        .write = {today},
        .write_count = 1,
    };
    unsigned ago;

    for (ago = 1; ago <= DEDUPE_DAYS; ago++)
        slots.earlier[ago - 1] = slot_of(day - ago);

    if (now_us % CLOCK_US_PER_DAY >= CLOCK_US_PER_DAY - OVERLAP_US) {
        slots.write[today < tomorrow ? 1 : 0] = tomorrow;
        slots.write[today < tomorrow ? 0 : 1] = today;
        slots.write_count = 2;
    }
    return slots;
}

unsigned
dedupe_age(const struct dedupe_slots *slots, unsigned slot)
{
    unsigned ago;

    for (ago = 1; ago <= DEDUPE_DAYS; ago++)
        if (slots->earlier[ago - 1] == slot)
            return ago;
    return 0;
}

/* For which day a slot was emptied last; 0 = never. */
static enum db_result
read_emptied_for(struct db *db, const char *name, int64_t *day)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    const struct slice *row;
    struct db_rows *rows;
    enum db_result result;

    sql_raw(&sql, "SELECT value FROM housekeeping WHERE name = ");
    sql_text(&sql, slice_of(name));
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    row = db_rows_next(rows);
    *day = row == NULL ? 0 : db_i64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

static enum db_result
write_emptied_for(struct db *db, const char *name, int64_t day)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "INSERT INTO housekeeping (name, value) VALUES (");
    sql_text(&sql, slice_of(name));
    sql_raw(&sql, ", ");
    sql_i64(&sql, day);
    sql_raw(&sql, ") ON DUPLICATE KEY UPDATE value = VALUES(value)");
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

enum db_result
dedupe_rotate(struct db *db, int64_t now_us)
{
    int64_t of_day_us = now_us % CLOCK_US_PER_DAY;
    int64_t tomorrow = partitions_day(now_us) + 1, emptied_for;
    char name[32], rest[32];
    enum db_result result;

    if (of_day_us < ROTATE_FROM_US || of_day_us > ROTATE_UNTIL_US)
        return DB_OK;
    snprintf(name, sizeof(name), "dedupe_slot_%u", slot_of(tomorrow));
    result = read_emptied_for(db, name, &emptied_for);
    if (result != DB_OK || emptied_for == tomorrow)
        return result;
    snprintf(rest, sizeof(rest), "TRUNCATE PARTITION s%u", slot_of(tomorrow));
    result =
        partitions_alter(db, "dedupe", rest, of_day_us > ROTATE_PRESSING_US);
    if (result == DB_NONE)
        return DB_OK;
    if (result != DB_OK)
        return result;
    return write_emptied_for(db, name, tomorrow);
}
