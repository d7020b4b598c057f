/*
 * replay_words.c - how `postern replay` shows a replay.
 */
#include "replay_words.h"

#include "clock.h"
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES (64 * 1024)
#define LOOK_MS 200
#define COUNT_US (2 * CLOCK_US_PER_S) /* for what is not waited for */

static void
print_json(const struct replay *replay)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);

    replay_print(replay, &line);
    output_line(buf_slice(&line));
    buf_free(&line);
}

void
replay_words_list(const struct cli *cli, const struct replay_list *list)
{
    static const char *const headings[] = {
        "ID",   "KIND",    "STATUS",  "WEBHOOK", "PLANNED", "MADE",
        "LIVE", "SKIPPED", "CREATED", "ENDED",   NULL};
    struct table table;
    char text[ID_TEXT_MAX];
    size_t i;

    table_init(&table, headings);
    for (i = 0; i < list->count; i++) {
        const struct replay *replay = &list->rows[i];

        if (cli->json) {
            print_json(replay);
            continue;
        }
        id_format(ID_REPLAY, replay->id, text);
        table_row(&table);
        table_cell(&table, text);
        table_cell(&table, replay_kind_name(replay->kind));
        table_cell(&table, replay_status_name(replay->status));
        if (replay->subscription_id == 0)
            table_cell(&table, "all");
        else
            table_cell_u64(&table, replay->subscription_id);
        table_cell_u64(&table, replay->planned);
        table_cell_u64(&table, replay->made);
        table_cell_u64(&table, replay->live_count);
        table_cell_u64(&table, replay->skipped);
        table_cell_time(&table, replay->created_at_us);
        table_cell_time(&table, replay->finished_at_us);
    }
    if (!cli->json)
        table_print(&table, "no replay");
}

static void
print_text(const struct replay *replay)
{
    char id[ID_TEXT_MAX], since[CLOCK_TEXT_MAX] = "the beginning";
    char until[CLOCK_TEXT_MAX];

    id_format(ID_REPLAY, replay->id, id);
    if (replay->since_us != 0)
        clock_format_rfc3339(replay->since_us, since);
    clock_format_rfc3339(replay->until_us, until);
    printf("id         %s\nkind       %s\nstatus     %s%s%s\n", id,
           replay_kind_name(replay->kind), replay_status_name(replay->status),
           replay->error == NULL ? "" : ": ",
           replay->error == NULL ? "" : replay->error);
    if (replay->subscription_id != 0)
        printf("webhook    %u\n", replay->subscription_id);
    printf("from       %s\nto         %s\n", since, until);
    printf("planned    %" PRIu64 "\nmade       %" PRIu64
           "\nlive       %zu\nsucceeded  %" PRIu64 "\nfailed     %" PRIu64
           "\ncancelled  %" PRIu64 "\nskipped    %" PRIu64 "\n",
           replay->planned, replay->made, replay->live_count, replay->succeeded,
           replay->failed, replay->cancelled, replay->skipped);
    if (replay->status == REPLAY_PLANNED)
        output_note("run it with: postern replay confirm %s", id);
}

/* One line that is written over. */
static void
print_progress(const struct replay *replay)
{
    fprintf(stderr,
            "\r%s: %" PRIu64 " of %" PRIu64 " made, %zu live, %" PRIu64
            " succeeded, %" PRIu64 " failed  ",
            replay_status_name(replay->status), replay->made, replay->planned,
            replay->live_count, replay->succeeded, replay->failed);
    fflush(stderr);
}

/* There is nothing to wait for. */
static bool
is_enough(const struct replay *replay, bool wait, int64_t end_us)
{
    if (replay->status == REPLAY_COUNTING)
        return !wait && clock_mono_us() >= end_us;
    return !wait || replay->status != REPLAY_RUNNING;
}

static int
end_code(const struct replay *replay, bool wait)
{
    if (!wait || replay->status == REPLAY_PLANNED)
        return EXIT_OK;
    return replay->status == REPLAY_DONE && replay->failed == 0 &&
                   replay->cancelled == 0
               ? EXIT_OK
               : EXIT_UNHEALTHY;
}

static int
show(const struct cli *cli, const struct replay *replay, bool wait)
{
    if (cli->json)
        print_json(replay);
    else
        print_text(replay);
    return end_code(replay, wait);
}

int
replay_words_follow(struct cli *cli, uint64_t id, bool wait)
{
    const struct timespec pause = {0, LOOK_MS * 1000000L};
    int64_t end_us = clock_mono_us() + COUNT_US;
    bool shows = wait && !cli->json && isatty(STDERR_FILENO) != 0;

    for (;;) {
        struct replay replay;
        enum db_result result = store_replay_get(cli->db, 0, id, &replay);
        bool enough;
        int code;

        if (result == DB_NONE)
            return output_error(EXIT_NONE, "there is no such replay; "
                                           "`postern replay list` shows them");
        if (result != DB_OK)
            return cli_db_error(cli, result, "read the replay");
        enough = is_enough(&replay, wait, end_us);
        if (shows)
            print_progress(&replay);
        if (shows && enough)
            putc('\n', stderr);
        code = enough ? show(cli, &replay, wait) : EXIT_OK;
        replay_free(&replay);
        if (enough)
            return code;
        (void)nanosleep(&pause, NULL);
    }
}
