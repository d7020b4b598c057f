/*
 * process_judge.c - what becomes of an event, by what its source has said; see
 * process.h.
 */
#include "clock.h"
#include "compare.h"
#include "fetch.h"
#include "member_path.h"
#include "names.h"
#include "process_item.h"
#include "random.h"
#include "retry.h"
#include "source_defaults.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES_MAX 1024
#define RECHECK_US CLOCK_US_PER_S    /* replicas catch up in less */
#define BUSY_LEAST_US CLOCK_US_PER_S /* a 429 that does not say */
#define BUSY_MOST_US (3600 * CLOCK_US_PER_S)
#define HOLD_LEAST_US (30 * CLOCK_US_PER_S) /* between looks at a dead source */

void
item_set_outcome(struct item *item, enum outcome_kind kind,
                 const char *error_class, int64_t wait_us)
{
    struct outcome *outcome = &item->task->attempt.outcome;

    outcome->kind = kind;
    outcome->error_class = error_class;
    outcome->wait_us = wait_us;
}

static int64_t
retry_wait_us(const struct item *item, uint32_t attempt)
{
    const struct retry_policy policy = {
        .retries = UINT32_MAX,
        .delay_s = item->source->retry_delay_s,
    };
    int64_t wait_us = 0;

    if (!retry_after_failure(&policy, attempt, item->task->attempt.asked_s,
                             random_u32(), &wait_us))
        assert(!"there is always another attempt");
    return wait_us;
}

/* How long something that was no attempt is put off. */
static int64_t
later_us(const struct item *item)
{
    int64_t us;

    switch (item->answer) {
    case ANSWER_BUSY:
        us = item->task->attempt.asked_s * CLOCK_US_PER_S;
        us = us < BUSY_LEAST_US ? BUSY_LEAST_US : us;
        return us > BUSY_MOST_US ? BUSY_MOST_US : us;
    case ANSWER_REFUSED:
        return OUTCOME_REFUSED_S * CLOCK_US_PER_S;
    default:
        us = retry_wait_us(item, item->source->max_attempts);
        return us < HOLD_LEAST_US ? HOLD_LEAST_US : us;
    }
}

/* Where libcurl or a status does not say it already. */
static void
explain(struct item *item)
{
    static const char *const texts[] = {
        [ANSWER_ABSENT] = "the source has no such record",
        [ANSWER_FOUND] = "the source's record is older than the event",
        [ANSWER_ODD] = "the source's answer cannot be understood",
    };
    struct attempt *attempt = &item->task->attempt;

    if (attempt->code == CURLE_FILESIZE_EXCEEDED)
        (void)snprintf(attempt->error, sizeof(attempt->error),
                       "the source's answer is larger than %d bytes",
                       FETCH_ANSWER_MAX);
    else if (attempt->error[0] == '\0' &&
             item->answer < sizeof(texts) / sizeof(texts[0]) &&
             texts[item->answer] != NULL)
        (void)snprintf(attempt->error, sizeof(attempt->error), "%s",
                       texts[item->answer]);
}

static void
follow_verdict(struct item *item)
{
    const char *name = item->verdict.name;
    uint32_t attempt = item->task->job.attempts + 1;

    item->way = WAY_LATER;
    switch (item->verdict.step) {
    case STEP_UPSERT:
    case STEP_DELETE:
    case STEP_AS_IT_CAME:
        item->way = WAY_APPLY;
        item_set_outcome(item, OUTCOME_SUCCESS, NULL, 0);
        return;
    case STEP_AGAIN:
        item_set_outcome(item, OUTCOME_RETRY, name,
                         retry_wait_us(item, attempt));
        break;
    case STEP_RECHECK:
        item_set_outcome(item, OUTCOME_RETRY, name, RECHECK_US);
        break;
    case STEP_WAIT:
        item_set_outcome(item, OUTCOME_MOVED, name, later_us(item));
        break;
    case STEP_FAIL:
        item->way = WAY_FAIL;
        item_set_outcome(item, OUTCOME_FAILED, name, 0);
        break;
    }
    explain(item);
}

/* --- judging ----------------------------------------------------------------------- */

static struct verdict_facts
facts_of(const struct process *process, const struct item *item)
{
    struct slice record = buf_slice(&item->record);
    const struct source *source = item->source;
    uint32_t attempt = item->task->job.attempts + 1;
    struct verdict_facts facts = {
        .answer = item->answer,
        .says_deleted = item->in.action == INBOUND_DELETE,
        .equal_percent = -1,
        .confidence_percent =
            source_effective_confidence(source, process->peers.settings),
        .first = attempt == 1 && source->max_attempts > 1,
        .last = attempt >= source->max_attempts,
        .when_down = source->options.when_down,
    };

    if (item->answer == ANSWER_FOUND && item->in.data.ptr != NULL) {
        facts.equal_percent = compare_share(item->in.data, record);
        facts.version = compare_version(item->in.data, record,
                                        source->options.version_field);
    }
    return facts;
}

/* What there is, once the verdict applies. */
static enum inbound_action
outcome_action(const struct item *item)
{
    if (item->verdict.step == STEP_DELETE)
        return INBOUND_DELETE;
    if (item->verdict.step == STEP_UPSERT && item->in.action != INBOUND_INSERT)
        return INBOUND_UPDATE;
    return item->in.action;
}

/* The source was asked which database it is that the event came from. */
static bool
take_name(struct process *process, struct item *item)
{
    const char *entity;

    if (!item->task->attempt.asked_name ||
        (item->answer != ANSWER_FOUND && item->answer != ANSWER_TRASHED &&
         item->answer != ANSWER_ABSENT))
        return false;
    item->way = WAY_NAMED;
    item_set_outcome(item, OUTCOME_MOVED, NULL, 0);
    buf_init(&item->name, NAME_BYTES_MAX);
    if (!names_miss(process->peers.desk->names, item->source, &item->in,
                    item->name_id, &entity))
        item->name_id[0] = '\0'; /* another event has brought it */
    else if (item->answer != ANSWER_ABSENT)
        names_add_title(buf_slice(&item->record), &item->name);
    return true;
}

/* A page whose database the event did not know (refresh.h) is a record of the
   one that it says itself. */
static void
find_place(struct item *item)
{
    struct json_value id;

    if (strcmp(item->in.entity, "page") == 0 &&
        strcmp(item->in.table, item->in.entity) == 0 &&
        member_path_find(buf_slice(&item->record), SLICE("parent.database_id"),
                         &id) &&
        id.type == JSON_STRING &&
        !inbound_id(json_plain_string(id.text), item->lies_in))
        item->lies_in[0] = '\0';
}

/* It comes from the fetch lane, where the source was asked, or not. */
void
item_judge(struct process *process, struct item *item)
{
    struct verdict_facts facts;

    buf_init(&item->record, FETCH_ANSWER_MAX);
    item->answer =
        fetch_read(item->source, &item->task->attempt, &item->record);
    if (take_name(process, item))
        return;
    item->asked = item->answer != ANSWER_NONE;
    find_place(item);
    facts = facts_of(process, item);
    item->verdict = verdict_reach(&facts);
    item->came_to = outcome_action(item);
    follow_verdict(item);
}

/* Nobody has to be asked: a poller has asked already, or the event says all
   there is to be known. */
void
item_apply_as_it_came(struct item *item)
{
    const struct verdict_facts facts = {.answer = ANSWER_NONE};

    item->verdict = verdict_reach(&facts);
    if (fetch_is_polled(item->task->event))
        item->verdict.verified = RECORD_VERIFIED;
    item->came_to = item->in.action;
    follow_verdict(item);
}
