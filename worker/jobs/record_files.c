/*
 * record_files.c - see record_files.h.
 */
#include "record_files.h"

#include "alloc.h"
#include "clock.h"
#include "log.h"
#include "record_file.h"
#include "record_file_faults.h"
#include "store_record_file.h"
#include "store_record_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOGGER "postern.worker"
#define PIECE 500                       /* records read at once */
#define REST_US CLOCK_US_PER_S          /* between two files of one table */
#define FAILED_US (60 * CLOCK_US_PER_S) /* where too many files fail */

struct record_files {
    const struct settings *settings;
    struct db *db;
    struct lease *lease;
    int64_t since_us; /* database clock: files from before are not ours */
    int64_t next_us;  /* monotonic */
    bool pending;     /* there may be something to write */
    bool writing;     /* the rest tells about the file under way */
    struct record_file_due due;
    struct record_file *file;
    char *after; /* how far it has come; NULL = at the start */
    struct record_file_faults *faults;
};

struct record_files *
record_files_new(const struct settings *settings, struct db *db,
                 struct lease *lease)
{
    struct record_files *files = xcalloc(1, sizeof(*files));

    files->settings = settings;
    files->db = db;
    files->lease = lease;
    files->faults = record_file_faults_new();
    return files;
}

static void
give_up(struct record_files *files)
{
    record_file_drop(files->file);
    files->file = NULL;
    record_file_due_free(&files->due);
    free(files->after);
    files->after = NULL;
    files->writing = false;
}

void
record_files_free(struct record_files *files)
{
    if (files == NULL)
        return;
    give_up(files);
    record_file_faults_free(files->faults);
    free(files);
}

void
record_files_wake(struct record_files *files)
{
    files->pending = files->settings->json_cache_dir[0] != '\0';
}

void
record_files_restart(struct record_files *files)
{
    give_up(files);
    record_file_faults_clear(files->faults);
    files->since_us = db_now_us(files->db);
    files->next_us = 0;
    record_files_wake(files);
}

int64_t
record_files_due(const struct record_files *files)
{
    if (files->settings->json_cache_dir[0] == '\0')
        return INT64_MAX;
    return files->pending ? files->next_us
                          : record_file_faults_due(files->faults);
}

bool
record_files_is_idle(const struct record_files *files)
{
    return !files->pending;
}

/* errno says why. */
static void
fail(struct record_files *files)
{
    int64_t now_us = clock_mono_us();
    const char *error = strerror(errno);
    enum record_file_fault fault =
        record_file_faults_add(files->faults, &files->due, now_us);

    if (fault != FAULT_AGAIN)
        log_warning(
            LOGGER,
            LOG_FIELDS(LOG_TEXT("directory", files->settings->json_cache_dir),
                       LOG_TEXT("source", files->due.source),
                       LOG_TEXT("table", files->due.table),
                       LOG_TEXT("error", error)),
            "A file of the mirror cannot be written; trying again");
    if (fault == FAULT_TOO_MANY)
        files->next_us = now_us + FAILED_US;
    give_up(files);
}

static void
tell_success(const struct record_files *files)
{
    log_info(LOGGER,
             LOG_FIELDS(LOG_TEXT("source", files->due.source),
                        LOG_TEXT("table", files->due.table)),
             "A file of the mirror can be written again");
}

static enum db_result
begin(struct record_files *files)
{
    struct record_file_skip skip[RECORD_FILE_FAULTS_MAX];
    size_t skip_count =
        record_file_faults_resting(files->faults, clock_mono_us(), skip);
    enum db_result result = store_record_file_next(
        files->db, files->since_us, skip, skip_count, &files->due);
    int64_t rest_us;

    if (result == DB_NONE) {
        files->pending = false;
        return DB_OK;
    }
    if (result != DB_OK)
        return result;
    files->writing = true;
    rest_us = files->due.written_us + REST_US - db_now_us(files->db);
    if (rest_us > 0) {
        give_up(files);
        files->next_us =
            clock_mono_us() + (rest_us < REST_US ? rest_us : REST_US);
        return DB_OK;
    }
    files->file = record_file_open(files->settings->json_cache_dir,
                                   slice_of(files->due.source),
                                   slice_of(files->due.table));
    if (files->file == NULL)
        fail(files);
    return DB_OK;
}

/* Fenced: an owner of before must not say that the present one's file is
   complete. */
static enum db_result
note_done(struct record_files *files)
{
    const bool chosen[LANE_SHARDS] = {[0] = true};
    enum db_result result = db_begin(files->db);

    if (result == DB_OK)
        result = lease_fence(files->lease, files->db, chosen);
    if (result == DB_OK)
        result = store_record_file_done(files->db, &files->due);
    if (result == DB_OK)
        return db_commit(files->db);
    db_rollback(files->db);
    return result;
}

static enum db_result
finish(struct record_files *files)
{
    bool finished = record_file_finish(files->file);
    enum db_result result;

    files->file = NULL;
    if (!finished) {
        fail(files);
        return DB_OK;
    }
    result = note_done(files);
    if (result == DB_OK && record_file_faults_drop(files->faults, &files->due))
        tell_success(files);
    give_up(files);
    return result;
}

static bool
add_page(struct record_files *files, const struct record_page *page)
{
    size_t i;

    for (i = 0; i < page->list.count; i++) {
        if (page->list.rows[i].data.ptr != NULL &&
            !record_file_add(files->file, page->list.rows[i].data))
            return false;
    }
    return true;
}

static enum db_result
go_on(struct record_files *files)
{
    const struct record_filter filter = {
        .source = slice_of(files->due.source),
        .table = slice_of(files->due.table),
        .after = slice_of(files->after),
        .limit = PIECE,
    };
    struct record_page page;
    enum db_result result = store_record_list(files->db, &filter, &page);

    if (result == DB_NONE) { /* the source has been deleted */
        give_up(files);
        return DB_OK;
    }
    if (result != DB_OK)
        return result;
    if (!add_page(files, &page)) {
        fail(files);
    } else if (page.next == NULL) {
        result = finish(files);
    } else {
        free(files->after);
        files->after = page.next;
        page.next = NULL;
    }
    record_page_free(&page);
    return result;
}

enum db_result
record_files_run(struct record_files *files)
{
    files->next_us = 0;
    return files->writing ? go_on(files) : begin(files);
}
