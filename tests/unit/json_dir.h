/*
 * json_dir.h - a program of tests with the test database, and with settings
 * whose json_cache_dir is a directory of its own.
 */
#ifndef JSON_DIR_H
#define JSON_DIR_H

#include "log.h"
#include "testdb.h"
#include "unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char json_dir[] = "/tmp/postern_json_XXXXXX";
static struct settings json_settings;

static inline int
json_dir_remove_one(const char *path, const struct stat *about, int flag,
                    struct FTW *where)
{
    (void)about;
    (void)flag;
    (void)where;
    return remove(path);
}

/* The exit code. What is logged on the way is not the matter. */
static inline int
json_dir_run(const char *name, CU_TestInfo *tests)
{
    char option[96];
    char *extra[] = {option};
    int code = EXIT_FAILURE;

    if (!testdb_start() || !log_open(LOG_FORMAT_TEXT, LOG_ERROR, "/dev/null"))
        return EXIT_FAILURE;
    if (mkdtemp(json_dir) != NULL) {
        snprintf(option, sizeof(option), "json_cache_dir=%s", json_dir);
        if (testdb_migrate() && testdb_load(&json_settings, extra, 1)) {
            code = unit_run(name, tests);
            settings_free(&json_settings);
        }
        if (nftw(json_dir, json_dir_remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
            code = EXIT_FAILURE;
    }
    testdb_stop();
    return code;
}

#endif /* JSON_DIR_H */
