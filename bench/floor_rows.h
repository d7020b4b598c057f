/*
 * floor_rows.h - event and job rows for the database floors, in tables of their
 * own that are made like those of Postern.
 */
#ifndef FLOOR_ROWS_H
#define FLOOR_ROWS_H

#include "db.h"
#include "settings.h"

#include <stdint.h>

#define FLOOR_BATCH_MAX 1000

/* Ends the program with a message if the result is not DB_OK. */
void floor_rows_expect(struct db *db, enum db_result result, const char *what);

/* The settings in that file; ends the program if they are wrong. */
void floor_rows_settings(struct settings *settings, const char *path);

/* Empty tables floor_events, floor_jobs, floor_deliveries. */
void floor_rows_make(struct db *db);
void floor_rows_drop(struct db *db);

/* One durable transaction in one packet: `batch` events of `bytes` payload and
   a job for each, with ids from `first` on. */
void floor_rows_insert(struct db *db, uint64_t first, uint64_t batch,
                       uint64_t bytes);

#endif /* FLOOR_ROWS_H */
