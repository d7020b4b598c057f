/*
 * record_file_faults.c - see record_file_faults.h.
 */
#include "record_file_faults.h"

#include "alloc.h"
#include "clock.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_US (60 * CLOCK_US_PER_S)
#define MOST_US (3600 * CLOCK_US_PER_S)

struct fault {
    uint32_t source_id;
    char *table;
    int64_t rest_us;
    int64_t again_us; /* monotonic */
};

struct record_file_faults {
    struct fault list[RECORD_FILE_FAULTS_MAX];
    size_t count;
};

struct record_file_faults *
record_file_faults_new(void)
{
    return xcalloc(1, sizeof(struct record_file_faults));
}

void
record_file_faults_clear(struct record_file_faults *faults)
{
    while (faults->count > 0)
        free(faults->list[--faults->count].table);
}

void
record_file_faults_free(struct record_file_faults *faults)
{
    if (faults == NULL)
        return;
    record_file_faults_clear(faults);
    free(faults);
}

static struct fault *
find(struct record_file_faults *faults, const struct record_file_due *due)
{
    size_t i;

    for (i = 0; i < faults->count; i++) {
        if (faults->list[i].source_id == due->source_id &&
            strcmp(faults->list[i].table, due->table) == 0)
            return &faults->list[i];
    }
    return NULL;
}

enum record_file_fault
record_file_faults_add(struct record_file_faults *faults,
                       const struct record_file_due *due, int64_t now_us)
{
    struct fault *fault = find(faults, due);

    if (fault != NULL) {
        fault->rest_us =
            fault->rest_us * 2 < MOST_US ? fault->rest_us * 2 : MOST_US;
        fault->again_us = now_us + fault->rest_us;
        return FAULT_AGAIN;
    }
    if (faults->count == RECORD_FILE_FAULTS_MAX)
        return FAULT_TOO_MANY;
    faults->list[faults->count++] = (struct fault){
        .source_id = due->source_id,
        .table = xstrdup(due->table),
        .rest_us = FIRST_US,
        .again_us = now_us + FIRST_US,
    };
    return FAULT_NEW;
}

bool
record_file_faults_drop(struct record_file_faults *faults,
                        const struct record_file_due *due)
{
    struct fault *fault = find(faults, due);

    if (fault == NULL)
        return false;
    free(fault->table);
    *fault = faults->list[--faults->count];
    return true;
}

size_t
record_file_faults_resting(const struct record_file_faults *faults,
                           int64_t now_us, struct record_file_skip *skip)
{
    size_t i, n = 0;

    for (i = 0; i < faults->count; i++) {
        if (faults->list[i].again_us > now_us)
            skip[n++] = (struct record_file_skip){faults->list[i].source_id,
                                                  faults->list[i].table};
    }
    return n;
}

int64_t
record_file_faults_due(const struct record_file_faults *faults)
{
    int64_t first_us = INT64_MAX;
    size_t i;

    for (i = 0; i < faults->count; i++) {
        if (faults->list[i].again_us < first_us)
            first_us = faults->list[i].again_us;
    }
    return first_us;
}
