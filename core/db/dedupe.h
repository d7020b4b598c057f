/*
 * dedupe.h - which slots of table `dedupe` a key belongs to at a time.
 *
 * A slot holds the keys of one day (day number modulo 10). A key is written to
 * today's slot and looked for in those of the eight days before as well, so it
 * is remembered for eight days at least and nine at most: longer than any
 * provider repeats what it has sent. In the last minute of a day it is written
 * to tomorrow's slot too: a writer that reads the clock a little later then
 * meets it there. Tomorrow's slot still holds the keys of nine days ago, until
 * it is emptied in the course of today.
 */
#ifndef DEDUPE_H
#define DEDUPE_H

#include "db.h"

#include <stddef.h>
#include <stdint.h>

#define DEDUPE_SLOTS 10
#define DEDUPE_DAYS 8 /* a key is remembered at least */

struct dedupe_slots {
    unsigned write[2]; /* write_count slots, ascending */
    size_t write_count;
    unsigned earlier[DEDUPE_DAYS]; /* to be read as well, yesterday's first */
};

struct dedupe_slots dedupe_slots_at(int64_t now_us);

/* So many days old is what a slot holds; 0 for those that are written to. */
unsigned dedupe_age(const struct dedupe_slots *slots, unsigned slot);

/* Empties the slot of tomorrow, once a day; neither close to midnight. DB_OK
   also when it was not the time, or the table was busy. */
enum db_result dedupe_rotate(struct db *db, int64_t now_us)
    __attribute__((warn_unused_result));

#endif /* DEDUPE_H */
