/*
 * source.c - `postern source`: who sends to us, and with which secret.
 */
#include "commands.h"

#include "id.h"
#include "member.h"
#include "number.h"
#include "output.h"
#include "store_source.h"

#include <string.h>

#define LINE_MAX_BYTES 4096
#define SECRET_MIN 8   /* bytes */
#define SECRET_MAX 256 /* bytes */

static int
open_all(struct cli *cli)
{
    int code = cli_sealer(cli);

    return code == EXIT_OK ? cli_schema(cli) : code;
}

static const char *
secrets_text(const struct source_row *row)
{
    if (row->unreadable)
        return "sealed with another key";
    return row->secrets == 0 ? "none" : row->secrets == 1 ? "1 set" : "several";
}

static void
print_json(const struct source_row *row)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);

    buf_add_char(&line, '{');
    member_id(&line, "id", ID_SOURCE, row->id);
    member_text(&line, "name", row->name);
    member_text(&line, "provider", row->provider);
    member_id(&line, "application", ID_APPLICATION, row->application_id);
    member_u64(&line, "secrets", row->secrets);
    member_bool(&line, "secrets_unreadable", row->unreadable);
    member_u64(&line, "max_attempts", row->max_attempts);
    member_u64(&line, "retry_delay", row->retry_delay_s);
    member_u64(&line, "concurrency", row->concurrency);
    member_text(&line, "relay", row->relay_received ? "received" : "processed");
    member_time(&line, "updated_at", row->updated_at_us);
    buf_add_char(&line, '}');
    output_line(buf_slice(&line));
    buf_free(&line);
}

static void
print_rows(const struct cli *cli, const struct source_row *rows, size_t count)
{
    static const char *const headings[] = {"NAME",     "PROVIDER", "SECRETS",
                                           "ATTEMPTS", "DELAY S",  "RELAY",
                                           "UPDATED",  NULL};
    struct table table;
    size_t i;

    table_init(&table, headings);
    for (i = 0; i < count; i++) {
        if (cli->json) {
            print_json(&rows[i]);
            continue;
        }
        table_row(&table);
        table_cell(&table, rows[i].name);
        table_cell(&table, rows[i].provider);
        table_cell(&table, secrets_text(&rows[i]));
        table_cell_u64(&table, rows[i].max_attempts);
        table_cell_u64(&table, rows[i].retry_delay_s);
        table_cell(&table, rows[i].relay_received ? "received" : "processed");
        table_cell_time(&table, rows[i].updated_at_us);
    }
    if (!cli->json)
        table_print(&table, "there is no source");
}

static int
run_list(struct cli *cli)
{
    struct source_list list = {NULL, 0};
    enum db_result result;
    int code = cli_finish_args(cli);

    if (code == EXIT_OK)
        code = open_all(cli);
    if (code != EXIT_OK)
        return code;
    result = store_source_list(cli->db, cli->sealer, &list);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the sources");
    print_rows(cli, list.rows, list.count);
    source_list_free(&list);
    return EXIT_OK;
}

static int
show(struct cli *cli, const char *name)
{
    struct source_row row;
    enum db_result result =
        store_source_get(cli->db, cli->sealer, slice_of(name), &row);

    if (result == DB_NONE)
        return output_error(EXIT_NONE,
                            "there is no source '%s'; `postern source list` "
                            "shows them",
                            name);
    if (result != DB_OK)
        return cli_db_error(cli, result, "read the source");
    print_rows(cli, &row, 1);
    return EXIT_OK;
}

static int
run_show(struct cli *cli)
{
    const char *name = args_word(&cli->args);
    int code = cli_finish_args(cli);

    if (code == EXIT_OK && name == NULL)
        code = output_error(EXIT_USE, "source show needs a NAME");
    if (code == EXIT_OK)
        code = open_all(cli);
    return code == EXIT_OK ? show(cli, name) : code;
}

/* Takes a number option into *out; 0 when it is not given. */
static int
take_number(struct cli *cli, const char *option, uint64_t max, uint32_t *out)
{
    const char *text = args_value(&cli->args, option);
    uint64_t number;

    if (text == NULL)
        return EXIT_OK;
    if (!number_u64(slice_of(text), max, &number) || number == 0)
        return output_error(EXIT_USE,
                            "%s takes a number from 1 to %llu, not "
                            "'%s'",
                            option, (unsigned long long)max, text);
    *out = (uint32_t)number;
    return EXIT_OK;
}

/* From --secret, or from stdin without its line end; `line` keeps the
   latter. */
static int
take_secret(struct cli *cli, struct buf *line, struct slice *secret)
{
    const char *value = args_value(&cli->args, "--secret");
    bool from_stdin = args_flag(&cli->args, "--secret-stdin");
    size_t i;
    int code;

    *secret = SLICE_NONE;
    if (value != NULL && from_stdin)
        return output_error(EXIT_USE,
                            "--secret and --secret-stdin exclude each other");
    if (value != NULL) {
        *secret = slice_of(value);
    } else if (from_stdin) {
        code = cli_read_input("-", line);
        if (code != EXIT_OK)
            return code;
        *secret = slice_trim(buf_slice(line));
    }
    if (secret->ptr == NULL)
        return EXIT_OK;
    if (secret->len < SECRET_MIN || secret->len > SECRET_MAX)
        return output_error(EXIT_DATA, "a secret has %d to %d bytes, not %zu",
                            SECRET_MIN, SECRET_MAX, secret->len);
    for (i = 0; i < secret->len; i++)
        if ((unsigned char)secret->ptr[i] < 0x20)
            return output_error(EXIT_DATA,
                                "a secret has no control characters or line "
                                "ends inside");
    return EXIT_OK;
}

static int
take_change(struct cli *cli, struct source_change *change, struct buf *line)
{
    const char *relay = args_value(&cli->args, "--relay");
    int code = take_secret(cli, line, &change->secret);

    change->keep_others = args_flag(&cli->args, "--keep-others");
    change->clear_secrets = args_flag(&cli->args, "--no-secret");
    if (relay != NULL) {
        change->relay = slice_of(relay);
        if (strcmp(relay, "processed") != 0 && strcmp(relay, "received") != 0)
            return output_error(
                EXIT_USE, "--relay is processed or received, not '%s'", relay);
    }
    if (code == EXIT_OK)
        code = take_number(cli, "--max-attempts", 20, &change->max_attempts);
    if (code == EXIT_OK)
        code = take_number(cli, "--retry-delay", 86400, &change->retry_delay_s);
    if (code == EXIT_OK)
        code = take_number(cli, "--concurrency", 1000, &change->concurrency);
    if (code == EXIT_OK && change->secret.ptr != NULL && change->clear_secrets)
        code = output_error(EXIT_USE,
                            "--secret and --no-secret exclude each other");
    return code;
}

static int
run_set(struct cli *cli)
{
    struct buf line = BUF_INIT(SECRET_MAX * 4);
    struct source_change change = {0};
    enum db_result result;
    const char *name;
    int code = take_change(cli, &change, &line);

    name = args_word(&cli->args);
    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    if (code == EXIT_OK && name == NULL)
        code = output_error(EXIT_USE, "source set needs a NAME");
    if (code == EXIT_OK)
        code = open_all(cli);
    if (code != EXIT_OK)
        goto out;
    result = store_source_change(cli->db, cli->sealer, slice_of(name), &change);
    if (result == DB_BROKEN && change.keep_others)
        code = output_error(EXIT_CONFIG,
                            "the present secrets of %s cannot be opened with "
                            "this key_file; leave --keep-others away to "
                            "replace them",
                            name);
    else if (result != DB_OK && result != DB_NONE)
        code = cli_db_error(cli, result, "change the source");
    else
        code = show(cli, name); /* says so when there is none */
out:
    buf_wipe(&line);
    return code;
}

const struct command source_commands[] = {
    {"source", "set",
     "NAME [--secret S | --secret-stdin | --no-secret] [--keep-others] "
     "[--max-attempts N] [--retry-delay S] [--concurrency N] [--relay "
     "processed|received]",
     "set what a source signs with (--keep-others: the old secrets stay valid "
     "too) and how its events are processed",
     run_set},
    {"source", "show", "NAME", "one source; secrets are never shown", run_show},
    {"source", "list", "", "all sources", run_list},
    {NULL, NULL, NULL, NULL, NULL},
};
