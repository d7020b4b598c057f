/*
 * subscription_health.c - see subscription_health.h.
 */
#include "subscription_health.h"

#include "db.h"
#include "member.h"
#include "store_lane.h"

enum health_cell {
    CELL_BREAKER,
    CELL_UNTIL,
    CELL_BLOCKED,
    CELL_FAILING,
    CELL_SUCCESS,
    CELL_NOW
};

static enum health_state
state_of(bool open, int64_t last_success_us)
{
    if (open)
        return HEALTH_FAILING;
    return last_success_us == 0 ? HEALTH_UNKNOWN : HEALTH_HEALTHY;
}

void
subscription_health_read(const struct slice *cell, bool fifo,
                         struct subscription_health *health)
{
    /* An ENUM counts from 1; no row is the same as a closed breaker. */
    bool open = db_u64(cell[CELL_BREAKER], 1) != LANE_CLOSED + 1;
    int64_t next_us = open ? db_time_us(cell[CELL_UNTIL]) : 0;
    int64_t blocked_us = fifo ? 0 : db_time_us(cell[CELL_BLOCKED]);
    int64_t last_us = db_time_us(cell[CELL_SUCCESS]);

    if (next_us < blocked_us)
        next_us = blocked_us;
    if (next_us <= db_time_us(cell[CELL_NOW]))
        next_us = 0;
    *health = (struct subscription_health){
        .state = state_of(open, last_us),
        .failing_since_us = db_time_us(cell[CELL_FAILING]),
        .next_attempt_at_us = next_us,
        .last_success_at_us = last_us,
    };
}

void
subscription_health_print(const struct subscription_health *health,
                          struct buf *out)
{
    static const char *const words[] = {
        [HEALTH_UNKNOWN] = "unknown",
        [HEALTH_HEALTHY] = "healthy",
        [HEALTH_FAILING] = "failing",
    };

    member_name(out, "health");
    buf_add_char(out, '{');
    member_text(out, "state", words[health->state]);
    member_time(out, "failing_since", health->failing_since_us);
    member_time(out, "next_attempt_at", health->next_attempt_at_us);
    member_time(out, "last_success_at", health->last_success_at_us);
    buf_add_char(out, '}');
}
