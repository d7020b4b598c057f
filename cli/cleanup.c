/*
 * cleanup.c - `postern cleanup`: history that is past its time, removed now
 * rather than tonight; and how that stands.
 */
#include "commands.h"

#include "cleanup.h"
#include "clock.h"
#include "member.h"
#include "output.h"
#include "upkeep.h"

#include <stdio.h>

#define LINE_MAX_BYTES 4096

static void
print_json(const struct cleanup *done)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    size_t i;

    buf_add_char(&line, '{');
    member_bool(&line, "complete", !done->busy);
    for (i = 0; i < PARTITIONS_TABLES; i++) {
        member_name(&line, partitions_name(i));
        buf_add_char(&line, '{');
        member_u64(&line, "days", done->days[i]);
        member_u64(&line, "rows", done->expiry.removed[i]);
        buf_add_char(&line, '}');
    }
    buf_add_char(&line, '}');
    output_line(buf_slice(&line));
    buf_free(&line);
}

static void
print_text(const struct cleanup *done)
{
    size_t i;

    for (i = 0; i < PARTITIONS_TABLES; i++)
        printf("%-11s %llu days, and %llu rows of applications with a shorter "
               "retention\n",
               partitions_name(i), (unsigned long long)done->days[i],
               (unsigned long long)done->expiry.removed[i]);
    if (done->busy)
        output_note("a table was in use: the rest goes the next time");
}

static int
run_now(struct cli *cli)
{
    struct upkeep upkeep = {.settings = NULL};
    enum db_result result;
    int code = cli_finish_args(cli);
    bool done;

    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    upkeep_begin(&upkeep, &cli->settings, UPKEEP_CLEANUP_NOW);
    do
        result = upkeep_step(&upkeep, cli->db, &done);
    while (!done);
    if (result != DB_OK)
        return cli_db_error(cli, result, "clean up");
    if (cli->json)
        print_json(&upkeep.cleanup);
    else
        print_text(&upkeep.cleanup);
    return upkeep.cleanup.busy ? EXIT_LATER : EXIT_OK;
}

static int
run_status(struct cli *cli)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    char last[CLOCK_TEXT_MAX] = "never", next[CLOCK_TEXT_MAX] = "now";
    enum db_result result = DB_OK;
    int64_t last_us = 0, due_us;
    int code = cli_finish_args(cli);

    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code == EXIT_OK) {
        result = cleanup_read_last(cli->db, &last_us);
        if (result != DB_OK)
            code = cli_db_error(cli, result, "read the last cleanup");
    }
    if (code != EXIT_OK)
        return code;
    due_us = cleanup_due_us(&cli->settings, db_now_us(cli->db));
    if (last_us >= due_us)
        due_us += CLOCK_US_PER_DAY;
    if (cli->json) {
        buf_add_char(&line, '{');
        member_time(&line, "last", last_us);
        member_time(&line, "next", due_us);
        buf_add_char(&line, '}');
        output_line(buf_slice(&line));
    } else {
        if (last_us != 0)
            clock_format_rfc3339(last_us, last);
        if (due_us > db_now_us(cli->db))
            clock_format_rfc3339(due_us, next);
        printf("done for    %s\nnext        %s\n", last, next);
    }
    buf_free(&line);
    return EXIT_OK;
}

const struct command cleanup_commands[] = {
    {"cleanup", "run", "", "remove what is past its retention now", run_now},
    {"cleanup", "status", "",
     "for which time that has been done last, and when it is next", run_status},
    {NULL, NULL, NULL, NULL, NULL},
};
