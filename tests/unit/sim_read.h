/*
 * sim_read.h - how a simulated worker finds its jobs, by the rules of
 * worker/store/reader.c: the tail, single lanes, and the head of every lane; and how
 * their events are loaded, for which memory or database may be missing.
 */
#ifndef SIM_READ_H
#define SIM_READ_H

#include "id.h"
#include "sim_flush.h"

#define SIM_TAIL_PAGE 200
#define SIM_OVERLAP_US (50 * SIM_MS)
#define SIM_FAR_OVERLAP_US (2 * SIM_S)
#define SIM_FAR_US SIM_S
#define SIM_RECENT_US (2 * SIM_S)
#define SIM_TESTS_US (600 * SIM_S)

/* --- configuration -------------------------------------------------------------- */

static void
sim_copy_config(struct sim_worker *w)
{
    uint32_t i;

    for (i = 0; i < w->sim->plan.receivers; i++) {
        const struct sim_config *config = &w->sim->receivers[i].config;

        if ((w->config[i].mode == LANE_HELD) != (config->mode == LANE_HELD) ||
            w->config[i].address != config->address)
            w->anew[i] = 1; /* whatever is written next knows of it */
        w->config[i] = *config;
    }
    w->config_version = w->sim->db.config_version;
}

/* What is read now is of that version or later. */
static void
sim_refresh_config(struct sim_worker *w, uint64_t version)
{
    struct task_list dropped = TASK_LIST_INIT;

    if (w->config_version >= version)
        return;
    sim_copy_config(w);
    scheduler_reconfigure(w->scheduler, &dropped);
    memset(w->has_seen, 0, w->sim->plan.receivers * sizeof(*w->has_seen));
    sim_free_tasks(w, &dropped);
}

static void
sim_setup_lane(void *arg, uint64_t lane, struct lane_config *out)
{
    const struct sim_worker *w = arg;
    const struct sim_config *config = &w->config[lane_owner_id(lane) - 1];

    *out = (struct lane_config){
        .mode = config->mode,
        .window = config->window,
        .rate = config->rate,
        .fifo = config->fifo,
        .batch_max = config->batch_max,
        .batch_wait_us = config->batch_wait_us,
        .batch_bytes = 20 * SIM_EVENT_BYTES,
        .ttl_us = config->ttl_us,
        .receiver = config->address,
    };
}

/* --- executed ------------------------------------------------------------------- */

static void
sim_execute_lanes(struct sim *sim, struct sim_op *op)
{
    size_t i;

    for (i = 0; i < op->read_count; i++)
        sim_select_lane(&sim->db, &op->reads[i], &op->page);
}

static void
sim_execute_heads(struct sim *sim, struct sim_op *op)
{
    size_t at = 0;
    uint64_t key;
    void *value;

    op->heads = xcalloc(sim->db.lanes.used, sizeof(*op->heads));
    while (map_next(&sim->db.lanes, &at, &key, &value)) {
        const struct sim_lane *lane = value;

        if (lane->count > 0 && op->chosen[lane->shard])
            op->heads[op->head_count++] = (struct lane_head){
                .lane = lane->number,
                .shard = lane->shard,
                .due_us = lane->jobs[lane->first]->row.due_us,
            };
    }
}

/* --- sent ------------------------------------------------------------------------- */

static int64_t
sim_overlap_us(struct sim_worker *w)
{
    if (sim_mono_us(w) < w->far_us)
        return SIM_OVERLAP_US;
    w->far_us = sim_mono_us(w) + SIM_FAR_US;
    return SIM_FAR_OVERLAP_US;
}

static uint64_t
sim_tail_start(struct sim_worker *w)
{
    int64_t now_us = sim_db_us(w->sim), from_us = id_time_us(w->tail_id);

    if (w->resume_id != 0)
        return w->resume_id;
    if (w->tail_id == 0)
        return id_floor(now_us - SIM_RECENT_US);
    return id_floor((from_us > now_us ? now_us : from_us) - sim_overlap_us(w));
}

static void
sim_begin_tail(struct sim_worker *w)
{
    struct sim_op *op = sim_op_new(w, SIM_OP_TAIL);

    op->after_id = sim_tail_start(w);
    op->limit = SIM_TAIL_PAGE;
    w->tail_us = sim_mono_us(w);
    w->rang = false;
    sim_op_send(w, op);
}

/* False: no lane is to be read. */
static bool
sim_begin_lanes(struct sim_worker *w)
{
    struct sim_op *op = sim_op_new(w, SIM_OP_LANES);
    size_t i;

    scheduler_tick(w->scheduler, sim_mono_us(w));
    op->read_count =
        scheduler_plan_reads(w->scheduler, op->reads, STORE_LANES_MAX);
    w->hungry = op->read_count > 0;
    for (i = 0; i < op->read_count; i++)
        sim_check_read(w, &op->reads[i]);
    if (op->read_count > 0)
        sim_op_send(w, op);
    else
        sim_op_free(op);
    return w->hungry;
}

/* Of shards that are new here: somebody waits for them. */
static void
sim_begin_tests(struct sim_worker *w)
{
    struct sim_op *op = sim_op_new(w, SIM_OP_TESTS);

    op->after_id = id_floor(sim_db_us(w->sim) - SIM_TESTS_US);
    op->limit = SIM_TAIL_PAGE;
    w->tests = false;
    sim_op_send(w, op);
}

/* A part of the shards, and as many parts in a round as chance has it. */
static void
sim_begin_heads(struct sim_worker *w)
{
    struct sim_op *op = sim_op_new(w, SIM_OP_HEADS);
    uint32_t i;

    if (w->head_part == 0)
        w->head_parts = 1u << sim_below(&w->sim->random, 4);
    op->head_parts = w->head_parts;
    op->head_part = w->head_part;
    for (i = 0; i < LANE_SHARDS; i++)
        op->chosen[i] = sim_owns(w, i) && i % w->head_parts == w->head_part;
    w->head_part = (w->head_part + 1) % w->head_parts;
    w->heads_us = sim_mono_us(w) + w->sim->plan.heads_us / w->head_parts;
    sim_op_send(w, op);
}

/* The answer's rows that are ours become tasks, whose events are loaded. */
static void
sim_begin_load(struct sim_worker *w, struct sim_op *from,
               struct task *(*offer)(struct scheduler *s,
                                     const struct job_row *row,
                                     const struct scheduler_now *now))
{
    struct sim_op *op = sim_op_new(w, SIM_OP_LOAD);
    size_t i;

    op->tasks = xcalloc(from->page.count, sizeof(struct task *));
    for (i = 0; i < from->page.count; i++) {
        const struct job_row *row = &from->page.rows[i];
        struct task *task;

        if (!sim_owns(w, row->shard))
            continue;
        task = offer(w->scheduler, row, &from->now);
        if (task == NULL)
            continue;
        w->tasks++;
        op->tasks[op->task_count++] = task;
    }
    for (i = 0; i < from->read_count; i++)
        scheduler_end_read(w->scheduler, &from->reads[i], &from->now, false);
    if (op->task_count > 0)
        sim_op_send(w, op);
    else
        sim_op_free(op);
}

/* --- answered ------------------------------------------------------------------------ */

static void
sim_answer_tail(struct sim_worker *w, struct sim_op *op)
{
    if (op->result != SIM_OK || op->page.count == 0) {
        w->resume_id = 0;
        w->rang = w->rang || op->result != SIM_OK;
        return;
    }
    sim_refresh_config(w, op->config_version);
    if (op->page.rows[op->page.count - 1].id > w->tail_id)
        w->tail_id = op->page.rows[op->page.count - 1].id;
    w->resume_id = 0;
    if (op->page.count == op->limit) {
        w->resume_id = op->page.rows[op->page.count - 1].id;
        w->rang = true;
    }
    sim_begin_load(w, op, scheduler_offer);
}

static void
sim_answer_tests(struct sim_worker *w, struct sim_op *op)
{
    if (op->result != SIM_OK) {
        w->tests = true;
        return;
    }
    sim_refresh_config(w, op->config_version);
    sim_begin_load(w, op, scheduler_offer);
}

static void
sim_answer_lanes(struct sim_worker *w, struct sim_op *op)
{
    size_t i;

    if (op->result == SIM_OK) {
        sim_begin_load(w, op, scheduler_offer_read);
        return;
    }
    for (i = 0; i < op->read_count; i++)
        scheduler_end_read(w->scheduler, &op->reads[i], &op->now, true);
}

/* A person has told a FIFO lane not to wait any longer. */
static void
sim_release_blocked(struct sim_worker *w)
{
    uint64_t lanes[16];
    size_t i, n = scheduler_blocked(w->scheduler, lanes, 16);

    for (i = 0; i < n; i++) {
        const struct sim_lane *lane = map_get(&w->sim->db.lanes, lanes[i]);

        if (lane->blocked_us <= sim_db_us(w->sim))
            scheduler_unblock(w->scheduler, lanes[i]);
    }
}

static void
sim_answer_heads(struct sim_worker *w, const struct sim_op *op)
{
    bool shards[LANE_SHARDS];
    size_t i;

    if (op->result != SIM_OK)
        return;
    sim_refresh_config(w, op->config_version);
    while (scheduler_begin_heads(w->scheduler))
        continue;
    for (i = 0; i < op->head_count; i++)
        scheduler_head(w->scheduler, &op->heads[i], &op->now);
    for (i = 0; i < LANE_SHARDS; i++)
        shards[i] = i % op->head_parts == op->head_part;
    while (scheduler_end_heads(w->scheduler, shards))
        continue;
    sim_release_blocked(w);
}

/* Sometimes there is no memory for the last ones. */
static void
sim_answer_load(struct sim_worker *w, const struct sim_op *op)
{
    size_t served = op->result == SIM_OK ? op->task_count : 0, i;

    if (served > 1 && !w->sim->draining && !w->sim->plan.calm &&
        sim_chance(&w->sim->random, 10))
        served = sim_below(&w->sim->random, (uint32_t)served);
    for (i = 0; i < served; i++) {
        op->tasks[i]->event_bytes = (size_t)sim_between(
            &w->sim->random, 100, 2 * SIM_EVENT_BYTES - 100);
        scheduler_ready(w->scheduler, op->tasks[i]);
    }
    for (i = served; i < op->task_count; i++) {
        scheduler_put_back(w->scheduler, op->tasks[i]);
        w->tasks--;
        free(op->tasks[i]);
    }
}

#endif /* SIM_READ_H */
