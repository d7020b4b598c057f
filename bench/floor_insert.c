/*
 * floor_insert.c - how many pairs of event and job MariaDB takes durably, by
 * connections and rows in a transaction. Prints one line of JSON.
 */
#include "alloc.h"
#include "clock.h"
#include "flags.h"
#include "floor_rows.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define CONNECTIONS_MAX 64

static struct {
    struct settings settings;
    uint64_t batch, bytes;
    int64_t end_us;
    atomic_uint_fast64_t next;
    atomic_uint_fast64_t rows;
} shared;

static void *
insert(void *unused)
{
    struct db *db = db_new(&shared.settings);

    (void)unused;
    floor_rows_expect(db, db_connect(db), "connect");
    while (clock_mono_us() < shared.end_us) {
        uint64_t first = atomic_fetch_add(&shared.next, shared.batch);

        floor_rows_insert(db, first, shared.batch, shared.bytes);
        atomic_fetch_add(&shared.rows, shared.batch);
    }
    db_free(db);
    return NULL;
}

int
main(int argc, char **argv)
{
    const char *config = NULL;
    uint64_t connections = 1, seconds = 3, i;
    const struct flag flags[] = {
        {"config", "postern.conf of a running stack", NULL, &config, 0},
        {"connections", "at the same time (1)", &connections, NULL,
         CONNECTIONS_MAX},
        {"batch", "pairs in a transaction (100)", &shared.batch, NULL,
         FLOOR_BATCH_MAX},
        {"bytes", "of a payload (600)", &shared.bytes, NULL, 10000},
        {"seconds", "how long (3)", &seconds, NULL, 600},
        {NULL, NULL, NULL, NULL, 0},
    };
    pthread_t threads[CONNECTIONS_MAX];
    struct db *db;
    int64_t start_us;
    double took;

    shared.batch = 100;
    shared.bytes = 600;
    flags_read(flags, argc, argv);
    floor_rows_settings(&shared.settings, config);
    db = db_new(&shared.settings);
    floor_rows_expect(db, db_connect(db), "connect");
    floor_rows_make(db);
    atomic_init(&shared.next, 1);
    start_us = clock_mono_us();
    shared.end_us = start_us + (int64_t)seconds * CLOCK_US_PER_S;
    for (i = 0; i < connections; i++)
        if (pthread_create(&threads[i], NULL, insert, NULL) != 0)
            return EXIT_FAILURE;
    for (i = 0; i < connections; i++)
        pthread_join(threads[i], NULL);
    took = (double)(clock_mono_us() - start_us) / 1e6;
    printf("{\"rows\":%llu,\"seconds\":%.4f,\"per_second\":%.1f}\n",
           (unsigned long long)shared.rows, took, (double)shared.rows / took);
    floor_rows_drop(db);
    db_free(db);
    settings_free(&shared.settings);
    return EXIT_SUCCESS;
}
