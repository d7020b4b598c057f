/*
 * test_scheduler_read.c - unit tests for worker/schedule/scheduler_read.c and
 * scheduler_heads.c: which lanes are read, and what stays in memory.
 *
 * A table of jobs stands for the database.
 */
#include "scheduler_fixture.h"

struct table {
    struct job_row rows[4000];
    size_t count;
};

static int
by_due(const void *left, const void *right)
{
    const struct job_row *a = left, *b = right;

    if (a->due_us != b->due_us)
        return a->due_us < b->due_us ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* SELECT ... WHERE lane = ? AND due >= ? ORDER BY due, id LIMIT ?; new tasks
   become ready. Returns how many. */
static size_t
answer(struct scheduler *s, struct table *table, const struct lane_read *read,
       int64_t now_db)
{
    const struct scheduler_now at = {now_db, NOW + (now_db - NOW_DB)};
    size_t i, given = 0, taken = 0;

    qsort(table->rows, table->count, sizeof(table->rows[0]), by_due);
    for (i = 0; i < table->count && given < read->limit; i++) {
        struct task *task;

        if (table->rows[i].lane != read->lane ||
            table->rows[i].due_us < read->from_us)
            continue;
        given++;
        task = scheduler_offer_read(s, &table->rows[i], &at);
        if (task == NULL)
            continue;
        scheduler_ready(s, task);
        taken++;
    }
    scheduler_end_read(s, read, &at, false);
    return taken;
}

static void
remove_row(struct table *table, uint64_t id)
{
    size_t i;

    for (i = 0; i < table->count; i++) {
        if (table->rows[i].id == id)
            table->rows[i] = table->rows[--table->count];
    }
}

static void
look_at_heads(struct scheduler *s, struct table *table, int64_t now_db)
{
    const struct scheduler_now at = {now_db, NOW + (now_db - NOW_DB)};
    static struct lane_head heads[4000];
    size_t i, k;

    for (i = 0; i < table->count; i++) {
        heads[i] = (struct lane_head){
            .lane = table->rows[i].lane,
            .shard = table->rows[i].shard,
            .due_us = table->rows[i].due_us,
        };
        for (k = 0; k < table->count; k++) {
            if (table->rows[k].lane == heads[i].lane &&
                table->rows[k].due_us < heads[i].due_us)
                heads[i].due_us = table->rows[k].due_us;
        }
    }
    tell_heads(s, heads, table->count, &at);
}

/* Reads and runs until nothing is left to do. */
static size_t
work_off(struct scheduler *s, struct table *table, int64_t now_db)
{
    int64_t at_us = NOW + (now_db - NOW_DB);
    struct lane_read reads[8];
    size_t done = 0, n, i;

    do {
        struct task *task;

        n = scheduler_plan_reads(s, reads, 8);
        for (i = 0; i < n; i++)
            (void)answer(s, table, &reads[i], now_db);
        while ((task = next_at(s, at_us)) != NULL) {
            remove_row(table, task->job.id);
            finish_at(s, task, at_us);
            done++;
        }
    } while (n > 0);
    return done;
}

static void
fill(struct table *table, size_t count, uint32_t lanes, bool same_time)
{
    size_t i;

    table->count = 0;
    for (i = 0; i < count; i++) {
        struct job_row row = job(i + 1, 1 + (uint32_t)i % lanes);

        row.due_us = NOW_DB - 100000 + (same_time ? 0 : (int64_t)i);
        table->rows[table->count++] = row;
    }
}

static void
test_backlog_is_read_to_the_end(void)
{
    static struct table table;
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 20, 100);

    fill(&table, 2000, 3, false);
    look_at_heads(s, &table, NOW_DB);
    CU_ASSERT_EQUAL(scheduler_counts(s).lanes, 3);
    CU_ASSERT_EQUAL(work_off(s, &table, NOW_DB), 2000);
    CU_ASSERT_EQUAL(table.count, 0);
    look_at_heads(s, &table, NOW_DB);
    CU_ASSERT_EQUAL(scheduler_counts(s).lanes, 0); /* empty lanes go */
    scheduler_free(s);
}

/* One statement may insert a thousand jobs with one time. */
static void
test_backlog_of_one_moment(void)
{
    static struct table table;
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 20, 40);

    fill(&table, 1000, 1, true);
    look_at_heads(s, &table, NOW_DB);
    CU_ASSERT_EQUAL(work_off(s, &table, NOW_DB), 1000);
    CU_ASSERT_EQUAL(table.count, 0);
    scheduler_free(s);
}

static void
test_memory_is_bounded(void)
{
    static struct table table;
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 20, 100);
    struct lane_read reads[8];
    struct job_row late = job(5000, 99);
    size_t n, i;

    fill(&table, 4000, 8, false);
    look_at_heads(s, &table, NOW_DB);
    do {
        n = scheduler_plan_reads(s, reads, 8);
        for (i = 0; i < n; i++)
            (void)answer(s, &table, &reads[i], NOW_DB);
    } while (n > 0);
    CU_ASSERT(scheduler_counts(s).tasks <= 108); /* the eight's first ones */
    CU_ASSERT(scheduler_counts(s).tasks >= 50);
    /* However full: a lane that has nothing gets its first job in. */
    CU_ASSERT_PTR_NOT_NULL(offer_ready(s, late));
    clear(s);
}

static void
test_future_jobs_wait(void)
{
    static struct table table;
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 20, 100);
    struct lane_read reads[8];

    fill(&table, 2, 1, false);
    table.rows[1].due_us = NOW_DB + 3000000;
    look_at_heads(s, &table, NOW_DB);
    CU_ASSERT_EQUAL(work_off(s, &table, NOW_DB), 1);
    /* The read saw the second one and knows when it is due. */
    CU_ASSERT_EQUAL(scheduler_next_due(s), NOW + 3000000);
    scheduler_tick(s, NOW + 2999999);
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 8), 0);
    scheduler_tick(s, NOW + 3000000);
    CU_ASSERT_EQUAL(scheduler_next_due(s), INT64_MAX);
    CU_ASSERT_EQUAL(work_off(s, &table, NOW_DB + 3000000), 1);
    scheduler_free(s);
}

static void
test_retry_comes_back(void)
{
    static struct table table;
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 20, 100);
    struct task *task;

    fill(&table, 1, 1, false);
    task = offer_ready(s, table.rows[0]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_PTR_EQUAL(next(s), task);
    end_at(s, task, OUTCOME_RETRY, FEEDBACK_BAD, NOW);
    table.rows[0].due_us = NOW_DB + 2000000;
    table.rows[0].attempts = 1;
    scheduler_expect(s, task, NOW + 2000000);
    scheduler_forget(s, task);
    free(task);
    CU_ASSERT_EQUAL(scheduler_next_due(s), NOW + 2000000);
    /* The tail may see the row again: it is not due. */
    CU_ASSERT_PTR_NULL(offer_ready(s, table.rows[0]));
    scheduler_tick(s, NOW + 2000000);
    CU_ASSERT_EQUAL(work_off(s, &table, NOW_DB + 2000000), 1);
    scheduler_free(s);
}

/* A transaction that began early and committed late leaves a row below the
   mark; the heads find it. */
static void
test_late_commit_is_found(void)
{
    static struct table table;
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 20, 100);
    struct task *task;

    fill(&table, 5, 1, false);
    look_at_heads(s, &table, NOW_DB);
    CU_ASSERT_EQUAL(work_off(s, &table, NOW_DB), 5);
    table.rows[0] = job(900, 1);
    table.rows[0].due_us = NOW_DB - 500000; /* before all of them */
    table.count = 1;
    CU_ASSERT_EQUAL(work_off(s, &table, NOW_DB), 0);
    look_at_heads(s, &table, NOW_DB);
    CU_ASSERT_EQUAL(work_off(s, &table, NOW_DB), 1);
    /* And also while the lane has others in memory. */
    task = offer_ready(s, job(901, 1));
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    table.rows[0] = task->job;
    table.rows[1] = job(902, 1);
    table.rows[1].due_us = NOW_DB - 600000;
    table.count = 2;
    look_at_heads(s, &table, NOW_DB);
    CU_ASSERT_EQUAL(work_off(s, &table, NOW_DB), 2);
    CU_ASSERT_EQUAL(table.count, 0);
    scheduler_free(s);
}

static void
test_put_back_is_read_again(void)
{
    static struct table table;
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 20, 100);
    struct task *task;

    fill(&table, 1, 1, false);
    task = offer_ready(s, table.rows[0]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_PTR_EQUAL(next(s), task);
    end_at(s, task, OUTCOME_DROPPED, FEEDBACK_NONE, NOW);
    scheduler_put_back(s, task);
    free(task);
    CU_ASSERT_EQUAL(work_off(s, &table, NOW_DB), 1);
    scheduler_free(s);
}

/* A kind of job that a later version knows must neither run nor hide others. */
static void
test_foreign_kinds_are_left_alone(void)
{
    static struct table table;
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 20, 100);
    struct lane_read reads[8];

    fill(&table, 30, 1, false);
    table.rows[0].kind = 78;
    table.rows[7].kind = 77;
    CU_ASSERT_PTR_NULL(offer_ready(s, table.rows[0]));
    look_at_heads(s, &table, NOW_DB);
    CU_ASSERT_EQUAL(work_off(s, &table, NOW_DB), 28);
    CU_ASSERT_EQUAL(table.count, 2);
    /* They do not keep us reading for ever. */
    look_at_heads(s, &table, NOW_DB);
    (void)work_off(s, &table, NOW_DB);
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 8), 0);
    scheduler_free(s);
}

static void
test_failed_read_changes_nothing(void)
{
    static struct table table;
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 20, 100);
    struct lane_read reads[8];

    fill(&table, 10, 1, false);
    look_at_heads(s, &table, NOW_DB);
    CU_ASSERT_EQUAL_FATAL(scheduler_plan_reads(s, reads, 8), 1);
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 8), 0); /* under way */
    scheduler_end_read(s, &reads[0], &now, true);
    CU_ASSERT_EQUAL(work_off(s, &table, NOW_DB), 10);
    scheduler_free(s);
}

/* It was to be read while it was alone; then others came and took their share
   of the memory. */
static void
test_share_shrinks_before_the_read(void)
{
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 100, 1000);
    struct lane_head missed = head_of(1, NOW_DB - 5000);
    struct lane_read reads[8];
    uint32_t i;

    for (i = 0; i < 200; i++)
        (void)offer_ready(s, job(i + 1, 1));
    scheduler_begin_heads(s);
    scheduler_head(s, &missed, &now);
    CU_ASSERT_EQUAL(scheduler_counts(s).hungry, 1);
    for (i = 0; i < 30; i++)
        CU_ASSERT_PTR_NOT_NULL(offer_ready(s, job(1000 + i, 2 + i)));
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 8), 0);
    CU_ASSERT_EQUAL(scheduler_counts(s).hungry, 0);
    clear(s);
}

/* Two lanes that do not get on have filled the memory. */
static void
test_full_memory_shuts_nobody_out(void)
{
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 25, 20);
    struct lane_head backlog[] = {
        head_of(1, NOW_DB - 5000),
        head_of(2, NOW_DB - 5000),
        head_of(3, NOW_DB - 5000),
    };
    struct lane_read reads[8];
    uint32_t i;

    for (i = 0; i < 20; i++)
        CU_ASSERT_PTR_NOT_NULL(offer_ready(s, job(i + 1, 1 + i % 2)));
    scheduler_begin_heads(s);
    for (i = 0; i < 3; i++)
        scheduler_head(s, &backlog[i], &now);
    CU_ASSERT_EQUAL_FATAL(scheduler_plan_reads(s, reads, 8), 1);
    CU_ASSERT_EQUAL(reads[0].lane, LANE(3));
    CU_ASSERT_EQUAL(reads[0].limit, 1);
    scheduler_end_read(s, &reads[0], &now, false);
    clear(s);
}

/* One place is left in the quarter of the memory that new ones have: only one
   of those who wait is read for it. */
static void
test_no_more_is_read_than_finds_room(void)
{
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make_new(&plan, 100, 40);
    struct lane_read reads[8];
    uint32_t i;

    for (i = 0; i < 9; i++)
        CU_ASSERT_PTR_NOT_NULL(offer_ready(s, job(i + 1, 1 + i)));
    scheduler_begin_heads(s);
    for (i = 0; i < 8; i++) {
        const struct lane_head head = head_of(20 + i, NOW_DB - 5000);

        scheduler_head(s, &head, &now);
    }
    CU_ASSERT_EQUAL_FATAL(scheduler_plan_reads(s, reads, 8), 1);
    CU_ASSERT_EQUAL(scheduler_counts(s).hungry, 7);
    scheduler_end_read(s, &reads[0], &now, false);
    clear(s);
}

/* Lanes share the memory for events evenly. */
static void
test_large_events_are_few(void)
{
    struct scheduler_limits limits = limits_of(100, 1000);
    struct plan plan = {.mode = LANE_REMOTE, .window = 1};
    struct lane_head head = head_of(3, NOW_DB - 5000);
    struct scheduler *s;
    struct lane_read read;
    size_t i, taken = 0;

    limits.bytes = 80000;
    limits.event_bytes = 5000;
    s = scheduler_new(&limits, setup, &plan);
    prove(s, 1);
    prove(s, 3);
    for (i = 0; i < 50; i++) {
        struct job_row row = job(i + 1, 1);
        struct task *task = scheduler_offer(s, &row, &now);

        if (task == NULL)
            continue;
        taken++;
        task->event_bytes = 10; /* smaller than they might have been */
        scheduler_ready(s, task);
    }
    /* The first ones tell how large they are, and so more get in. */
    CU_ASSERT(taken >= 20);
    for (i = 0; i < taken; i++)
        finish(s, next(s));
    for (i = 0; i < 9; i++) {
        struct job_row row = job(100 + i, 3);
        struct task *task = scheduler_offer(s, &row, &now);

        CU_ASSERT_PTR_NOT_NULL_FATAL(task);
        task->event_bytes = 2500;
        scheduler_ready(s, task);
    }
    scheduler_begin_heads(s);
    scheduler_head(s, &head, &now);
    /* Sixteen of them fit, nine are there: not worth a read. */
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, &read, 1), 0);
    clear(s);
}

/* Eight receivers that do not answer, each with all the large events that it
   was allowed while it did. */
static void
test_dead_ones_give_their_memory_back(void)
{
    struct scheduler_limits limits = limits_of(100, 1000);
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct task *running[8 * 5];
    struct scheduler *s;
    size_t i, k, n = 0;

    limits.bytes = 100000;
    limits.event_bytes = 1000;
    s = scheduler_new(&limits, setup, &plan);
    for (i = 0; i < 8; i++)
        prove(s, 1 + (uint32_t)i);
    for (i = 0; i < 80; i++) {
        struct job_row row = job(i + 1, 1 + (uint32_t)i % 8);
        struct task *task = scheduler_offer(s, &row, &now);

        if (task == NULL)
            continue;
        task->event_bytes = 1000;
        scheduler_ready(s, task);
    }
    CU_ASSERT(scheduler_counts(s).tasks > 60);
    while (n < 8 * 5 && (running[n] = next(s)) != NULL)
        n++;
    CU_ASSERT_EQUAL(n, 40);
    /* One second later they are slow, and what waits is dropped as soon as the
       slow ones have more than 30 % of the memory. */
    CU_ASSERT_PTR_NULL(next_at(s, NOW + SECOND));
    k = free_dropped(s);
    CU_ASSERT(k > 20);
    CU_ASSERT(scheduler_counts(s).tasks < n + 15);
    for (i = 0; i < n; i++)
        finish(s, running[i]);
    clear(s);
}

/* The delivery loop goes on between two pieces of a look at very many lanes:
   what it starts, ends and drops meanwhile is neither lost nor run twice. */
static void
test_heads_in_pieces_while_jobs_run(void)
{
    enum { LANES = 2500, KEPT = 4 };
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 100, 1000);
    struct lane_head kept[KEPT];
    struct lane_read reads[8];
    struct task *tasks[KEPT] = {NULL};
    size_t pieces = 0, i;

    for (i = 0; i < LANES; i++) {
        const struct lane_head head = head_of(1000 + (uint32_t)i, NOW_DB - 5);

        scheduler_head(s, &head, &now);
    }
    for (i = 0; i < KEPT; i++) {
        kept[i] = head_of(1 + (uint32_t)i, job(i + 1, 1).due_us);
        CU_ASSERT_PTR_NOT_NULL(offer_ready(s, job(i + 1, 1 + (uint32_t)i)));
    }
    CU_ASSERT_EQUAL(scheduler_counts(s).lanes, LANES + KEPT);
    while (scheduler_begin_heads(s))
        continue;
    tasks[0] = next(s);
    for (i = 0; i < KEPT; i++)
        scheduler_head(s, &kept[i], &now);
    tasks[1] = next(s);
    end_at(s, tasks[0], OUTCOME_SUCCESS, FEEDBACK_GOOD, NOW);
    while (scheduler_end_heads(s, every_shard())) {
        if (pieces++ == 0) {
            tasks[2] = next(s);
            end_at(s, tasks[1], OUTCOME_SUCCESS, FEEDBACK_GOOD, NOW);
        }
    }
    CU_ASSERT(pieces >= 2);
    CU_ASSERT_EQUAL(scheduler_counts(s).lanes, KEPT);
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 8), 0);
    tasks[3] = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tasks[3]);
    CU_ASSERT_PTR_NULL(next(s));
    forget(s, tasks[0]);
    forget(s, tasks[1]);
    finish(s, tasks[2]);
    finish(s, tasks[3]);
    clear(s);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a backlog is read to the end", test_backlog_is_read_to_the_end},
        {"a backlog of one moment", test_backlog_of_one_moment},
        {"memory is bounded", test_memory_is_bounded},
        {"heads come in pieces while jobs run",
         test_heads_in_pieces_while_jobs_run},
        {"future jobs wait", test_future_jobs_wait},
        {"a retry comes back", test_retry_comes_back},
        {"a late commit is found", test_late_commit_is_found},
        {"what is put back is read again", test_put_back_is_read_again},
        {"foreign kinds are left alone", test_foreign_kinds_are_left_alone},
        {"a failed read changes nothing", test_failed_read_changes_nothing},
        {"a share that shrinks before the read",
         test_share_shrinks_before_the_read},
        {"full memory shuts nobody out", test_full_memory_shuts_nobody_out},
        {"no more is read than finds room",
         test_no_more_is_read_than_finds_room},
        {"large events are few", test_large_events_are_few},
        {"dead ones give their memory back",
         test_dead_ones_give_their_memory_back},
        CU_TEST_INFO_NULL,
    };

    return unit_run("scheduler_read", tests);
}
