/*
 * simulate_supabase.c - webhooks as a database of Supabase sends them
 * (https://supabase.com/docs/guides/database/webhooks), the record's digits and
 * spacing as given.
 */
#include "simulate.h"

#include "json.h"
#include "output.h"

#include <string.h>
#include <strings.h>

struct change {
    const char *type; /* "INSERT" */
    const char *table;
    const char *schema;
    struct buf record;
    struct buf old_record;
};

static int
take_type(struct cli *cli, struct change *change)
{
    static const char *const types[] = {"INSERT", "UPDATE", "DELETE"};
    const char *word = args_word(&cli->args);
    size_t i;

    for (i = 0; word != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcasecmp(word, types[i]) == 0) {
            change->type = types[i];
            return EXIT_OK;
        }
    }
    return output_error(EXIT_USE,
                        "simulate supabase needs INSERT, UPDATE or DELETE");
}

/* The option's value, @FILE or - for stdin: a JSON object. */
static int
take_row(struct cli *cli, const char *option, struct buf *out)
{
    const char *value = args_value(&cli->args, option);
    struct json_error error;
    struct json_value json;
    int code = EXIT_OK;

    if (value == NULL)
        return EXIT_OK;
    if (value[0] == '@' || strcmp(value, "-") == 0)
        code = cli_read_input(value[0] == '@' ? value + 1 : value, out);
    else
        buf_add_text(out, value);
    if (code == EXIT_OK && !buf_ok(out))
        code = output_error(EXIT_DATA, "%s is too large", option);
    else if (code == EXIT_OK && !json_read(buf_slice(out), &json, &error))
        code =
            output_error(EXIT_DATA, "%s is not JSON: %s at line %u column %u",
                         option, error.reason, error.line, error.column);
    else if (code == EXIT_OK && json.type != JSON_OBJECT)
        code = output_error(EXIT_DATA, "%s must be a JSON object", option);
    return code;
}

static int
check(const struct change *change)
{
    if (change->table == NULL || change->table[0] == '\0')
        return output_error(EXIT_USE, "simulate supabase needs --table NAME");
    if (change->record.len == 0)
        return output_error(EXIT_USE, "simulate supabase needs --record JSON, "
                                      "@FILE or - (stdin)");
    if (change->old_record.len > 0 && strcmp(change->type, "UPDATE") != 0)
        return output_error(EXIT_USE, "only an UPDATE has an --old-record");
    return EXIT_OK;
}

/* In the order and with the blanks of PostgreSQL's jsonb. */
static void
add_change(const struct change *change, struct buf *out)
{
    bool gone = strcmp(change->type, "DELETE") == 0;
    struct slice record = slice_trim(buf_slice(&change->record));
    struct slice old = slice_trim(buf_slice(&change->old_record));

    buf_addf(out, "{\"type\": \"%s\", \"table\": ", change->type);
    json_add_string(out, slice_of(change->table));
    buf_add_text(out, ", \"record\": ");
    buf_add_slice(out, gone ? SLICE("null") : record);
    buf_add_text(out, ", \"schema\": ");
    json_add_string(out, slice_of(change->schema));
    buf_add_text(out, ", \"old_record\": ");
    buf_add_slice(out, gone ? record : old.len > 0 ? old : SLICE("null"));
    buf_add_char(out, '}');
}

int
simulate_supabase_body(struct cli *cli, struct buf *body)
{
    struct change change = {
        .type = "",
        .table = args_value(&cli->args, "--table"),
        .schema = args_value(&cli->args, "--schema"),
        .record = BUF_INIT(SIMULATE_BODY_MAX),
        .old_record = BUF_INIT(SIMULATE_BODY_MAX),
    };
    int code = take_row(cli, "--record", &change.record);

    if (code == EXIT_OK)
        code = take_row(cli, "--old-record", &change.old_record);
    if (code == EXIT_OK)
        code = take_type(cli, &change);
    if (code == EXIT_OK)
        code = check(&change);
    if (change.schema == NULL)
        change.schema = "public";
    if (code == EXIT_OK)
        add_change(&change, body);
    buf_free(&change.record);
    buf_free(&change.old_record);
    return code;
}
