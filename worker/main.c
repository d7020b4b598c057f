/*
 * main.c - posternd, the worker: delivers and processes what waits in the
 * database.
 */
#include "log.h"
#include "options.h"
#include "settings.h"
#include "settings_check.h"
#include "shutdown.h"
#include "version.h"
#include "worker.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static int
complain(const struct buf *why, int code)
{
    (void)fprintf(stderr, "posternd: %s\n", buf_slice(why).ptr);
    return code;
}

static int
run(const struct options *options, const struct settings *settings)
{
    const struct worker_limits limits = {
        .once = options->once,
        .max_time_s = options->max_time_s,
    };
    const char *file =
        settings->log_file[0] == '\0' ? NULL : settings->log_file;

    if (!log_open(settings->log_format, settings->log_level, file)) {
        (void)fprintf(stderr, "posternd: cannot open the log file ");
        perror(file);
        return EX_CONFIG;
    }
    return worker_run(settings, &limits);
}

static int
check(const struct settings *settings, struct buf *why)
{
    if (!settings_check(settings, why))
        return complain(why, EX_CONFIG);
    (void)puts(buf_slice(why).ptr);
    return EX_OK;
}

static int
load_and_run(const struct options *options, struct buf *why)
{
    struct settings settings;
    bool loaded = settings_load_with(&settings, options->config, environ,
                                     options->sets, options->set_count, why);
    int code = EX_OK;

    if (shutdown_requested() != SHUTDOWN_NO)
        code = EX_OK; /* a signal may have cut the reading short, too */
    else if (!loaded)
        code = complain(why, EX_CONFIG);
    else if (options->check)
        code = check(&settings, why);
    else
        code = run(options, &settings);
    if (loaded)
        settings_free(&settings);
    return code;
}

int
main(int argc, char **argv)
{
    struct buf why = BUF_INIT(4096);
    struct options options;
    int code = EX_OK;

    shutdown_install(); /* first: from here on SIGTERM is a request */
    if (!options_parse(argc, argv, &options, &why)) {
        code = complain(&why, EX_USAGE);
    } else if (options.help) {
        (void)fputs(options_help, stdout);
    } else if (options.version) {
        (void)puts("posternd " POSTERN_VERSION);
    } else {
        code = load_and_run(&options, &why);
    }
    buf_free(&why);
    return code;
}
