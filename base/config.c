/*
 * config.c - options from files, the environment and defaults; see config.h.
 */
#include "config_impl.h"

#include "alloc.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static void
free_values(struct config_value *values, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (values[i].text != NULL)
            explicit_bzero(values[i].text, strlen(values[i].text));
        free(values[i].text);
        free(values[i].origin);
    }
    free(values);
}

/* A wrong default is a mistake in the table, not in the configuration. */
static void
assign_defaults(struct config *config)
{
    const struct config_source source = {CONFIG_BY_DEFAULT, false, "default",
                                         NULL};
    struct buf why = BUF_INIT(1024);
    size_t i;

    for (i = 0; i < config->count; i++) {
        bool good = config_assign(config, &config->table[i],
                                  config->table[i].fallback, &source, &why);

        assert(good);
        (void)good;
    }
    buf_free(&why);
}

struct config *
config_new(const struct config_option *table, size_t count)
{
    struct config *config = xcalloc(1, sizeof(*config));

    config->table = table;
    config->count = count;
    config->values = xcalloc(count, sizeof(config->values[0]));
    config->directory = xstrdup("");
    assign_defaults(config);
    return config;
}

void
config_free(struct config *config)
{
    if (config == NULL)
        return;
    free_values(config->values, config->count);
    free(config->path);
    free(config->directory);
    free(config);
}

/* What the option's row of values holds for a path written relatively. */
static char *
resolved_text(const struct config *config, const struct config_option *option,
              const char *text, enum config_rank rank)
{
    struct buf path = BUF_INIT(CONFIG_LINE_MAX * 2);

    /* Whoever types a path into a shell means the shell's directory. */
    if (option->type != CONFIG_PATH || *text == '\0' || *text == '/' ||
        rank > CONFIG_BY_DOTENV)
        return xstrdup(text);
    buf_addf(&path, "%s%s", config->directory, text);
    return buf_take(&path);
}

/* A secret must not stand in a file that every user of the host may open. */
static bool
check_mode(const struct config_option *option, const char *text,
           const struct config_source *source, struct buf *why)
{
    struct stat st;

    if (option->type != CONFIG_SECRET || *text == '\0' || source->indirect ||
        source->file == NULL)
        return true;
    if (stat(source->file, &st) != 0) {
        buf_addf(why, "%s: %s", source->file, strerror(errno));
        return false;
    }
    if ((st.st_mode & 007) == 0)
        return true;
    buf_addf(why,
             "%s: %s is a secret, but every user may open this file (mode "
             "%03o); run: chmod o= '%s'",
             source->origin, option->name, (unsigned)(st.st_mode & 0777),
             source->file);
    return false;
}

bool
config_assign(struct config *config, const struct config_option *option,
              const char *text, const struct config_source *source,
              struct buf *why)
{
    struct config_value *value = &config->values[option - config->table];
    struct config_value fresh = {NULL, NULL, source->rank, source->indirect,
                                 0,    0};

    if (!check_mode(option, text, source, why))
        return false;
    if (!config_parse(option, text, &fresh)) {
        buf_addf(why, "%s: ", source->origin);
        config_say_wrong(option, text, why);
        return false;
    }
    if (value->text != NULL && value->rank > source->rank)
        return true;

    fresh.text = resolved_text(config, option, text, source->rank);
    fresh.origin = xstrdup(source->origin);
    if (value->text != NULL)
        explicit_bzero(value->text, strlen(value->text));
    free(value->text);
    free(value->origin);
    *value = fresh;
    return true;
}

/* Values set by hand survive loading; everything else is read anew. */
static void
copy_by_hand(struct config *to, const struct config *from)
{
    size_t i;

    for (i = 0; i < from->count; i++) {
        if (from->values[i].rank != CONFIG_BY_HAND)
            continue;
        to->values[i] = from->values[i];
        to->values[i].text = xstrdup(from->values[i].text);
        to->values[i].origin = xstrdup(from->values[i].origin);
    }
}

static bool
read_sources(struct config *config, const char *path, char *const *environment,
             struct buf *why)
{
    if (path != NULL && (!config_read_file(config, path, CONFIG_BY_FILE, why) ||
                         !config_read_drop_ins(config, why) ||
                         !config_read_dotenv(config, why)))
        return false;
    return config_read_environment(config, environment, why);
}

bool
config_load(struct config *config, const char *path, char *const *environment,
            struct buf *why)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    struct config fresh = {.table = config->table, .count = config->count};
    bool good;

    fresh.values = xcalloc(config->count, sizeof(fresh.values[0]));
    fresh.directory = slash == NULL
                          ? xstrdup("")
                          : xstrndup(path, (size_t)(slash - path) + 1);
    fresh.path = path == NULL ? NULL : xstrdup(path);
    copy_by_hand(&fresh, config);
    assign_defaults(&fresh);
    good = read_sources(&fresh, path, environment, why);
    if (good) {
        struct config old = *config;

        *config = fresh;
        fresh = old;
    }
    free_values(fresh.values, fresh.count);
    free(fresh.path);
    free(fresh.directory);
    return good;
}

const struct config_option *
config_find(const struct config *config, const char *name)
{
    struct slice text = slice_of(name);
    size_t i;

    for (i = 0; i < config->count; i++) {
        const struct config_option *option = &config->table[i];

        if (slice_is_nocase(text, option->name) ||
            (option->alias != NULL && slice_is(text, option->alias)))
            return option;
    }
    return NULL;
}

bool
config_set(struct config *config, const char *name, const char *value,
           struct buf *why)
{
    const struct config_source source = {CONFIG_BY_HAND, false, "command line",
                                         NULL};
    const struct config_option *option = config_find(config, name);

    if (option == NULL) {
        buf_addf(why, "%s: ", source.origin);
        config_say_unknown(config, name, why);
        return false;
    }
    return config_assign(config, option, value, &source, why);
}

static const struct config_value *
value_of(const struct config *config, const char *name, enum config_type *type)
{
    size_t i;

    for (i = 0; i < config->count; i++) {
        if (strcmp(config->table[i].name, name) == 0) {
            *type = config->table[i].type;
            return &config->values[i];
        }
    }
    assert(!"no such option");
    abort();
}

const char *
config_string(const struct config *config, const char *name)
{
    enum config_type type;

    return value_of(config, name, &type)->text;
}

int64_t
config_int(const struct config *config, const char *name)
{
    enum config_type type;
    const struct config_value *value = value_of(config, name, &type);

    assert(type == CONFIG_INT || type == CONFIG_BYTES);
    return value->number;
}

bool
config_bool(const struct config *config, const char *name)
{
    enum config_type type;
    const struct config_value *value = value_of(config, name, &type);

    assert(type == CONFIG_BOOL);
    return value->number != 0;
}

double
config_real(const struct config *config, const char *name)
{
    enum config_type type;
    const struct config_value *value = value_of(config, name, &type);

    assert(type == CONFIG_REAL);
    return value->real;
}

int
config_enum(const struct config *config, const char *name)
{
    enum config_type type;
    const struct config_value *value = value_of(config, name, &type);

    assert(type == CONFIG_ENUM);
    return (int)value->number;
}

const char *
config_file(const struct config *config)
{
    return config->path;
}

const char *
config_origin(const struct config *config, const char *name)
{
    enum config_type type;

    return value_of(config, name, &type)->origin;
}
