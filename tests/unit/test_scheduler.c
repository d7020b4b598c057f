/*
 * test_scheduler.c - unit tests for worker/scheduler.c, scheduler_turn.c and
 * scheduler_read.c
 *
 * A table of jobs stands for the database, numbers for both clocks.
 */
#include "lane.h"
#include "scheduler.h"
#include "unit.h"

#include <stdbool.h>
#include <stdlib.h>

#define LANE(id) lane_number(LANE_SUBSCRIPTION, (id))
#define NOW_DB INT64_C(1000000000) /* what both clocks say in most tests */
#define NOW INT64_C(5000000)

static const struct scheduler_now now = {NOW_DB, NOW};

/* What every lane is told by its setup. */
struct plan {
    enum lane_mode mode;
    uint32_t window;
};

static void
setup(void *arg, uint64_t lane, struct lane_config *out)
{
    const struct plan *plan = arg;

    (void)lane;
    *out = (struct lane_config){plan->mode, plan->window};
}

static struct scheduler *
make(struct plan *plan, uint32_t slots, size_t tasks)
{
    const struct scheduler_limits limits = {
        .slots = slots,
        .lane_window = 5,
        .tasks = tasks,
    };

    return scheduler_new(&limits, setup, plan);
}

static struct job_row
job(uint64_t id, uint32_t subscription)
{
    return (struct job_row){
        .id = id,
        .lane = LANE(subscription),
        .shard = (uint8_t)lane_shard(LANE(subscription)),
        .event_id = id,
        .due_us = NOW_DB - 1000 + (int64_t)(id % 1000),
        .kind = JOB_DELIVER,
    };
}

static struct task *
offer_ready(struct scheduler *s, struct job_row row)
{
    struct task *task = scheduler_offer(s, &row, &now);

    if (task != NULL)
        scheduler_ready(s, task);
    return task;
}

/* Ends, forgets and frees. */
static void
finish(struct scheduler *s, struct task *task)
{
    scheduler_end(s, task);
    scheduler_forget(s, task);
    free(task);
}

static size_t
free_list(struct task_list *list)
{
    struct task *task;
    size_t n = 0;

    while ((task = task_list_pop(list)) != NULL) {
        free(task);
        n++;
    }
    return n;
}

/* Runs everything that may run, and everything it lets in, to the end. */
static size_t
drain(struct scheduler *s)
{
    struct task *task;
    size_t n = 0;

    while ((task = scheduler_next(s)) != NULL) {
        finish(s, task);
        n++;
    }
    return n;
}

static void
test_lanes_take_turns(void)
{
    struct plan plan = {LANE_REMOTE, 5};
    struct scheduler *s = make(&plan, 100, 1000);
    uint64_t order[6];
    size_t i;

    /* Three jobs of one lane come before three of others. */
    for (i = 0; i < 3; i++)
        (void)offer_ready(s, job(10 + i, 1));
    (void)offer_ready(s, job(20, 2));
    (void)offer_ready(s, job(30, 3));
    (void)offer_ready(s, job(31, 3));
    for (i = 0; i < 6; i++) {
        struct task *task = scheduler_next(s);

        CU_ASSERT_PTR_NOT_NULL_FATAL(task);
        order[i] = task->job.id;
        finish(s, task);
    }
    CU_ASSERT_EQUAL(order[0], 10);
    CU_ASSERT_EQUAL(order[1], 20);
    CU_ASSERT_EQUAL(order[2], 30);
    CU_ASSERT_EQUAL(order[3], 11);
    CU_ASSERT_EQUAL(order[4], 31);
    CU_ASSERT_EQUAL(order[5], 12);
    CU_ASSERT_PTR_NULL(scheduler_next(s));
    scheduler_free(s);
}

static void
test_window(void)
{
    struct plan plan = {LANE_REMOTE, 3};
    struct scheduler *s = make(&plan, 100, 1000);
    struct task *running[3];
    size_t i;

    for (i = 0; i < 10; i++)
        (void)offer_ready(s, job(i + 1, 1));
    for (i = 0; i < 3; i++) {
        running[i] = scheduler_next(s);
        CU_ASSERT_PTR_NOT_NULL_FATAL(running[i]);
    }
    CU_ASSERT_PTR_NULL(scheduler_next(s)); /* the lane is full */
    (void)offer_ready(s, job(50, 2));
    CU_ASSERT_EQUAL(drain(s), 1); /* another one is not */
    finish(s, running[0]);
    running[0] = scheduler_next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(running[0]); /* one out, one in */
    CU_ASSERT_PTR_NULL(scheduler_next(s));
    for (i = 0; i < 3; i++)
        finish(s, running[i]);
    CU_ASSERT_EQUAL(drain(s), 6);
    scheduler_free(s);
}

static void
test_slots_and_share(void)
{
    struct plan plan = {LANE_REMOTE, 1000}; /* wants everything */
    struct scheduler *s = make(&plan, 50, 1000);
    struct task *running[50];
    size_t i, n = 0;

    for (i = 0; i < 100; i++)
        (void)offer_ready(s, job(i + 1, 1));
    while (n < 50 && (running[n] = scheduler_next(s)) != NULL)
        n++;
    CU_ASSERT_EQUAL(n, 10); /* a fifth of the slots */
    for (i = 0; i < 400; i++)
        (void)offer_ready(s, job(i + 1000, 2 + (uint32_t)i % 8));
    while (n < 50 && (running[n] = scheduler_next(s)) != NULL)
        n++;
    CU_ASSERT_EQUAL(n, 50);
    CU_ASSERT_PTR_NULL(scheduler_next(s)); /* no slot is left */
    CU_ASSERT_EQUAL(scheduler_counts(s).running, 50);
    for (i = 0; i < n; i++)
        finish(s, running[i]);
    (void)drain(s);
    CU_ASSERT_EQUAL(scheduler_counts(s).running, 0);
    scheduler_free(s);
}

static void
test_fresh_before_retries(void)
{
    struct plan plan = {LANE_REMOTE, 5};
    struct scheduler *s = make(&plan, 100, 1000);
    size_t i, retries = 0;

    for (i = 0; i < 50; i++) {
        struct job_row row = job(i + 1, 1);

        (void)offer_ready(s, row);
        row = job(i + 101, 2);
        row.attempts = 1;
        (void)offer_ready(s, row);
    }
    for (i = 0; i < 50; i++) {
        struct task *task = scheduler_next(s);

        CU_ASSERT_PTR_NOT_NULL_FATAL(task);
        retries += task->job.attempts > 0;
        finish(s, task);
    }
    CU_ASSERT_EQUAL(retries, 5); /* a tenth of the turns */
    CU_ASSERT_EQUAL(drain(s), 50);
    scheduler_free(s);
}

static void
test_known_is_not_taken_twice(void)
{
    struct plan plan = {LANE_REMOTE, 5};
    struct scheduler *s = make(&plan, 100, 1000);
    const struct job_row row = job(1, 1);
    struct task *task = scheduler_offer(s, &row, &now);

    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_PTR_NULL(scheduler_offer(s, &row, &now)); /* loading */
    scheduler_ready(s, task);
    CU_ASSERT_PTR_NULL(scheduler_offer(s, &row, &now)); /* ready */
    CU_ASSERT_PTR_EQUAL(scheduler_next(s), task);
    CU_ASSERT_PTR_NULL(scheduler_offer(s, &row, &now)); /* running */
    scheduler_end(s, task);
    CU_ASSERT_PTR_NULL(scheduler_offer(s, &row, &now)); /* not committed */
    CU_ASSERT_PTR_NULL(scheduler_adopt(s, &row));
    scheduler_forget(s, task);
    free(task);
    task = scheduler_offer(s, &row, &now); /* a new life */
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    scheduler_forget(s, task);
    free(task);
    scheduler_free(s);
}

static void
test_held_lane(void)
{
    struct plan plan = {LANE_REMOTE, 5};
    struct scheduler *s = make(&plan, 100, 1000);
    struct task_list dropped = TASK_LIST_INIT;
    struct lane_read reads[4];
    struct job_row test = job(9, 1);

    (void)offer_ready(s, job(1, 1));
    plan.mode = LANE_HELD;
    scheduler_reconfigure(s, &dropped);
    CU_ASSERT_EQUAL(free_list(&dropped), 1);
    CU_ASSERT_PTR_NULL(offer_ready(s, job(2, 1)));
    CU_ASSERT_PTR_NULL(scheduler_next(s));
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 4), 0);
    /* A test runs all the same. */
    test.test = true;
    CU_ASSERT_PTR_NOT_NULL(offer_ready(s, test));
    CU_ASSERT_EQUAL(drain(s), 1);
    /* Resumed: what waits in the database is read. */
    plan.mode = LANE_REMOTE;
    scheduler_reconfigure(s, &dropped);
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 4), 1);
    CU_ASSERT_EQUAL(reads[0].lane, LANE(1));
    scheduler_end_read(s, &reads[0], &now, false);
    scheduler_free(s);
}

static void
test_local_lanes(void)
{
    struct plan plan = {LANE_LOCAL, 5};
    struct scheduler *s = make(&plan, 1, 1000);
    struct task *tasks[20];
    size_t i, n = 0;

    for (i = 0; i < 20; i++)
        (void)offer_ready(s, job(i + 1, 1));
    CU_ASSERT_PTR_NULL(scheduler_next(s)); /* not the loop's work */
    /* Neither slots nor windows bound it. */
    while (n < 20 && (tasks[n] = scheduler_next_local(s)) != NULL)
        n++;
    CU_ASSERT_EQUAL(n, 20);
    CU_ASSERT_EQUAL(scheduler_counts(s).running, 0);
    for (i = 0; i < n; i++)
        finish(s, tasks[i]);
    scheduler_free(s);
}

/* --- reading: a table in place of the database --------------------------- */

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
    size_t i, k;

    scheduler_begin_heads(s);
    for (i = 0; i < table->count; i++) {
        struct lane_head head = {
            .lane = table->rows[i].lane,
            .shard = table->rows[i].shard,
            .due_us = table->rows[i].due_us,
        };

        for (k = 0; k < table->count; k++) {
            if (table->rows[k].lane == head.lane &&
                table->rows[k].due_us < head.due_us)
                head.due_us = table->rows[k].due_us;
        }
        scheduler_head(s, &head, &at);
    }
    scheduler_end_heads(s);
}

/* Reads and runs until nothing is left to do. */
static size_t
work_off(struct scheduler *s, struct table *table, int64_t now_db)
{
    struct lane_read reads[8];
    size_t done = 0, n, i;

    do {
        struct task *task;

        n = scheduler_plan_reads(s, reads, 8);
        for (i = 0; i < n; i++)
            (void)answer(s, table, &reads[i], now_db);
        while ((task = scheduler_next(s)) != NULL) {
            remove_row(table, task->job.id);
            finish(s, task);
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
    struct plan plan = {LANE_REMOTE, 5};
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
    struct plan plan = {LANE_REMOTE, 5};
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
    struct plan plan = {LANE_REMOTE, 5};
    struct scheduler *s = make(&plan, 20, 100);
    struct lane_read reads[8];
    struct job_row late = job(5000, 99);
    struct task_list dropped = TASK_LIST_INIT;
    size_t n, i;
    uint32_t shard;

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
    for (shard = 0; shard < LANE_SHARDS; shard++)
        scheduler_leave_shard(s, shard, false, &dropped);
    (void)free_list(&dropped);
    CU_ASSERT_EQUAL(scheduler_counts(s).tasks, 0);
    scheduler_free(s);
}

static void
test_future_jobs_wait(void)
{
    static struct table table;
    struct plan plan = {LANE_REMOTE, 5};
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
    struct plan plan = {LANE_REMOTE, 5};
    struct scheduler *s = make(&plan, 20, 100);
    struct task *task;

    fill(&table, 1, 1, false);
    task = offer_ready(s, table.rows[0]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_PTR_EQUAL(scheduler_next(s), task);
    scheduler_end(s, task);
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
    struct plan plan = {LANE_REMOTE, 5};
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
    struct plan plan = {LANE_REMOTE, 5};
    struct scheduler *s = make(&plan, 20, 100);
    struct task *task;

    fill(&table, 1, 1, false);
    task = offer_ready(s, table.rows[0]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_PTR_EQUAL(scheduler_next(s), task);
    scheduler_end(s, task);
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
    struct plan plan = {LANE_REMOTE, 5};
    struct scheduler *s = make(&plan, 20, 100);
    struct lane_read reads[8];

    fill(&table, 30, 1, false);
    table.rows[0].kind = JOB_FANOUT;
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
test_lost_shard(void)
{
    struct plan plan = {LANE_REMOTE, 5};
    struct scheduler *s = make(&plan, 20, 100);
    struct task_list dropped = TASK_LIST_INIT;
    uint32_t shard = lane_shard(LANE(1));
    struct task *running;

    (void)offer_ready(s, job(1, 1));
    (void)offer_ready(s, job(2, 1));
    running = scheduler_next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(running);
    CU_ASSERT_EQUAL(scheduler_shard_tasks(s, shard), 2);
    scheduler_leave_shard(s, shard, true, &dropped);
    CU_ASSERT_EQUAL(free_list(&dropped), 1); /* the one that waited */
    CU_ASSERT_TRUE(running->orphan);
    CU_ASSERT_EQUAL(scheduler_shard_tasks(s, shard), 1);
    CU_ASSERT_PTR_NULL(scheduler_next(s));
    finish(s, running);
    CU_ASSERT_EQUAL(scheduler_shard_tasks(s, shard), 0);
    scheduler_free(s);
}

static void
test_failed_read_changes_nothing(void)
{
    static struct table table;
    struct plan plan = {LANE_REMOTE, 5};
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

static struct lane_head
head_of(uint32_t subscription, int64_t due_us)
{
    return (struct lane_head){
        .lane = LANE(subscription),
        .shard = lane_shard(LANE(subscription)),
        .due_us = due_us,
    };
}

static void
clear(struct scheduler *s)
{
    struct task_list dropped = TASK_LIST_INIT;
    uint32_t shard;

    for (shard = 0; shard < LANE_SHARDS; shard++)
        scheduler_leave_shard(s, shard, false, &dropped);
    (void)free_list(&dropped);
    CU_ASSERT_EQUAL(scheduler_counts(s).tasks, 0);
    scheduler_free(s);
}

/* It was to be read while it was alone; then others came and took their share
   of the memory. */
static void
test_share_shrinks_before_the_read(void)
{
    struct plan plan = {LANE_REMOTE, 5};
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
    struct plan plan = {LANE_REMOTE, 5};
    struct scheduler *s = make(&plan, 20, 20);
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

/* One lane's events get an eighth of their memory. */
static void
test_large_events_are_few(void)
{
    const struct scheduler_limits limits = {
        .slots = 100,
        .lane_window = 5,
        .tasks = 1000,
        .bytes = 80000,
        .event_bytes = 500,
    };
    struct plan plan = {LANE_REMOTE, 1};
    struct scheduler *s = scheduler_new(&limits, setup, &plan);
    struct lane_head head = head_of(3, NOW_DB - 5000);
    struct lane_read read;
    size_t i, taken = 0;

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
    CU_ASSERT_EQUAL(drain(s), taken);
    for (i = 0; i < 3; i++) {
        struct job_row row = job(100 + i, 3);
        struct task *task = scheduler_offer(s, &row, &now);

        CU_ASSERT_PTR_NOT_NULL_FATAL(task);
        task->event_bytes = 2500;
        scheduler_ready(s, task);
    }
    scheduler_begin_heads(s);
    scheduler_head(s, &head, &now);
    /* Four of them fit, three are there: not worth a read. */
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, &read, 1), 0);
    clear(s);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"lanes take turns", test_lanes_take_turns},
        {"a lane runs at most its window", test_window},
        {"slots, and a lane's share of them", test_slots_and_share},
        {"fresh before retries", test_fresh_before_retries},
        {"a known job is not taken twice", test_known_is_not_taken_twice},
        {"a held lane waits", test_held_lane},
        {"local lanes", test_local_lanes},
        {"a backlog is read to the end", test_backlog_is_read_to_the_end},
        {"a backlog of one moment", test_backlog_of_one_moment},
        {"memory is bounded", test_memory_is_bounded},
        {"future jobs wait", test_future_jobs_wait},
        {"a retry comes back", test_retry_comes_back},
        {"a late commit is found", test_late_commit_is_found},
        {"what is put back is read again", test_put_back_is_read_again},
        {"foreign kinds are left alone", test_foreign_kinds_are_left_alone},
        {"a lost shard", test_lost_shard},
        {"a failed read changes nothing", test_failed_read_changes_nothing},
        {"a share that shrinks before the read",
         test_share_shrinks_before_the_read},
        {"full memory shuts nobody out", test_full_memory_shuts_nobody_out},
        {"large events are few", test_large_events_are_few},
        CU_TEST_INFO_NULL,
    };

    return unit_run("scheduler", tests);
}
