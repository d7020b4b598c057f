/*
 * storing.c - events on their way into the database; see storing.h.
 */
#include "storing.h"

#include "router.h"

static void
answer(struct storing *storing)
{
    struct reply *reply = storing->exchange.reply;

    switch (storing->commit.result) {
    case DB_OK:
        storing->answer(storing);
        break;
    case DB_BROKEN:
        reply_error(reply, 500, "internal_error",
                    "The event could not be stored");
        break;
    default:
        reply_unavailable(reply);
        break;
    }
}

static void
answer_later(struct commit_request *commit)
{
    struct storing *storing = commit->arg;

    answer(storing);
    router_finish(&storing->exchange);
    storing->destroy(storing);
}

void
storing_start(struct storing *storing, struct exchange *exchange,
              struct new_event *events, size_t count)
{
    struct committer *committer = exchange->app->committer;
    struct commit_request *commit = &storing->commit;

    exchange->answers_later = exchange->done != NULL;
    storing->exchange = *exchange;
    *commit = (struct commit_request){
        .events = events,
        .count = count,
        .done = answer_later,
        .arg = storing,
    };
    if (exchange->answers_later) {
        commit_start(committer, commit);
    } else {
        commit->result = commit_events(committer, events, count);
        answer(storing);
        storing->destroy(storing);
    }
}
