/*
 * config_env.c - options from the environment, .env and credential files.
 */
#include "config_impl.h"

#include "alloc.h"
#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PREFIX "POSTERN_"
#define INDIRECT "_FILE"
#define ORIGIN_MAX 4200
#define VALUE_MAX 65536 /* bytes of a file that holds one value */

/* The value in a file: without the line end that editors put behind it. */
static char *
read_value(const char *path, const char *origin, struct buf *why)
{
    struct buf content = BUF_INIT(VALUE_MAX);

    if (!file_read(path, &content)) {
        buf_addf(why, "%s: %s cannot be read: %s", origin, path,
                 strerror(errno));
        buf_wipe(&content);
        return NULL;
    }
    while (content.len > 0 && (content.data[content.len - 1] == '\n' ||
                               content.data[content.len - 1] == '\r'))
        content.data[--content.len] = '\0';
    if (content.len > 0 && memchr(content.data, '\0', content.len) != NULL) {
        buf_addf(why, "%s: %s holds a NUL byte; it must be plain text", origin,
                 path);
        buf_wipe(&content);
        return NULL;
    }
    return buf_take(&content);
}

static bool
assign_from_file(struct config *config, const struct config_option *option,
                 const char *path, const struct config_source *source,
                 struct buf *why)
{
    char *text = read_value(path, source->origin, why);
    bool good =
        text != NULL && config_assign(config, option, text, source, why);

    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
    return good;
}

/* The option that POSTERN_`name` sets, itself or through a file. */
static const struct config_option *
find_proper(const struct config *config, const char *name, bool *indirect)
{
    struct slice whole = slice_of(name), stem = whole;
    size_t i;

    if (whole.len > strlen(INDIRECT) &&
        strcmp(name + whole.len - strlen(INDIRECT), INDIRECT) == 0)
        stem.len -= strlen(INDIRECT);
    *indirect = false;
    for (i = 0; i < config->count; i++) {
        if (slice_is_nocase(whole, config->table[i].name))
            return &config->table[i];
    }
    *indirect = true;
    for (i = 0; stem.len < whole.len && i < config->count; i++) {
        const struct config_option *option = &config->table[i];

        if ((option->type == CONFIG_STRING || option->type == CONFIG_SECRET) &&
            slice_is_nocase(stem, option->name))
            return option;
    }
    return NULL;
}

static bool
take_proper(struct config *config, const char *name, const char *text,
            const struct config_source *given, struct buf *why)
{
    struct config_source source = *given;
    const struct config_option *option =
        find_proper(config, name + strlen(PREFIX), &source.indirect);
    const struct config_value *now;

    if (option == NULL)
        return true;
    now = &config->values[option - config->table];
    if (now->rank == source.rank && now->indirect != source.indirect) {
        buf_addf(why, "%s: %s is also set by %s; unset one of them",
                 source.origin, option->name, now->origin);
        return false;
    }
    if (source.indirect)
        return assign_from_file(config, option, text, &source, why);
    return config_assign(config, option, text, &source, why);
}

bool
config_take_variable(struct config *config, const char *name, const char *text,
                     const struct config_source *alias,
                     const struct config_source *proper, struct buf *why)
{
    size_t i;

    if (strncmp(name, PREFIX, strlen(PREFIX)) == 0)
        return take_proper(config, name, text, proper, why);
    for (i = 0; i < config->count; i++) {
        const struct config_option *option = &config->table[i];

        /* Templates like NAME= leave a foreign name empty to mean "not
           set". */
        if (option->alias != NULL && strcmp(option->alias, name) == 0 &&
            *text != '\0')
            return config_assign(config, option, text, alias, why);
    }
    return true;
}

/* systemd's LoadCredential= puts secrets there, named like the option. */
static bool
read_credentials(struct config *config, const char *directory, struct buf *why)
{
    struct buf path = BUF_INIT(ORIGIN_MAX - 16);
    bool good = true;
    size_t i;

    for (i = 0; good && i < config->count; i++) {
        const struct config_option *option = &config->table[i];
        char origin[ORIGIN_MAX];
        const struct config_source source = {CONFIG_BY_CREDENTIAL, false,
                                             origin, NULL};

        if (option->type != CONFIG_SECRET)
            continue;
        buf_clear(&path);
        buf_addf(&path, "%s/%s", directory, option->name);
        if (!buf_ok(&path) || access(path.data, F_OK) != 0)
            continue;
        (void)snprintf(origin, sizeof(origin), "credential %s", path.data);
        good = assign_from_file(config, option, path.data, &source, why);
    }
    buf_free(&path);
    return good;
}

bool
config_read_environment(struct config *config, char *const *environment,
                        struct buf *why)
{
    char *const *entry;

    for (entry = environment; entry != NULL && *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');
        char origin[ORIGIN_MAX];
        struct config_source alias = {CONFIG_BY_ALIAS, false, origin, NULL};
        struct config_source proper = {CONFIG_BY_ENVIRONMENT, false, origin,
                                       NULL};
        char *name;
        bool good;

        if (equals == NULL)
            continue;
        name = xstrndup(*entry, (size_t)(equals - *entry));
        (void)snprintf(origin, sizeof(origin), "environment %s", name);
        if (strcmp(name, "CREDENTIALS_DIRECTORY") == 0)
            good = read_credentials(config, equals + 1, why);
        else
            good = config_take_variable(config, name, equals + 1, &alias,
                                        &proper, why);
        free(name);
        if (!good)
            return false;
    }
    return true;
}
