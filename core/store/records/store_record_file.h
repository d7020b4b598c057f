/*
 * store_record_file.h - which tables of the mirror have files that do not show
 * what they hold (table record_tables).
 */
#ifndef STORE_RECORD_FILE_H
#define STORE_RECORD_FILE_H

#include "db.h"
#include "slice.h"

#include <stddef.h>
#include <stdint.h>

struct record_file_due {
    uint32_t source_id;
    char *source; /* name */
    char *table;
    uint64_t changes;   /* what the file will have, if it is begun now */
    int64_t written_us; /* when it was written last; 0 = never */
};

/* One that is left out. */
struct record_file_skip {
    uint32_t source_id;
    const char *table;
};

/* The one that was written longest ago, of those that have changed since, or
   were not written after since_us. skip: not these. DB_NONE: there is none. */
enum db_result store_record_file_next(struct db *db, int64_t since_us,
                                      const struct record_file_skip *skip,
                                      size_t skip_count,
                                      struct record_file_due *due)
    __attribute__((warn_unused_result));
void record_file_due_free(struct record_file_due *due);

enum db_result store_record_file_done(struct db *db,
                                      const struct record_file_due *due)
    __attribute__((warn_unused_result));

#endif /* STORE_RECORD_FILE_H */
