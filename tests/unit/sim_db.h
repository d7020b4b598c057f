/*
 * sim_db.h - the simulation's database: jobs in their lanes, their tail, and
 * what becomes of them. Statements are those of store_job.h and store_flush.h,
 * each at one point in time.
 */
#ifndef SIM_DB_H
#define SIM_DB_H

#include "alloc.h"
#include "sim_world.h"

#include <string.h>

#define SIM_KEPT_US (900 * SIM_S) /* archived jobs are remembered */

static struct sim_lane *
sim_lane_get(struct sim *sim, uint64_t number, struct sim_receiver *receiver)
{
    struct sim_lane *lane = map_get(&sim->db.lanes, number);

    if (lane != NULL)
        return lane;
    lane = xcalloc(1, sizeof(*lane));
    lane->number = number;
    lane->shard = lane_shard(number);
    lane->receiver = receiver;
    (void)map_put(&sim->db.lanes, number, lane);
    return lane;
}

/* --- the index (lane, due, id) ------------------------------------------------ */

/* The place of the first job that is not before (due, id). */
static size_t
sim_lane_find(const struct sim_lane *lane, int64_t due_us, uint64_t id)
{
    size_t low = 0, high = lane->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct job_row *row = &lane->jobs[lane->first + middle]->row;

        if (row->due_us < due_us || (row->due_us == due_us && row->id < id))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void
sim_lane_insert(struct sim_lane *lane, struct sim_job *job)
{
    size_t at = sim_lane_find(lane, job->row.due_us, job->row.id);
    struct sim_job **place;

    if (lane->first + lane->count == lane->cap && lane->first > lane->count) {
        memmove(lane->jobs, lane->jobs + lane->first,
                lane->count * sizeof(struct sim_job *));
        lane->first = 0;
    } else if (lane->first + lane->count == lane->cap) {
        lane->cap = lane->cap == 0 ? 4 : lane->cap * 2;
        lane->jobs =
            xreallocarray(lane->jobs, lane->cap, sizeof(struct sim_job *));
    }
    place = lane->jobs + lane->first + at;
    memmove(place + 1, place, (lane->count - at) * sizeof(struct sim_job *));
    *place = job;
    lane->count++;
}

static void
sim_lane_remove(struct sim *sim, struct sim_lane *lane,
                const struct sim_job *job)
{
    size_t at = sim_lane_find(lane, job->row.due_us, job->row.id);
    struct sim_job **place = lane->jobs + lane->first + at;

    if (at >= lane->count || *place != job)
        sim_broken(sim, "the simulation's own index is wrong");
    if (at < lane->count / 2) {
        memmove(lane->jobs + lane->first + 1, lane->jobs + lane->first,
                at * sizeof(struct sim_job *));
        lane->first++;
    } else {
        memmove(place, place + 1,
                (lane->count - at - 1) * sizeof(struct sim_job *));
    }
    if (--lane->count == 0)
        lane->first = 0;
}

/* --- the tail ------------------------------------------------------------------- */

static size_t
sim_tail_find(const struct sim_db *db, uint64_t id)
{
    size_t low = 0, high = db->tail_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (db->tail[middle]->row.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void
sim_tail_compact(struct sim_db *db)
{
    size_t i, kept = 0;

    for (i = 0; i < db->tail_count; i++) {
        if (db->tail[i]->state == SIM_JOB_LIVE)
            db->tail[kept++] = db->tail[i];
    }
    db->tail_count = kept;
    db->tail_gone = 0;
}

static void
sim_tail_insert(struct sim_db *db, struct sim_job *job)
{
    size_t at;

    if (db->tail_count == db->tail_cap) {
        db->tail_cap = db->tail_cap == 0 ? 64 : db->tail_cap * 2;
        db->tail =
            xreallocarray(db->tail, db->tail_cap, sizeof(struct sim_job *));
    }
    at = sim_tail_find(db, job->row.id);
    memmove(db->tail + at + 1, db->tail + at,
            (db->tail_count - at) * sizeof(struct sim_job *));
    db->tail[at] = job;
    db->tail_count++;
}

/* --- jobs ------------------------------------------------------------------------- */

/* Made by a transaction that is not committed yet. */
static struct sim_job *
sim_job_new(struct sim *sim, struct sim_lane *lane, uint64_t id, int64_t due_us)
{
    struct sim_job *job = xcalloc(1, sizeof(*job));

    job->row = (struct job_row){
        .id = id,
        .lane = lane->number,
        .event_id = id,
        .due_us = due_us,
        .kind = JOB_DELIVER,
        .shard = (uint8_t)lane->shard,
    };
    job->lane = lane;
    job->state = SIM_JOB_COMING;
    (void)map_put(&sim->db.jobs, id, job);
    return job;
}

static void
sim_job_commit(struct sim *sim, struct sim_job *job)
{
    job->state = SIM_JOB_LIVE;
    job->visible_us = sim->now_us;
    sim_lane_insert(job->lane, job);
    sim_tail_insert(&sim->db, job);
    sim->db.live++;
    sim->totals.jobs++;
}

static void
sim_job_free(struct sim *sim, struct sim_job *job)
{
    (void)map_remove(&sim->db.jobs, job->row.id);
    free(job);
}

/* Archived long ago, and nobody can be asked about it any more. */
static void
sim_forget_gone(struct sim *sim)
{
    struct sim_job *job;

    while ((job = sim->db.gone_first) != NULL && job->references == 0 &&
           job->gone_us < sim->now_us - SIM_KEPT_US) {
        if (sim->db.tail_gone > 0)
            sim_tail_compact(&sim->db); /* it may be there still */
        sim->db.gone_first = job->gone_next;
        if (sim->db.gone_first == NULL)
            sim->db.gone_last = NULL;
        sim_job_free(sim, job);
    }
}

static void
sim_job_archive(struct sim *sim, struct sim_job *job)
{
    struct sim_db *db = &sim->db;

    sim_lane_remove(sim, job->lane, job);
    job->state = SIM_JOB_GONE;
    job->gone_us = sim->now_us;
    db->live--;
    if (++db->tail_gone > 64 && db->tail_gone > db->tail_count / 2)
        sim_tail_compact(db);
    if (db->gone_last == NULL)
        db->gone_first = job;
    else
        db->gone_last->gone_next = job;
    db->gone_last = job;
}

static void
sim_job_postpone(struct sim *sim, struct sim_job *job, int64_t due_us)
{
    sim_lane_remove(sim, job->lane, job);
    job->row.due_us = due_us;
    sim_lane_insert(job->lane, job);
}

/* --- reading ------------------------------------------------------------------------ */

/* Rows that a statement returns. */
struct sim_page {
    struct job_row *rows;
    size_t count;
    size_t cap;
};

static void
sim_page_add(struct sim_page *page, const struct sim_job *job, bool fifo)
{
    if (page->count == page->cap) {
        page->cap = page->cap == 0 ? 64 : page->cap * 2;
        page->rows =
            xreallocarray(page->rows, page->cap, sizeof(struct job_row));
    }
    page->rows[page->count] = job->row;
    if (fifo)
        page->rows[page->count].blocked_us = job->lane->blocked_us;
    page->count++;
}

static void
sim_select_tail(const struct sim_db *db, uint64_t after_id, size_t limit,
                bool tests_only, struct sim_page *page)
{
    size_t i;

    for (i = sim_tail_find(db, after_id + 1);
         i < db->tail_count && page->count < limit; i++) {
        if (db->tail[i]->state == SIM_JOB_LIVE &&
            (db->tail[i]->row.test || !tests_only))
            sim_page_add(page, db->tail[i], false);
    }
}

static void
sim_select_lane(const struct sim_db *db, const struct lane_read *read,
                struct sim_page *page)
{
    const struct sim_lane *lane = map_get(&db->lanes, read->lane);
    size_t i, n = 0;

    if (lane == NULL)
        return;
    for (i = sim_lane_find(lane, read->from_us, 0);
         i < lane->count && n < read->limit; i++, n++)
        sim_page_add(page, lane->jobs[lane->first + i], read->fifo);
}

#endif /* SIM_DB_H */
