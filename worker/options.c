/*
 * options.c - see options.h.
 */
#include "options.h"

#include "nearest.h"
#include "number.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define MAX_TIME_S 86400
#define LISTED " posternd --help lists them"

const char options_help[] =
    "Usage: posternd [options]\n"
    "Delivers and processes the webhooks that wait in Postern's database.\n"
    "\n"
    "  -c, --config FILE    configuration file (else $POSTERN_CONF, else the\n"
    "                       usual places)\n"
    "      --set NAME=VALUE an option, stronger than the file; may be "
    "repeated\n"
    "  -t, --test           check the configuration and stop\n"
    "      --once           stop as soon as nothing is due\n"
    "      --max-time N     stop after N seconds at most; with --once, wait\n"
    "                       for what becomes due within that time\n"
    "      --help           this text\n"
    "      --version        the version\n"
    "\n"
    "From cron:  * * * * * posternd --once --max-time 55\n"
    "\n"
    "Signals: TERM or INT finish the deliveries in flight and stop, a second\n"
    "one stops now; HUP opens the log file again.\n"
    "\n"
    "Exit: 0 done, 64 usage, 69 no database (with --once or --max-time only),\n"
    "71 system, 75 all work belongs to other workers (--once), 78 "
    "configuration,\n"
    "key or schema.\n";

enum option_code {
    OPTION_SET = 256,
    OPTION_ONCE,
    OPTION_MAX_TIME,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"set", required_argument, NULL, OPTION_SET},
    {"test", no_argument, NULL, 't'},
    {"once", no_argument, NULL, OPTION_ONCE},
    {"max-time", required_argument, NULL, OPTION_MAX_TIME},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static bool
take_set(struct options *options, char *text, struct buf *why)
{
    if (options->set_count == OPTIONS_SETS_MAX) {
        buf_addf(why, "more than %d times --set", OPTIONS_SETS_MAX);
        return false;
    }
    options->sets[options->set_count++] = text;
    return true;
}

static bool
take_max_time(struct options *options, const char *text, struct buf *why)
{
    int64_t seconds;

    if (!number_i64(slice_of(text), 1, MAX_TIME_S, &seconds)) {
        buf_addf(why, "--max-time wants seconds, 1 to %d", MAX_TIME_S);
        return false;
    }
    options->max_time_s = (int)seconds;
    return true;
}

/* The long name of an option of that code; NULL: it has none. */
static const char *
name_of(int code)
{
    const struct option *option;

    for (option = long_options; option->name != NULL; option++)
        if (option->val == code)
            return option->name;
    return NULL;
}

/* What getopt_long() has just refused: `word`, which is the whole argument, or
   one letter of it (optopt). */
static void
refuse(int code, const char *word, struct buf *why)
{
    const struct option *option;
    const char *name = name_of(optopt);
    char text[NEAREST_MAX + 2]; /* longer ones are like nothing */
    struct nearest nearest;

    if (name != NULL) {
        buf_addf(why, "--%s %s", name,
                 code == ':' ? "needs a value" : "takes no value");
        return;
    }
    if (optopt != 0) {
        buf_addf(why, "option '-%c' is not known;" LISTED, optopt);
        return;
    }
    word += strspn(word, "-");
    (void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(word, "="), word);
    nearest_begin(&nearest, text);
    for (option = long_options; option->name != NULL; option++)
        nearest_offer(&nearest, option->name);
    buf_addf(why, "option '--%s' is not known;", text);
    if (nearest.found != NULL)
        buf_addf(why, " did you mean --%s?", nearest.found);
    buf_add_text(why, LISTED);
}

static bool
take(struct options *options, int code, char *value, struct buf *why)
{
    switch (code) {
    case 'c':
        options->config = value;
        return true;
    case 't':
        return options->check = true;
    case OPTION_SET:
        return take_set(options, value, why);
    case OPTION_ONCE:
        return options->once = true;
    case OPTION_MAX_TIME:
        return take_max_time(options, value, why);
    case OPTION_HELP:
        return options->help = true;
    case OPTION_VERSION:
        return options->version = true;
    default:
        return false;
    }
}

bool
options_parse(int argc, char **argv, struct options *options, struct buf *why)
{
    struct options parsed = {.config = NULL};
    int code;

    opterr = 0;
    optind = 0; /* nothing is left of a line that was read before */
    while ((code = getopt_long(argc, argv, ":c:t", long_options, NULL)) != -1) {
        if (code == '?' || code == ':') {
            refuse(code, argv[optind - 1], why);
            return false;
        }
        if (!take(&parsed, code, optarg, why))
            return false;
    }
    if (optind < argc) {
        buf_addf(why, "unexpected argument \"%s\"; see posternd --help",
                 argv[optind]);
        return false;
    }
    *options = parsed;
    return true;
}
