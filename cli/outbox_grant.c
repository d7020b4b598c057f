/*
 * outbox_grant.c - `postern outbox grant`: SQL that lets an application's
 * database account emit events, and nothing else.
 *
 * An administrator of the database runs what it prints. Without an application
 * the account may fill every column but `application`, so its events are those
 * of `default`. With one it gets a view of its own, which takes no other
 * application's rows.
 */
#include "commands.h"

#include "alloc.h"
#include "member.h"
#include "output.h"
#include "store_application.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_BYTES ((size_t)16 << 10)
#define COLUMNS                                                                \
    "event_type, payload, metadata, external_id,\n"                            \
    "    channels, ordering_key, deliver_at"
#define VIEW_PREFIX "outbox_"
#define NAME_MAX_CHARS 64 /* of an identifier of MariaDB */
#define USER_MAX_CHARS 80
#define HOST_MAX_CHARS 255

struct wish {
    struct slice user, host;
    uint32_t application_id; /* 0 = none */
    char *application;       /* its name, or NULL */
    bool any_application;
};

static void
add_quoted(struct buf *out, char quote, struct slice text)
{
    size_t i;

    buf_add_char(out, quote);
    for (i = 0; i < text.len; i++) {
        if (text.ptr[i] == quote)
            buf_add_char(out, quote);
        buf_add_char(out, text.ptr[i]);
    }
    buf_add_char(out, quote);
}

/* What a backslash means depends on the session that runs the SQL. */
static bool
is_quotable(struct slice text)
{
    size_t i;

    for (i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == '\\')
            return false;
    return true;
}

static bool
is_plain(struct slice name)
{
    size_t i;

    for (i = 0; i < name.len; i++) {
        char c = name.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return name.len > 0 && name.len + strlen(VIEW_PREFIX) <= NAME_MAX_CHARS;
}

/* outbox_shop; outbox_17 for an application whose name is no identifier. */
static void
add_view(struct buf *out, const struct wish *wish)
{
    struct slice name = slice_of(wish->application);

    buf_add_text(out, ".`" VIEW_PREFIX);
    if (is_plain(name))
        buf_add_slice(out, name);
    else
        buf_add_u64(out, wish->application_id);
    buf_add_char(out, '`');
}

static void
add_account(struct buf *out, const struct wish *wish)
{
    buf_add_text(out, " TO ");
    add_quoted(out, '\'', wish->user);
    buf_add_char(out, '@');
    add_quoted(out, '\'', wish->host);
    buf_add_text(out, ";\n");
}

static void
print_view(struct buf *out, const struct wish *wish, struct slice database)
{
    buf_add_text(out, "CREATE OR REPLACE SQL SECURITY DEFINER VIEW ");
    add_quoted(out, '`', database);
    add_view(out, wish);
    buf_add_text(out, " AS\nSELECT application, " COLUMNS "\nFROM ");
    add_quoted(out, '`', database);
    buf_add_text(out, ".outbox\nWHERE application = ");
    add_quoted(out, '\'', slice_of(wish->application));
    buf_add_text(out, "\nWITH CHECK OPTION;\n");
}

static void
print_sql(struct buf *out, const struct wish *wish, struct slice database)
{
    buf_add_text(out, "-- To be run by an administrator of the database, once "
                      "the account exists.\n");
    if (wish->application != NULL) {
        print_view(out, wish, database);
        buf_add_text(out, "GRANT INSERT ON ");
        add_quoted(out, '`', database);
        add_view(out, wish);
    } else {
        buf_add_text(out, "GRANT INSERT (");
        if (wish->any_application)
            buf_add_text(out, "application, ");
        buf_add_text(out, COLUMNS ")\n    ON ");
        add_quoted(out, '`', database);
        buf_add_text(out, ".outbox");
    }
    add_account(out, wish);
}

/* USER or USER@HOST; the last @ counts. */
static int
take_account(const char *word, struct wish *wish)
{
    struct slice account = slice_of(word);
    const char *at = word == NULL ? NULL : strrchr(word, '@');

    if (account.len == 0)
        return output_error(EXIT_USE, "outbox grant needs a USER[@HOST]");
    wish->user = account;
    wish->host = SLICE("localhost");
    if (at != NULL) {
        wish->user = slice_make(word, (size_t)(at - word));
        wish->host = slice_of(at + 1);
    }
    if (wish->user.len == 0 || wish->user.len > USER_MAX_CHARS ||
        wish->host.len == 0 || wish->host.len > HOST_MAX_CHARS ||
        !is_quotable(account))
        return output_error(EXIT_DATA, "'%s' is no account USER[@HOST]", word);
    return EXIT_OK;
}

static void
keep_name(void *arg, uint32_t id, struct slice name, int64_t created_at_us)
{
    struct wish *wish = arg;

    (void)created_at_us;
    if (id == wish->application_id)
        wish->application = slice_text(name);
}

static int
find_application(struct cli *cli, struct wish *wish)
{
    int code = cli_application(cli, 0, &wish->application_id);
    enum db_result result;

    if (code != EXIT_OK || wish->application_id == 0)
        return code;
    result = store_application_list(cli->db, keep_name, wish);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the applications");
    if (wish->application == NULL || !is_quotable(slice_of(wish->application)))
        return output_error(EXIT_DATA, "the name of this application has a "
                                       "backslash or control character");
    return EXIT_OK;
}

static int
run_grant(struct cli *cli)
{
    struct wish wish = {
        .any_application = args_flag(&cli->args, "--any-application"),
    };
    struct buf sql = BUF_INIT(SQL_BYTES), line = BUF_INIT(SQL_BYTES * 7);
    int code = find_application(cli, &wish);

    if (code == EXIT_OK)
        code = take_account(args_word(&cli->args), &wish);
    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    if (code == EXIT_OK && wish.application != NULL && wish.any_application)
        code = output_error(EXIT_USE, "--application or --any-application, "
                                      "not both");
    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        goto out;
    print_sql(&sql, &wish, slice_of(db_name(cli->db)));
    if (cli->json) {
        buf_add_char(&line, '{');
        member_slice(&line, "sql", buf_slice(&sql));
        buf_add_char(&line, '}');
        output_line(buf_slice(&line));
    } else {
        fwrite(sql.data, 1, sql.len, stdout);
    }
out:
    free(wish.application);
    buf_free(&line);
    buf_free(&sql);
    return code;
}

const struct command outbox_grant_commands[] = {
    {"outbox", "grant", "USER[@HOST] [--application A | --any-application]",
     "print SQL that lets a database account emit events, and nothing else",
     run_grant},
    {NULL, NULL, NULL, NULL, NULL},
};
