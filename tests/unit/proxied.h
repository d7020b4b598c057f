/*
 * proxied.h - a program of tests with the test database, and with settings that
 * lead to it through the proxy that can fail (dbproxy.h).
 */
#ifndef PROXIED_H
#define PROXIED_H

#include "dbproxy.h"
#include "log.h"
#include "testdb.h"
#include "unit.h"

static struct settings proxied;

/* The exit code. What is logged on the way is not the matter. */
static inline int
proxied_run(const char *name, CU_TestInfo *tests)
{
    char option[96];
    char *extra[] = {option};
    int rc = EXIT_FAILURE;

    if (!testdb_start() || !log_open(LOG_FORMAT_TEXT, LOG_ERROR, "/dev/null"))
        return EXIT_FAILURE;
    if (testdb_migrate() && dbproxy_open(testdb_settings.db_socket)) {
        snprintf(option, sizeof(option), "db_socket=%s", dbproxy.path);
        if (testdb_load(&proxied, extra, 1)) {
            rc = unit_run(name, tests);
            settings_free(&proxied);
        }
        dbproxy_end();
    }
    testdb_stop();
    return rc;
}

#endif /* PROXIED_H */
