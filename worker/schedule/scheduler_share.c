/*
 * scheduler_share.c - who may take how many of the slots and of the bytes in
 * flight; see scheduler.h for the shares.
 */
#include "scheduler_lane.h"

#include <assert.h>

enum group scheduler_group(enum site_class class)
{
    static const enum group groups[CLASS_COUNT] = {
        [CLASS_PROVEN] = GROUP_PROVEN,
        [CLASS_SLOW] = GROUP_SLOW,
        [CLASS_NEW] = GROUP_UNPROVEN,
        [CLASS_FAILING] = GROUP_UNPROVEN,
    };

    return groups[class];
}

static size_t
least_one(size_t n)
{
    return n > 0 ? n : 1;
}

/* The same arithmetic for slots and for bytes. */
static bool
allows(enum group group, size_t all, const size_t used[SHARE_COUNT])
{
    size_t slow_max = least_one(all * 3 / 10);
    size_t unproven_max = least_one(all / 4);
    size_t aged = used[SHARE_AGED], slow = used[SHARE_SLOW];
    size_t room = slow < slow_max ? slow_max - slow : 0;

    if (group == GROUP_SLOW)
        return slow + (aged < slow_max / 2 ? aged : slow_max / 2) < slow_max;
    if (group == GROUP_UNPROVEN)
        return used[SHARE_UNPROVEN] + (aged > room ? aged - room : 0) <
               unproven_max;
    return true;
}

bool
scheduler_share_allows(const struct scheduler *s, enum group group)
{
    size_t tasks[SHARE_COUNT], bytes[SHARE_COUNT];
    size_t i;

    for (i = 0; i < SHARE_COUNT; i++) {
        tasks[i] = s->shares[i].tasks;
        bytes[i] = s->shares[i].bytes;
    }
    return allows(group, s->limits.slots, tasks) &&
           (s->limits.inflight_bytes == 0 ||
            allows(group, s->limits.inflight_bytes, bytes));
}

bool
scheduler_share_allows_test(const struct scheduler *s)
{
    struct amount used = s->shares[SHARE_TEST];

    return used.tasks < least_one(s->limits.slots / 10) &&
           (s->limits.inflight_bytes == 0 ||
            used.bytes < least_one(s->limits.inflight_bytes / 10));
}

static void
add(struct amount *amount, const struct task *task)
{
    amount->tasks++;
    amount->bytes += task->flight_bytes;
}

static void
take(struct amount *amount, const struct task *task)
{
    assert(amount->tasks > 0 && amount->bytes >= task->flight_bytes);
    amount->tasks--;
    amount->bytes -= task->flight_bytes;
}

static enum share
share_of(const struct task *task, enum site_class class)
{
    static const enum share shares[GROUP_COUNT] = {
        [GROUP_PROVEN] = SHARE_PROVEN,
        [GROUP_SLOW] = SHARE_SLOW,
        [GROUP_UNPROVEN] = SHARE_UNPROVEN,
    };

    return task->job.test ? SHARE_TEST : shares[scheduler_group(class)];
}

void
scheduler_share_begin(struct scheduler *s, struct task *task, int64_t now_us)
{
    struct site *site = task->lane->site;
    const struct task *mate;

    task->share = (uint8_t)share_of(task, site->class);
    task->aged = false;
    task->begun_us = now_us;
    task->flight_bytes = 0;
    for (mate = task; mate != NULL; mate = mate->mate)
        task->flight_bytes += mate->counted_bytes;
    add(&s->inflight, task);
    add(&s->shares[task->share], task);
    if (task->job.test)
        return;
    site->inflight_bytes += task->flight_bytes;
    ring_add(&s->young, &task->young, task);
}

static bool
is_crowded(const struct scheduler *s)
{
    const struct amount *slow = &s->shares[SHARE_SLOW];

    return slow->tasks * 2 > s->limits.slots ||
           (s->limits.inflight_bytes > 0 &&
            slow->bytes * 2 > s->limits.inflight_bytes);
}

void
scheduler_share_end(struct scheduler *s, struct task *task)
{
    struct site *site = task->lane->site;

    take(&s->inflight, task);
    take(&s->shares[task->share], task);
    if (task->job.test)
        return;
    site->inflight_bytes -= task->flight_bytes;
    ring_remove(&task->young);
    if (task->aged)
        site->aged--;
    s->crowded = s->crowded && is_crowded(s);
}

/* Only when it begins: who gets no slot meanwhile cannot prove anything. */
static void
note_crowd(struct scheduler *s, const struct task *task)
{
    bool before = s->crowded;

    s->crowded = is_crowded(s);
    if (s->crowded && !before)
        s->doubt_us = task->begun_us - SCHEDULER_DOUBT_US;
}

static void
age(struct scheduler *s, struct task *task)
{
    static const enum share later[SHARE_COUNT] = {
        [SHARE_PROVEN] = SHARE_SLOW,
        [SHARE_SLOW] = SHARE_SLOW,
        [SHARE_UNPROVEN] = SHARE_AGED,
    };
    struct site *site = task->lane->site;

    ring_remove(&task->young);
    take(&s->shares[task->share], task);
    task->share = (uint8_t)later[task->share];
    add(&s->shares[task->share], task);
    task->aged = true;
    site->aged++;
    site->slow = true;
    note_crowd(s, task);
    scheduler_refresh_site(s, site);
}

void
scheduler_age(struct scheduler *s, int64_t now_us)
{
    struct task *task;

    while ((task = ring_first(&s->young)) != NULL &&
           now_us - task->begun_us >= SCHEDULER_SLOW_US)
        age(s, task);
}
