/*
 * record_files.h - keeps the files of option json_cache_dir current: one JSON
 * array for each table of the mirror (record_file.h).
 *
 * A table whose records have changed since its file was written is written
 * anew, one table at a time, in pieces; changes that come meanwhile make it due
 * again. For the owner of shard 0; whoever becomes that writes all of them
 * once, for its directory may be another one.
 */
#ifndef RECORD_FILES_H
#define RECORD_FILES_H

#include "db.h"
#include "lease.h"
#include "settings.h"

#include <stdbool.h>
#include <stdint.h>

struct record_files;

/* All of them outlive it. */
struct record_files *record_files_new(const struct settings *settings,
                                      struct db *db, struct lease *lease);
void record_files_free(struct record_files *files);

/* Everything is to be written again; what is half written is given up. */
void record_files_restart(struct record_files *files);

/* Some table has changed. */
void record_files_wake(struct record_files *files);

/* When to be called (monotonic); INT64_MAX = nothing is to be written. */
int64_t record_files_due(const struct record_files *files);

/* Is every file as it should be, but for those that cannot be written? */
bool record_files_is_idle(const struct record_files *files);

/* One piece of one file. A file that cannot be written is logged once and tried
   again later; the others go on. */
enum db_result record_files_run(struct record_files *files)
    __attribute__((warn_unused_result));

#endif /* RECORD_FILES_H */
