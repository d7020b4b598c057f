/*
 * main.c - postern.fcgi, the responder: every HTTP endpoint of Postern.
 */
#include "catalog.h"
#include "contact.h"
#include "log.h"
#include "random.h"
#include "receiving.h"
#include "routes.h"
#include "server.h"
#include "settings.h"
#include "settings_check.h"
#include "shutdown.h"
#include "transport.h"
#include "version.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOGGER "postern.http"
#define OVERRIDES_MAX 64
#define WHY_MAX_BYTES 4096
#define GRACE_MS 30000
#define GRACE_FCGID_MS 2000 /* mod_fcgid kills 3 s after SIGTERM */
#define WAITING_MS 30000    /* half of what nginx waits for an answer */

/* sysexits(3) numbers. */
enum {
    END_OK = 0,
    END_USAGE = 64,
    END_UNAVAILABLE = 69,
    END_OSERR = 71,
    END_CONFIG = 78
};

struct arguments {
    const char *listen;
    const char *config_path;
    char *overrides[OVERRIDES_MAX];
    size_t override_count;
    bool test;
};

static void
print_help(FILE *out)
{
    fputs(
        "postern.fcgi - the responder of Postern: every HTTP endpoint\n"
        "\n"
        "Started by a web server (FastCGI socket on file descriptor 0, or as\n"
        "CGI), by systemd (LISTEN_FDS), or by hand:\n"
        "\n"
        "  postern.fcgi --listen unix:PATH [--threads N]\n"
        "  postern.fcgi --listen HOST:PORT [--threads N]\n"
        "\n"
        "  --listen WHERE       listen on a unix socket (mode 0660) or a port\n"
        "                       (0: any that is free; the log names it)\n"
        "  --threads N          requests that may wait for the database at "
        "once\n"
        "  -c, --config FILE    configuration file (else $POSTERN_CONF)\n"
        "  --set NAME=VALUE     set one option, as in the file; wins\n"
        "  -t, --test           check the configuration and stop\n"
        "  --help               this text\n"
        "  --version            the version\n"
        "\n"
        "`postern config show` lists all options with their values.\n"
        "\n"
        "Exit: 0 done, 64 usage, 69 the database does not let the account in,\n"
        "71 system (the address is in use, for instance), 78 configuration,\n"
        "key or schema.\n",
        out);
}

/* -1: go on; else the exit code. */
static int
read_arguments(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {
        {"listen", required_argument, NULL, 'l'},
        {"threads", required_argument, NULL, 'n'},
        {"config", required_argument, NULL, 'c'},
        {"set", required_argument, NULL, 's'},
        {"test", no_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    static char threads[64];
    int option;

    while ((option = getopt_long(argc, argv, "c:t", options, NULL)) != -1) {
        if (arguments->override_count == OVERRIDES_MAX) {
            fprintf(stderr, "postern.fcgi: too many options\n");
            return END_USAGE;
        }
        switch (option) {
        case 'l':
            arguments->listen = optarg;
            break;
        case 'n':
            snprintf(threads, sizeof(threads), "threads=%s", optarg);
            arguments->overrides[arguments->override_count++] = threads;
            break;
        case 'c':
            arguments->config_path = optarg;
            break;
        case 's':
            arguments->overrides[arguments->override_count++] = optarg;
            break;
        case 't':
            arguments->test = true;
            break;
        case 'h':
            print_help(stdout);
            return END_OK;
        case 'v':
            puts("postern.fcgi " POSTERN_VERSION);
            return END_OK;
        default:
            fprintf(stderr, "Try postern.fcgi --help\n");
            return END_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "postern.fcgi: unexpected argument %s\n", argv[optind]);
        return END_USAGE;
    }
    return -1;
}

static int
complain(int end, const char *what, const struct buf *why)
{
    fprintf(stderr, "postern.fcgi: %s%s\n", what,
            why->data == NULL ? "" : why->data);
    return end;
}

static size_t
max_body(const struct settings *settings)
{
    return (size_t)(settings->max_batch_body > settings->max_body
                        ? settings->max_batch_body
                        : settings->max_body);
}

/* What needs no database. False: *why says what is wrong, and nothing has
   been opened. */
static bool
open_app(struct app *app, const struct settings *settings, bool is_cgi,
         struct buf *why)
{
    if (!target_nets_parse(settings->allow_targets, &app->allow_targets, why) ||
        !target_nets_parse(settings->trusted_proxies, &app->trusted_proxies,
                           why))
        return false;
    app->sealer = seal_open_key(settings->key_file, why);
    if (app->sealer == NULL)
        return false;
    app->settings = settings;
    app->route_tables = route_tables;
    app->route_table_count = route_table_count;
    /* A random number until one is leased; plain CGI keeps it. */
    id_source_init(&app->ids, random_u32() % ID_NODES);
    app->doorbell = doorbell_new(settings->run_dir);
    app->pool = db_pool_new(settings, (unsigned)settings->db_connections);
    app->catalog = catalog_new(app->sealer);
    catalog_use_settings(app->catalog, settings);
    app->committer =
        commit_new(settings, app->catalog, &app->ids, app->doorbell);
    app->contact = contact_new(!is_cgi);
    app->receiving = receiving_new();
    return true;
}

static void
close_app(struct app *app)
{
    contact_release(app); /* of one that could not begin to serve */
    commit_free(app->committer);
    receiving_free(app->receiving);
    catalog_free(app->catalog);
    db_pool_free(app->pool);
    doorbell_free(app->doorbell);
    contact_free(app->contact);
    seal_close(app->sealer);
}

/* Meets the database, serves until the end. */
static int
serve(struct app *app, struct transport *transport, struct buf *why)
{
    const struct server_limits limits = {
        .grace_ms = transport_is_shared(transport) ? GRACE_MS : GRACE_FCGID_MS,
        .waiting_ms = WAITING_MS,
    };
    struct server_end end;

    switch (contact_make(app, why)) {
    case CONTACT_READY:
        break;
    case CONTACT_AWAY:
        log_error(LOGGER, NULL,
                  "The database is away, requests get 503 until it is there: "
                  "%s",
                  why->data);
        break;
    case CONTACT_DENIED:
        return complain(END_UNAVAILABLE, "", why);
    case CONTACT_REFUSED:
        return complain(END_CONFIG, "", why);
    }
    if (!transport_begin(transport)) {
        buf_add_text(why, strerror(errno));
        return complain(END_OSERR, "cannot listen: ", why);
    }
    if (!transport_is_cgi(transport))
        log_info(LOGGER,
                 LOG_FIELDS(LOG_INT("threads", transport_is_shared(transport)
                                                   ? app->settings->threads
                                                   : 1),
                            LOG_INT("pollers", transport_threads(transport))),
                 "postern.fcgi " POSTERN_VERSION " takes requests from %s",
                 transport_name(transport));
    end = server_run(app, transport, &limits);
    if (end.running) /* its threads still use everything */
        _exit(end.failed ? END_OSERR : END_OK);
    return end.failed ? END_OSERR : END_OK;
}

static int
run(const struct arguments *arguments, const struct settings *settings,
    struct buf *why)
{
    const struct transport_options options = {
        .listen = arguments->listen,
        .max_body = max_body(settings),
        .body_memory = (size_t)settings->body_memory,
        .base_path = settings->base_path,
    };
    struct app app = {.settings = NULL};
    enum transport_fault fault;
    struct transport *transport = transport_open(&options, &fault, why);
    int end;

    if (transport == NULL)
        return complain(fault == TRANSPORT_WRONG ? END_USAGE : END_OSERR, "",
                        why);
    if (open_app(&app, settings, transport_is_cgi(transport), why)) {
        end = serve(&app, transport, why);
        close_app(&app);
    } else {
        end = complain(END_CONFIG, "", why);
    }
    transport_close(transport);
    return end;
}

static int
check(const struct settings *settings, struct buf *why)
{
    if (!settings_check(settings, why))
        return complain(END_CONFIG, "", why);
    puts(why->data);
    return END_OK;
}

static int
check_or_run(const struct arguments *arguments, const struct settings *settings,
             struct buf *why)
{
    const char *log_file =
        settings->log_file[0] == '\0' ? NULL : settings->log_file;

    if (arguments->test)
        return check(settings, why);
    if (!log_open(settings->log_format, settings->log_level, log_file)) {
        buf_add_text(why, settings->log_file);
        return complain(END_CONFIG, "cannot write to the log file ", why);
    }
    return run(arguments, settings, why);
}

int
main(int argc, char **argv)
{
    struct arguments arguments = {.listen = NULL};
    struct buf why = BUF_INIT(WHY_MAX_BYTES);
    static struct settings settings;
    bool loaded;
    int end;

    shutdown_install(); /* first: from here on SIGTERM is a request */
    end = read_arguments(argc, argv, &arguments);
    if (end >= 0)
        return end;
    loaded =
        settings_load_with(&settings, arguments.config_path, environ,
                           arguments.overrides, arguments.override_count, &why);
    if (shutdown_requested() != SHUTDOWN_NO)
        end = END_OK; /* a signal may have cut the reading short, too */
    else if (!loaded)
        end = complain(END_CONFIG, "", &why);
    else
        end = check_or_run(&arguments, &settings, &why);
    if (loaded)
        settings_free(&settings);
    buf_free(&why);
    return end;
}
