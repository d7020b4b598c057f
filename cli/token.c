/*
 * token.c - `postern token`: who may use the API.
 */
#include "commands.h"

#include "id.h"
#include "member.h"
#include "number.h"
#include "output.h"
#include "store_token.h"

#include <openssl/crypto.h>
#include <stdio.h>

#define LINE_MAX_BYTES 4096
#define NAME_MAX_BYTES 100
#define SECONDS_PER_DAY 86400
#define DAYS_MAX 3650

/* "30d" or "30": days. */
static bool
read_days(const char *text, uint64_t *seconds)
{
    struct slice digits = slice_of(text);
    uint64_t days;

    if (digits.len > 0 && digits.ptr[digits.len - 1] == 'd')
        digits.len--;
    if (!number_u64(digits, DAYS_MAX, &days) || days == 0)
        return false;
    *seconds = days * SECONDS_PER_DAY;
    return true;
}

static void
print_made(const struct cli *cli, uint32_t id, const char *name,
           enum scope scope, const char *text)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);

    if (cli->json) {
        buf_add_char(&line, '{');
        member_u64(&line, "id", id);
        member_text(&line, "name", name);
        member_text(&line, "scope", scope_name(scope));
        member_text(&line, "token", text);
        buf_add_char(&line, '}');
        output_line(buf_slice(&line));
    } else {
        output_note("token %u (%s, scope %s); it is shown only this once:", id,
                    name, scope_name(scope));
        output_line(slice_of(text));
    }
    buf_wipe(&line);
}

static int
run_add(struct cli *cli)
{
    const char *scope_text = args_value(&cli->args, "--scope");
    const char *expires = args_value(&cli->args, "--expires");
    uint64_t expires_in_s = 0;
    enum scope scope = SCOPE_APP;
    uint32_t application_id, id;
    char text[TOKEN_TEXT_MAX];
    enum db_result result;
    const char *name;
    int code = cli_application(cli, 1, &application_id);

    if (code != EXIT_OK)
        return code;
    name = args_word(&cli->args);
    code = cli_finish_args(cli);
    if (code != EXIT_OK)
        return code;
    if (name == NULL || slice_of(name).len > NAME_MAX_BYTES)
        return output_error(EXIT_USE,
                            "token add needs a NAME of at most %d bytes",
                            NAME_MAX_BYTES);
    if (scope_text == NULL || !scope_from_name(slice_of(scope_text), &scope))
        return output_error(EXIT_USE,
                            "token add needs --scope admin, app, send or read");
    if (expires != NULL && !read_days(expires, &expires_in_s))
        return output_error(EXIT_USE,
                            "--expires takes days, 1d to %dd, not '%s'",
                            DAYS_MAX, expires);
    code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    result = store_token_insert(cli->db, application_id, slice_of(name), scope,
                                expires_in_s, &id, text);
    if (result != DB_OK)
        return cli_db_error(cli, result, "add the token");
    print_made(cli, id, name, scope, text);
    OPENSSL_cleanse(text, sizeof(text));
    return EXIT_OK;
}

static void
print_json_row(const struct token_row *row)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);

    buf_add_char(&line, '{');
    member_u64(&line, "id", row->id);
    member_text(&line, "name", row->name);
    member_text(&line, "scope", scope_name(row->scope));
    member_id(&line, "application", ID_APPLICATION, row->application_id);
    member_text(&line, "shown", row->shown);
    member_time(&line, "created_at", row->created_at_us);
    member_time(&line, "expires_at", row->expires_at_us);
    member_time(&line, "revoked_at", row->revoked_at_us);
    member_time(&line, "last_used_at", row->last_used_at_us);
    buf_add_char(&line, '}');
    output_line(buf_slice(&line));
    buf_free(&line);
}

static int
run_list(struct cli *cli)
{
    static const char *const headings[] = {"ID",      "NAME",      "SCOPE",
                                           "TOKEN",   "CREATED",   "EXPIRES",
                                           "REVOKED", "LAST USED", NULL};
    struct token_list list = {NULL, 0};
    struct table table;
    enum db_result result;
    size_t i;
    int code = cli_finish_args(cli);

    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    result = store_token_list(cli->db, &list);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the tokens");
    table_init(&table, headings);
    for (i = 0; i < list.count; i++) {
        const struct token_row *row = &list.rows[i];
        char shown[TOKEN_SHOWN_MAX + 8];

        if (cli->json) {
            print_json_row(row);
            continue;
        }
        snprintf(shown, sizeof(shown), "%s...", row->shown);
        table_row(&table);
        table_cell_u64(&table, row->id);
        table_cell(&table, row->name);
        table_cell(&table, scope_name(row->scope));
        table_cell(&table, shown);
        table_cell_time(&table, row->created_at_us);
        table_cell_time(&table, row->expires_at_us);
        table_cell_time(&table, row->revoked_at_us);
        table_cell_time(&table, row->last_used_at_us);
    }
    if (!cli->json)
        table_print(&table, "there is no token; `postern token add NAME "
                            "--scope admin` makes one");
    token_list_free(&list);
    return EXIT_OK;
}

static int
run_revoke(struct cli *cli)
{
    const char *word = args_word(&cli->args);
    enum db_result result;
    uint64_t id;
    int code = cli_finish_args(cli);

    if (code != EXIT_OK)
        return code;
    if (word == NULL || !number_u64(slice_of(word), UINT32_MAX, &id))
        return output_error(EXIT_USE, "token revoke needs the token's ID, "
                                      "which `postern token list` shows");
    code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    result = store_token_revoke(cli->db, (uint32_t)id);
    if (result == DB_NONE)
        return output_error(EXIT_NONE,
                            "there is no live token %llu; `postern token "
                            "list` shows them",
                            (unsigned long long)id);
    if (result != DB_OK)
        return cli_db_error(cli, result, "revoke the token");
    if (cli->json)
        printf("{\"id\":%llu,\"revoked\":true}\n", (unsigned long long)id);
    else
        output_note("revoked token %llu", (unsigned long long)id);
    return EXIT_OK;
}

const struct command token_commands[] = {
    {"token", "add",
     "NAME --scope admin|app|send|read [--application A] [--expires DAYS]",
     "make a token; it is shown only then", run_add},
    {"token", "list", "", "all tokens, without their text", run_list},
    {"token", "revoke", "ID", "make a token useless at once", run_revoke},
    {NULL, NULL, NULL, NULL, NULL},
};
