/*
 * source_show.c - sources as a command shows them, and why one was not changed.
 */
#include "source_show.h"

#include "json.h"
#include "member.h"
#include "output.h"

#include <stdio.h>
#include <stdlib.h>

#define JSON_MAX ((size_t)1 << 20)
#define PATH_BYTES 4096

static const char *
secrets_text(const struct source_row *row)
{
    size_t count = verifier_list_secrets(&row->verifiers);

    if (row->unreadable)
        return "sealed with another key";
    return count == 0 ? "none" : count == 1 ? "1 set" : "several";
}

/* Where the provider is to send: below the name of this gateway, which only
   the web server knows. */
static void
add_path(const struct cli *cli, const struct source_row *row, struct buf *out)
{
    buf_addf(out, "%s/api/v1/webhooks/%s", cli->settings.base_path, row->name);
}

static void
print_json(const struct cli *cli, const struct source_row *row,
           const char *secret)
{
    struct buf line = BUF_INIT(JSON_MAX), source = BUF_INIT(JSON_MAX);
    struct buf path = BUF_INIT(PATH_BYTES);

    source_print(row, secret, &source);
    add_path(cli, row, &path);
    buf_add(&line, source.data, source.len - 1); /* its closing brace */
    member_slice(&line, "path", buf_slice(&path));
    if (row->options.public_url != NULL)
        member_text(&line, "url", row->options.public_url);
    buf_add_char(&line, '}');
    output_line(buf_slice(&line));
    buf_free(&path);
    buf_wipe(&source);
    buf_wipe(&line);
}

void
source_show_rows(const struct cli *cli, const struct source_row *rows,
                 size_t count)
{
    static const char *const headings[] = {"NAME",      "PROVIDER", "SECRETS",
                                           "HANDSHAKE", "ATTEMPTS", "DELAY S",
                                           "RELAY",     "UPDATED",  NULL};
    struct table table;
    size_t i;

    table_init(&table, headings);
    for (i = 0; i < count; i++) {
        if (cli->json) {
            print_json(cli, &rows[i], NULL);
            continue;
        }
        table_row(&table);
        table_cell(&table, rows[i].name);
        table_cell(&table, rows[i].provider);
        table_cell(&table, secrets_text(&rows[i]));
        table_cell(&table, rows[i].handshake);
        table_cell_u64(&table, rows[i].max_attempts);
        table_cell_u64(&table, rows[i].retry_delay_s);
        table_cell(&table, rows[i].relay_received ? "received" : "processed");
        table_cell_time(&table, rows[i].updated_at_us);
    }
    if (!cli->json)
        table_print(&table, "there is no source");
}

/* Texts as they are, anything else as JSON; what is empty as "-". */
static void
add_value(struct table *table, struct json_value value)
{
    struct buf text = BUF_INIT(value.text.len + 1);

    if (value.type == JSON_STRING)
        json_decode_string(value.text, &text);
    else if (value.type != JSON_NULL && !slice_is(value.text, "[]") &&
             !slice_is(value.text, "{}"))
        buf_add_slice(&text, value.text);
    table_cell(table, text.len == 0 ? "-" : text.data);
    buf_wipe(&text);
}

static void
add_address(const struct cli *cli, const struct source_row *row,
            struct table *table)
{
    struct buf text = BUF_INIT(PATH_BYTES);

    if (row->options.public_url != NULL) {
        buf_add_text(&text, row->options.public_url);
    } else {
        add_path(cli, row, &text);
        buf_add_text(&text, " (in front of it https:// and the name of this "
                            "gateway)");
    }
    table_row(table);
    table_cell(table, "address");
    table_cell(table, text.data);
    buf_free(&text);
}

void
source_show_all(const struct cli *cli, const struct source_row *row,
                const char *secret)
{
    static const char *const headings[] = {"WHAT", "VALUE", NULL};
    struct buf text = BUF_INIT(JSON_MAX);
    struct json_member member;
    struct json_value object;
    struct table table;
    size_t at = 0;

    if (cli->json) {
        print_json(cli, row, secret);
        return;
    }
    table_init(&table, headings);
    source_print(row, secret, &text);
    if (json_read(buf_slice(&text), &object, NULL))
        while (json_next(object.text, &at, &member)) {
            char *name = slice_text(member.name);

            table_row(&table);
            table_cell(&table, name);
            add_value(&table, member.value);
            free(name);
        }
    add_address(cli, row, &table);
    table_print(&table, "nothing");
    buf_wipe(&text);
}

int
source_show(struct cli *cli, const struct source_ref *ref, bool brief,
            const char *secret)
{
    struct source_row row;
    enum db_result result =
        store_source_get(cli->db, cli->sealer, 0, ref, &row);

    if (result != DB_OK)
        return cli_db_error(cli, result, "read the source");
    if (brief)
        source_show_rows(cli, &row, 1);
    else
        source_show_all(cli, &row, secret);
    source_row_free(&row);
    return EXIT_OK;
}

static const struct {
    int code;
    const char *text;
} refusals[SOURCE_ACTIONS] = {
    [SOURCE_NAME_TAKEN] = {EXIT_DATA,
                           "there is a source of that name already; `postern "
                           "source set` changes it"},
    [SOURCE_BAD_SECRET] = {EXIT_DATA,
                           "the secret is none that its kind of verifier can "
                           "use"},
    [SOURCE_UNREADABLE] = {EXIT_CONFIG,
                           "its present secrets cannot be opened with this "
                           "key_file; set new ones, and leave --keep-others "
                           "away"},
    [SOURCE_TOO_LARGE] = {EXIT_DATA,
                          "more options or secrets than a source may have"},
    [SOURCE_NO_HANDSHAKE] = {EXIT_DATA, "its provider sends no token"},
    [SOURCE_NOT_CAPTURED] = {EXIT_LATER,
                             "no token has arrived yet; let the provider send "
                             "it (again)"},
    [SOURCE_NOT_OURS] = {EXIT_USE,
                         "its provider makes the secret: give the one that it "
                         "shows with --secret-stdin"},
};

int
source_show_result(struct cli *cli, const char *name, enum db_result result,
                   enum source_action action, const char *what)
{
    if (result == DB_NONE)
        return output_error(EXIT_NONE,
                            "there is no source '%s'; `postern source list` "
                            "shows them",
                            name);
    if (result != DB_OK)
        return cli_db_error(cli, result, what);
    if (action == SOURCE_DONE)
        return EXIT_OK;
    return output_error(refusals[action].code, "%s: %s", name,
                        refusals[action].text);
}
