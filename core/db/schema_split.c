/*
 * schema_split.c - cuts the text of a migration into statements.
 */
#include "schema.h"

#include <ctype.h>
#include <string.h>

/* Past a quoted string or name: doubled quotes and, except in names,
   backslashes are part of it. */
static size_t
skip_quoted(const char *sql, size_t len, size_t at)
{
    char quote = sql[at++];

    while (at < len) {
        if (sql[at] == '\\' && quote != '`') {
            at += 2;
        } else if (sql[at] == quote) {
            at++;
            if (at >= len || sql[at] != quote)
                return at;
            at++;
        } else {
            at++;
        }
    }
    return len;
}

static bool
starts_line_comment(const char *sql, size_t len, size_t at)
{
    if (sql[at] == '#')
        return true;
    return at + 1 < len && sql[at] == '-' && sql[at + 1] == '-' &&
           (at + 2 == len || isspace((unsigned char)sql[at + 2]));
}

/* Past one comment; `at` itself if there is none. */
static size_t
skip_comment(const char *sql, size_t len, size_t at)
{
    if (starts_line_comment(sql, len, at)) {
        while (at < len && sql[at] != '\n')
            at++;
        return at;
    }
    if (at + 1 < len && sql[at] == '/' && sql[at + 1] == '*') {
        for (at += 2; at + 1 < len; at++)
            if (sql[at] == '*' && sql[at + 1] == '/')
                return at + 2;
        return len;
    }
    return at;
}

/* Past white space, comments and empty statements. */
static size_t
skip_gap(const char *sql, size_t len, size_t at)
{
    while (at < len) {
        size_t after = skip_comment(sql, len, at);

        if (after > at)
            at = after;
        else if (isspace((unsigned char)sql[at]) || sql[at] == ';')
            at++;
        else
            break;
    }
    return at;
}

bool
schema_next_statement(const struct migration *migration, size_t *at,
                      struct slice *statement)
{
    const char *sql = migration->sql;
    size_t len = migration->sql_len;
    size_t start = skip_gap(sql, len, *at);
    size_t end = start; /* after the last byte that is no comment or space */
    size_t i = start;

    while (i < len && sql[i] != ';') {
        size_t after = skip_comment(sql, len, i);

        if (after > i) {
            i = after;
        } else if (sql[i] == '\'' || sql[i] == '"' || sql[i] == '`') {
            i = skip_quoted(sql, len, i);
            end = i;
        } else {
            if (!isspace((unsigned char)sql[i]))
                end = i + 1;
            i++;
        }
    }
    *at = i;
    if (start == len)
        return false;
    *statement = slice_make(sql + start, end - start);
    return true;
}
