/*
 * migrate.c - `postern migrate`: the schema of the database.
 */
#include "commands.h"

#include "member.h"
#include "output.h"
#include "schema.h"

#include <stdio.h>

#define WHY_MAX 2048

static int
read_status(struct cli *cli, struct schema_status *status)
{
    enum db_result result;
    int code = cli_finish_args(cli);

    if (code == EXIT_OK)
        code = cli_db(cli);
    if (code != EXIT_OK)
        return code;
    result = schema_read_status(cli->db, status);
    return result == DB_OK
               ? EXIT_OK
               : cli_db_error(cli, result, "read the schema version");
}

/* 0 when the database has everything this program needs. */
static int
run_status(struct cli *cli)
{
    struct schema_status status;
    int code = read_status(cli, &status);

    if (code != EXIT_OK)
        return code;
    if (cli->json) {
        struct buf out = BUF_INIT(WHY_MAX);

        buf_add_char(&out, '{');
        member_u64(&out, "applied", status.applied);
        member_u64(&out, "known", status.known);
        member_u64(&out, "changed", status.changed);
        buf_add_char(&out, '}');
        output_line(buf_slice(&out));
        buf_free(&out);
    } else {
        output_note("database %s: schema %u; this program knows %u",
                    cli->settings.db_name, status.applied, status.known);
        if (status.changed != 0)
            output_note("migration %u was changed after it was applied",
                        status.changed);
    }
    return status.applied >= status.known && status.changed == 0
               ? EXIT_OK
               : EXIT_UNHEALTHY;
}

/* The SQL itself, for hosts where only a web page can run it. */
static int
run_plan(struct cli *cli)
{
    struct schema_status status;
    int code = read_status(cli, &status);
    size_t i;

    if (code != EXIT_OK)
        return code;
    for (i = 0; i < schema_migration_count; i++) {
        const struct migration *step = &schema_migrations[i];
        struct buf out = BUF_INIT(2 * step->sql_len + WHY_MAX);

        if (step->version <= status.applied)
            continue;
        if (cli->json) {
            buf_add_char(&out, '{');
            member_u64(&out, "version", step->version);
            member_text(&out, "name", step->name);
            member_slice(&out, "sql", slice_make(step->sql, step->sql_len));
            buf_add_char(&out, '}');
        } else {
            buf_addf(&out, "-- %04u_%s\n", step->version, step->name);
            buf_add(&out, step->sql, step->sql_len);
        }
        output_line(buf_slice(&out));
        buf_free(&out);
    }
    if (status.applied >= status.known)
        output_note("nothing to do: schema %u", status.applied);
    return EXIT_OK;
}

static void
tell_step(void *arg, const struct migration *step)
{
    const struct cli *cli = arg;

    if (!cli->json)
        output_note("applying %04u_%s", step->version, step->name);
}

static int
failure_code(enum db_result result)
{
    if (result == DB_BROKEN)
        return EXIT_CONFIG;
    return result == DB_AWAY ? EXIT_UNREACHABLE : EXIT_LATER;
}

static int
run_up(struct cli *cli)
{
    struct buf why = BUF_INIT(WHY_MAX);
    struct schema_status before, after;
    enum db_result result;
    int code = read_status(cli, &before);

    if (code != EXIT_OK)
        return code;
    result = schema_migrate(cli->db, tell_step, cli, &why);
    if (result != DB_OK && why.len > 0)
        code = output_error(failure_code(result), "%s", why.data);
    else if (result != DB_OK)
        code = cli_db_error(cli, result, "migrate");
    if (code == EXIT_OK) {
        result = schema_keep_partitions(cli->db, &cli->settings);
        if (result != DB_OK)
            code = cli_db_error(cli, result, "make the daily partitions");
    }
    if (code == EXIT_OK && schema_read_status(cli->db, &after) == DB_OK) {
        if (cli->json)
            printf("{\"before\":%u,\"after\":%u}\n", before.applied,
                   after.applied);
        else
            output_note("database %s has schema %u", cli->settings.db_name,
                        after.applied);
    }
    buf_free(&why);
    return code;
}

const struct command migrate_commands[] = {
    {"migrate", "up", "", "bring the database to the schema of this program",
     run_up},
    {"migrate", "status", "", "which schema there is; exit code 1 if too old",
     run_status},
    {"migrate", "plan", "", "print the SQL that `migrate up` would run",
     run_plan},
    {NULL, NULL, NULL, NULL, NULL},
};
