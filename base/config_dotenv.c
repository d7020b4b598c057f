/*
 * config_dotenv.c - reads the .env file beside the configuration file.
 *
 * The common ground of the tools that read such files:
 *
 *      NAME=value   # a comment needs white space in front of it
 *      export NAME = 'taken as it stands'
 *      NAME="with \n \r \t \" \\ \$ and line breaks"
 *
 * Nothing is expanded. Names that are not ours are ignored.
 */
#include "config_impl.h"

#include "alloc.h"
#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ORIGIN_MAX 4200
#define NAME_FIRST "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define NAME_CHARS NAME_FIRST "0123456789"

struct dotenv {
    const char *path;
    const char *at; /* NUL-terminated */
    unsigned line;
    struct buf *why;
};

static bool
say(struct dotenv *env, unsigned line, const char *what)
{
    buf_addf(env->why, "%s:%u: %s", env->path, line, what);
    return false;
}

static void
skip_blanks(struct dotenv *env)
{
    env->at += strspn(env->at, " \t\r");
}

static bool
read_single_quoted(struct dotenv *env, struct buf *value)
{
    unsigned line = env->line;
    const char *p;

    for (p = env->at + 1; *p != '\0' && *p != '\''; p++) {
        if (*p == '\n')
            env->line++;
        buf_add_char(value, *p);
    }
    if (*p == '\0')
        return say(env, line, "the quote ' is not closed");
    env->at = p + 1;
    return true;
}

static char
unescaped(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

/* An escape nobody knows stays as it stands, backslash included. */
static bool
read_double_quoted(struct dotenv *env, struct buf *value)
{
    unsigned line = env->line;
    const char *p;

    for (p = env->at + 1; *p != '\0' && *p != '"'; p++) {
        if (*p == '\n')
            env->line++;
        if (*p == '\\' && p[1] != '\0' && strchr("nrt\"\\$", p[1]) != NULL)
            buf_add_char(value, unescaped(*++p));
        else
            buf_add_char(value, *p);
    }
    if (*p == '\0')
        return say(env, line, "the quote \" is not closed");
    env->at = p + 1;
    return true;
}

static void
read_bare(struct dotenv *env, struct buf *value)
{
    size_t len = strcspn(env->at, "\n"), i;

    for (i = 0; i < len; i++) {
        bool after_blank = i == 0 || strchr(" \t", env->at[i - 1]) != NULL;

        if (env->at[i] == '#' && after_blank)
            break;
    }
    buf_add_slice(value, slice_trim(slice_make(env->at, i)));
    env->at += len;
}

static bool
read_text(struct dotenv *env, struct buf *value)
{
    buf_clear(value);
    buf_add_text(value, "");
    skip_blanks(env);
    if (*env->at != '\'' && *env->at != '"') {
        read_bare(env, value);
        return true;
    }
    if (*env->at == '\'' ? !read_single_quoted(env, value)
                         : !read_double_quoted(env, value))
        return false;
    skip_blanks(env);
    if (*env->at == '#')
        env->at += strcspn(env->at, "\n");
    if (*env->at != '\0' && *env->at != '\n')
        return say(env, env->line,
                   "something follows the closing quote; quote the whole "
                   "value or none of it");
    return true;
}

/* Up to and with the '='. */
static bool
read_name(struct dotenv *env, struct buf *name)
{
    static const char word[] = "export";
    size_t len = strlen(word);

    if (strncmp(env->at, word, len) == 0 &&
        (env->at[len] == ' ' || env->at[len] == '\t')) {
        env->at += len;
        skip_blanks(env);
    }
    buf_clear(name);
    len = strspn(env->at, NAME_CHARS);
    if (len == 0 || strchr(NAME_FIRST, *env->at) == NULL)
        return say(env, env->line, "must be NAME=value, or a comment with #");
    buf_add(name, env->at, len);
    env->at += len;
    skip_blanks(env);
    if (*env->at != '=')
        return say(env, env->line, "the '=' is missing: NAME=value");
    env->at++;
    return true;
}

static bool
read_all(struct config *config, struct dotenv *env)
{
    struct buf name = BUF_INIT(CONFIG_FILE_MAX);
    struct buf value = BUF_INIT(CONFIG_FILE_MAX);
    char origin[ORIGIN_MAX];
    const struct config_source alias = {CONFIG_BY_DOTENV_ALIAS, false, origin,
                                        env->path};
    const struct config_source proper = {CONFIG_BY_DOTENV, false, origin,
                                         env->path};
    bool good = true;

    while (good) {
        skip_blanks(env);
        if (*env->at == '#')
            env->at += strcspn(env->at, "\n");
        if (*env->at == '\0')
            break;
        if (*env->at == '\n') {
            env->line++;
            env->at++;
            continue;
        }
        (void)snprintf(origin, sizeof(origin), "%s:%u", env->path, env->line);
        good = read_name(env, &name) && read_text(env, &value) &&
               config_take_variable(config, name.data, value.data, &alias,
                                    &proper, env->why);
    }
    buf_free(&name);
    buf_wipe(&value);
    return good;
}

bool
config_read_dotenv(struct config *config, struct buf *why)
{
    struct buf path = BUF_INIT(ORIGIN_MAX), content = BUF_INIT(CONFIG_FILE_MAX);
    struct dotenv env = {.line = 1, .why = why};
    bool good = true;

    buf_addf(&path, "%s.env", config->directory);
    env.path = buf_slice(&path).ptr;
    if (!file_read(env.path, &content)) {
        good = errno == ENOENT;
        if (!good)
            buf_addf(why, "%s: cannot be read: %s; check who may read it",
                     env.path, strerror(errno));
        goto out;
    }
    if (content.len > 0 && memchr(content.data, '\0', content.len) != NULL) {
        good = say(&env, 1, "holds a NUL byte; save the file as plain text");
        goto out;
    }
    env.at = buf_slice(&content).ptr;
    good = read_all(config, &env);

out:
    buf_free(&path);
    buf_wipe(&content);
    return good;
}
