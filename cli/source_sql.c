/*
 * source_sql.c - `postern source sql`: a trigger that sends signed webhooks.
 *
 * What it prints is for Supabase's SQL editor: pgcrypto signs, pg_net sends,
 * the vault keeps the secret. Everything that comes from the command line
 * stands in it as a quoted identifier or literal.
 */
#include "commands.h"

#include "member.h"
#include "output.h"
#include "source_show.h"
#include "store_source.h"

#include <stdio.h>
#include <string.h>

#define TABLES_MAX 32
#define COLUMNS_MAX 16
#define NAME_MAX_BYTES 63 /* of an identifier of PostgreSQL */
#define SQL_MAX 262144

#define QUOTE "$postern$" /* around the function's text */

struct wish {
    char url[SOURCE_TEXT_MAX + 1]; /* empty: none is given, or known yet */
    const char *source;
    const char *secret_name; /* in the vault */
    const char *tables[TABLES_MAX];
    size_t table_count;
    const char *keys[COLUMNS_MAX];
    size_t key_count;
    bool unchecked; /* no database is asked about the source */
};

/* 'it''s'; PostgreSQL takes backslashes in it as they are. */
static void
add_literal(struct buf *out, const char *text)
{
    buf_add_char(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buf_add_char(out, '\'');
        buf_add_char(out, *text);
    }
    buf_add_char(out, '\'');
}

static void
add_name(struct buf *out, struct slice name)
{
    size_t i;

    buf_add_char(out, '"');
    for (i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"')
            buf_add_char(out, '"');
        buf_add_char(out, name.ptr[i]);
    }
    buf_add_char(out, '"');
}

static struct slice
schema_of(const char *table)
{
    const char *dot = strchr(table, '.');

    return dot == NULL ? SLICE("public")
                       : slice_make(table, (size_t)(dot - table));
}

static struct slice
name_of(const char *table)
{
    const char *dot = strchr(table, '.');

    return slice_of(dot == NULL ? table : dot + 1);
}

static void
add_secret(struct buf *out, const struct wish *wish)
{
    buf_add_text(out,
                 "-- Sends signed webhooks to Postern. It may be run again.\n"
                 "create extension if not exists pg_net with schema "
                 "extensions;\n"
                 "create extension if not exists pgcrypto with schema "
                 "extensions;\n\n"
                 "-- The secret, the same as in `postern source set ");
    buf_add_text(out, wish->source);
    buf_add_text(out, " --secret ...`.\n"
                      "select vault.create_secret('change-me', ");
    add_literal(out, wish->secret_name);
    buf_add_text(out, ")\n where not exists (select 1 from vault.secrets "
                      "where name = ");
    add_literal(out, wish->secret_name);
    buf_add_text(out, ");\n\n");
}

static void
add_declarations(struct buf *out, const struct wish *wish)
{
    buf_add_text(out,
                 "create or replace function public.notify_postern() returns "
                 "trigger\n"
                 "language plpgsql\n"
                 "security definer\n"
                 "set search_path = ''\n"
                 "as " QUOTE "\n"
                 "declare\n"
                 "    -- Where the gateway is.\n"
                 "    url constant text := ");
    add_literal(out, wish->url);
    buf_add_text(out,
                 ";\n"
                 "    -- NEW does not exist on DELETE, OLD not on INSERT.\n"
                 "    changed constant jsonb :=\n"
                 "        case tg_op when 'DELETE' then to_jsonb(old) else "
                 "to_jsonb(new) end;\n"
                 "    body constant jsonb := jsonb_build_object(\n"
                 "        'event_type', lower(tg_op),\n"
                 "        'source', ");
    add_literal(out, wish->source);
    buf_add_text(
        out, ",\n"
             "        'table_name', case tg_table_schema when 'public' "
             "then ''\n"
             "            else tg_table_schema || '.' end || "
             "tg_table_name,\n"
             "        -- The columns of the key are the trigger's arguments.\n"
             "        'record_id', (select case count(*) when 1 then "
             "min(changed ->> k)\n"
             "            else string_agg(k || '=' || replace(replace("
             "changed ->> k,\n"
             "                '\\', '\\\\'), ',', '\\,'), ',' "
             "order by n) end\n"
             "            from unnest(tg_argv) with ordinality as "
             "columns (k, n)),\n"
             "        'data', changed,\n"
             "        'timestamp', to_char(clock_timestamp() at time zone "
             "'UTC',\n"
             "                             'YYYY-MM-DD\"T\"HH24:MI:SS.US"
             "\"Z\"'),\n"
             "        'metadata', jsonb_build_object('schema', "
             "tg_table_schema,\n"
             "            'event_id', gen_random_uuid(), 'txid', "
             "txid_current()));\n"
             "    secret text;\n"
             "    signature text;\n");
}

static void
add_function(struct buf *out, const struct wish *wish)
{
    add_declarations(out, wish);
    buf_add_text(out, "begin\n"
                      "    select decrypted_secret into strict secret\n"
                      "      from vault.decrypted_secrets where name = ");
    add_literal(out, wish->secret_name);
    buf_add_text(
        out, ";\n"
             "    -- pg_net sends body::text, so that is what is signed.\n"
             "    signature := encode(\n"
             "        extensions.hmac(convert_to(body::text, 'UTF8'),\n"
             "                        convert_to(secret, 'UTF8'), 'sha256'), "
             "'hex');\n"
             "    perform net.http_post(\n"
             "        url := url,\n"
             "        body := body,\n"
             "        headers := jsonb_build_object(\n"
             "            'Content-Type', 'application/json',\n"
             "            'X-Webhook-Signature', 'sha256=' || signature),\n"
             "        timeout_milliseconds := 10000);\n"
             "    return null; -- the result of an AFTER trigger is not used\n"
             "end;\n" QUOTE ";\n");
}

static void
add_trigger(struct buf *out, const struct wish *wish, const char *table)
{
    size_t i;

    buf_add_text(out, "\ncreate or replace trigger notify_postern\n"
                      "after insert or update or delete on ");
    add_name(out, schema_of(table));
    buf_add_char(out, '.');
    add_name(out, name_of(table));
    buf_add_text(out, "\nfor each row execute function public.notify_postern(");
    for (i = 0; i < wish->key_count; i++) {
        buf_add_text(out, i == 0 ? "" : ", ");
        add_literal(out, wish->keys[i]);
    }
    buf_add_text(out, ");\n");
}

static int
check_name(const char *option, struct slice name)
{
    size_t i;

    for (i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == '$')
            break;
    if (name.len > 0 && name.len <= NAME_MAX_BYTES && i == name.len)
        return EXIT_OK;
    return output_error(EXIT_DATA,
                        "%s '%.*s' is no name of 1 to %d bytes without '$'",
                        option, (int)name.len, name.ptr, NAME_MAX_BYTES);
}

/* Every --option of that name. */
static int
take_all(struct cli *cli, const char *option, const char **list, size_t max,
         size_t *count)
{
    const char *value;

    while ((value = args_value(&cli->args, option)) != NULL) {
        if (*count == max)
            return output_error(EXIT_USE, "at most %zu %s", max, option);
        list[(*count)++] = value;
    }
    return EXIT_OK;
}

static int
check(const struct wish *wish)
{
    int code = check_name("the source", slice_of(wish->source));
    const char *c;
    size_t i;

    if (code == EXIT_OK)
        code = check_name("--secret-name", slice_of(wish->secret_name));
    for (i = 0; i < wish->table_count && code == EXIT_OK; i++) {
        code = check_name("--table", schema_of(wish->tables[i]));
        if (code == EXIT_OK)
            code = check_name("--table", name_of(wish->tables[i]));
    }
    for (i = 0; i < wish->key_count && code == EXIT_OK; i++)
        code = check_name("--key", slice_of(wish->keys[i]));
    for (c = wish->url; *c != '\0' && code == EXIT_OK; c++)
        if ((unsigned char)*c <= 0x20 || *c == '$')
            code = output_error(EXIT_DATA, "--url has white space or '$' in "
                                           "it");
    return code;
}

static int
take_wish(struct cli *cli, struct wish *wish)
{
    const char *url = args_value(&cli->args, "--url");
    const char *secret_name = args_value(&cli->args, "--secret-name");
    bool unchecked = args_flag(&cli->args, "--unchecked");
    int code =
        take_all(cli, "--table", wish->tables, TABLES_MAX, &wish->table_count);

    if (code == EXIT_OK)
        code =
            take_all(cli, "--key", wish->keys, COLUMNS_MAX, &wish->key_count);
    wish->source = args_word(&cli->args);
    (void)snprintf(wish->url, sizeof(wish->url), "%s", url == NULL ? "" : url);
    wish->unchecked = unchecked;
    wish->secret_name = secret_name == NULL ? "postern_secret" : secret_name;
    if (wish->table_count == 0)
        wish->tables[wish->table_count++] = "your_table";
    if (wish->key_count == 0)
        wish->keys[wish->key_count++] = "id";
    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    if (code == EXIT_OK && wish->source == NULL)
        code = output_error(EXIT_USE,
                            "source sql needs the NAME of a source, such as "
                            "supabase");
    if (code == EXIT_OK && url != NULL && strlen(url) >= sizeof(wish->url))
        code = output_error(EXIT_DATA, "--url is longer than %d bytes",
                            SOURCE_TEXT_MAX);
    return code == EXIT_OK ? check(wish) : code;
}

/* The source has to be one that takes what the trigger sends: a body in our own
   shape, with our own signature. */
static int
check_source(struct cli *cli, struct wish *wish)
{
    struct source_ref ref = source_ref_of(slice_of(wish->source));
    struct source_row row;
    int code = cli_sealer(cli);

    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code == EXIT_OK)
        code = source_show_result(
            cli, wish->source,
            store_source_get(cli->db, cli->sealer, 0, &ref, &row), SOURCE_DONE,
            "read the source");
    if (code != EXIT_OK)
        return code;
    if (strcmp(row.provider, "supabase") != 0)
        code = output_error(EXIT_DATA,
                            "%s is a source of provider %s, which does not "
                            "take what this SQL sends; `postern source add "
                            "NAME --provider supabase` makes one that does",
                            wish->source, row.provider);
    else if (wish->url[0] == '\0' && row.options.public_url != NULL)
        (void)snprintf(wish->url, sizeof(wish->url), "%s",
                       row.options.public_url);
    source_row_free(&row);
    return code;
}

/* No address is made up: rows would go to whoever has it. */
static int
check_url(const struct wish *wish)
{
    if (wish->url[0] != '\0')
        return EXIT_OK;
    return output_error(EXIT_USE,
                        "source sql needs the address of %s: give --url URL%s"
                        "%s%s",
                        wish->source,
                        wish->unchecked ? "" : ", or `postern source set ",
                        wish->unchecked ? "" : wish->source,
                        wish->unchecked ? "" : " public_url=URL`");
}

static int
print_sql(const struct cli *cli, const struct wish *wish)
{
    struct buf sql = BUF_INIT(SQL_MAX), line = BUF_INIT(SQL_MAX * 7);
    int code = EXIT_OK;
    size_t i;

    add_secret(&sql, wish);
    add_function(&sql, wish);
    for (i = 0; i < wish->table_count; i++)
        add_trigger(&sql, wish, wish->tables[i]);
    if (!buf_ok(&sql)) {
        code = output_error(EXIT_DATA, "the SQL would be too long");
    } else if (cli->json) {
        buf_add_char(&line, '{');
        member_slice(&line, "sql", buf_slice(&sql));
        buf_add_char(&line, '}');
        output_line(buf_slice(&line));
    } else {
        fwrite(sql.data, 1, sql.len, stdout);
    }
    buf_free(&line);
    buf_free(&sql);
    return code;
}

static int
run_sql(struct cli *cli)
{
    struct wish wish = {.url = ""};
    int code = take_wish(cli, &wish);

    if (code == EXIT_OK && !wish.unchecked)
        code = check_source(cli, &wish);
    if (code == EXIT_OK)
        code = check_url(&wish);
    if (code == EXIT_OK)
        code = check(&wish);
    return code == EXIT_OK ? print_sql(cli, &wish) : code;
}

const struct command source_sql_commands[] = {
    {"source", "sql",
     "NAME [--table [SCHEMA.]TABLE]... [--key COLUMN]... [--url URL] "
     "[--secret-name NAME] [--unchecked]",
     "print SQL for Supabase: a trigger that sends signed webhooks to that "
     "source (--unchecked: without a database, whether there is one or not)",
     run_sql},
    {NULL, NULL, NULL, NULL, NULL},
};
