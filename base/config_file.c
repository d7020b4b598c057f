/*
 * config_file.c - reads postern.conf and the files of conf.d.
 *
 * libinih does the syntax; it is fed line by line from memory, because only
 * then is it known which line is too long and which one a value comes from.
 */
#include "config_impl.h"

#include "alloc.h"
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>

#define ORIGIN_MAX 4200 /* bytes of "FILE:LINE" */
#define DROP_INS "conf.d"

struct loader {
    struct config *config;
    const char *path;
    enum config_rank rank;
    struct slice left; /* not yet given to the parser */
    unsigned line;     /* the one given last, counting from 1 */
    unsigned *set_on;  /* per option: the line that set it, or 0 */
    bool failed;       /* *why has been written */
    struct buf *why;
};

static void
say(struct loader *loader, const char *what)
{
    buf_addf(loader->why, "%s:%u: %s", loader->path, loader->line, what);
    loader->failed = true;
}

/* fgets() over memory; a line that does not fit ends the parsing instead of
   coming in two pieces. */
static char *
next_line(char *to, int size, void *user)
{
    struct loader *loader = user;
    const char *newline;
    size_t len;

    if (loader->failed || loader->left.len == 0)
        return NULL;
    loader->line++;
    newline = memchr(loader->left.ptr, '\n', loader->left.len);
    len = newline == NULL ? loader->left.len
                          : (size_t)(newline - loader->left.ptr) + 1;
    if (len >= (size_t)size) {
        say(loader, "the line is too long; a value may have 16000 bytes");
        return NULL;
    }
    if (memchr(loader->left.ptr, '\0', len) != NULL) {
        say(loader, "the line holds a NUL byte; save the file as plain text");
        return NULL;
    }
    memcpy(to, loader->left.ptr, len);
    to[len] = '\0';
    loader->left.ptr += len;
    loader->left.len -= len;
    return to;
}

/* "..." keeps white space and comment signs; bare text may not look as if it
   had a comment behind it. NULL: that is the case. */
static char *
unquoted(const char *text)
{
    size_t len = strlen(text);

    if (len >= 2 && text[0] == '"' && text[len - 1] == '"')
        return xstrndup(text + 1, len - 2);
    if (strstr(text, " ;") != NULL || strstr(text, " #") != NULL ||
        strstr(text, "\t;") != NULL || strstr(text, "\t#") != NULL)
        return NULL;
    return xstrdup(text);
}

static bool
take(struct loader *loader, const struct config_option *option,
     const char *text)
{
    char origin[ORIGIN_MAX];
    const struct config_source source = {loader->rank, false, origin,
                                         loader->path};
    unsigned *set_on = &loader->set_on[option - loader->config->table];

    (void)snprintf(origin, sizeof(origin), "%s:%u", loader->path, loader->line);
    if (*set_on != 0) {
        buf_addf(loader->why,
                 "%s: %s is set a second time (first in line %u); remove one "
                 "of the lines",
                 origin, option->name, *set_on);
        return false;
    }
    *set_on = loader->line;
    return config_assign(loader->config, option, text, &source, loader->why);
}

/* Sections only group visually, so their names are not looked at. */
static int
on_option(void *user, const char *section, const char *name, const char *text)
{
    struct loader *loader = user;
    const struct config_option *option = config_find(loader->config, name);
    char *value;

    (void)section;
    if (loader->failed)
        return 0;
    if (option == NULL) {
        say(loader, "");
        config_say_unknown(loader->config, name, loader->why);
        return 0;
    }
    value = unquoted(text);
    if (value == NULL)
        say(loader, "a comment needs a line of its own; if ';' or '#' belongs "
                    "to the value, write the value in double quotes");
    else if (!take(loader, option, value))
        loader->failed = true;
    if (value != NULL)
        explicit_bzero(value, strlen(value));
    free(value);
    return loader->failed ? 0 : 1;
}

static void
set_up_parser(void)
{
    ini_use_stack = false;
    ini_allow_realloc = false;
    ini_max_line = CONFIG_LINE_MAX;
    ini_initial_alloc = CONFIG_LINE_MAX;
    ini_allow_inline_comments = false;
    ini_allow_multiline = false;
    ini_allow_no_value = false;
    ini_stop_on_first_error = true;
}

bool
config_read_file(struct config *config, const char *path, enum config_rank rank,
                 struct buf *why)
{
    struct buf content = BUF_INIT(CONFIG_FILE_MAX);
    struct loader loader = {
        .config = config, .path = path, .rank = rank, .why = why};

    if (!file_read(path, &content)) {
        buf_addf(why,
                 "%s: cannot be read: %s; check the name and who may "
                 "read it",
                 path, strerror(errno));
        buf_free(&content);
        return false;
    }
    loader.left = buf_slice(&content);
    loader.set_on = xcalloc(config->count, sizeof(loader.set_on[0]));
    set_up_parser();
    if (ini_parse_stream(next_line, &loader, on_option, &loader) != 0 &&
        !loader.failed)
        say(&loader, "neither \"name = value\" nor a [section]; start "
                     "comments with '#'");
    free(loader.set_on);
    buf_wipe(&content);
    return !loader.failed;
}

static int
is_drop_in(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > strlen(".conf") &&
           strcmp(entry->d_name + len - strlen(".conf"), ".conf") == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

bool
config_read_drop_ins(struct config *config, struct buf *why)
{
    struct buf path = BUF_INIT(ORIGIN_MAX);
    struct dirent **entries = NULL;
    bool good = true;
    int count, i;

    buf_addf(&path, "%s%s", config->directory, DROP_INS);
    count = scandir(buf_slice(&path).ptr, &entries, is_drop_in, by_name);
    if (count < 0 && errno != ENOENT && errno != ENOTDIR) {
        buf_addf(why, "%s: cannot be read: %s", path.data, strerror(errno));
        good = false;
    }
    for (i = 0; i < count; i++) {
        if (good) {
            buf_clear(&path);
            buf_addf(&path, "%s%s/%s", config->directory, DROP_INS,
                     entries[i]->d_name);
            good = config_read_file(config, buf_slice(&path).ptr,
                                    CONFIG_BY_DROP_IN, why);
        }
        free(entries[i]);
    }
    free(entries);
    buf_free(&path);
    return good;
}
