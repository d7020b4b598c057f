/*
 * receive_admit.c - see receive_admit.h.
 */
#include "receive_admit.h"

#include "receiving.h"
#include "resource.h"
#include "target.h"

/* A list of networks, each of them checked when it was set. */
static bool
is_listed(const struct source_texts *networks, struct slice address)
{
    struct buf why = BUF_INIT(0);
    struct target_nets nets;
    size_t i;

    for (i = 0; i < networks->count; i++) {
        if (target_nets_parse(networks->list[i], &nets, &why) &&
            target_nets_contain_text(&nets, address))
            return true;
    }
    return false;
}

static bool
check_address(struct reception *reception)
{
    const struct source_texts *allowed = &reception->source->options.allow_from;
    struct slice address = reception->exchange->request->remote_address;

    if (allowed->count == 0 || is_listed(allowed, address))
        return true;
    reception_detail(reception, "The address is not in allow_from");
    if (reception_mode(reception) == VERIFY_MONITOR) {
        reception_watched(reception, 403, "address_not_allowed");
        return true;
    }
    reply_error(reception->exchange->reply, 403, "address_not_allowed",
                "The source does not take requests from this address");
    return false;
}

static bool
refuse_rate(struct reception *reception, const char *reason, uint32_t limit)
{
    struct reply *reply = reception->exchange->reply;

    reception_detail(reception, "More than %lu requests per second",
                     (unsigned long)limit);
    reply_error(reply, 429, "rate_limited", "Too many requests, come later");
    reply->reason = reason;
    return false;
}

static bool
check_address_rate(struct reception *reception)
{
    uint32_t limit = reception->source->options.address_rate_limit;
    struct request *request = reception->exchange->request;
    struct limiter *limiter = reception->exchange->app->receiving->limiter;
    uint64_t key;

    if (limit == 0 || request->is_counted)
        return true;
    request->is_counted = true;
    key = limiter_address_key(limiter, reception->source->id,
                              request->remote_address);
    if (limiter_take(limiter, key, limit, request->started_mono_us))
        return true;
    return refuse_rate(reception, "address_rate_limited", limit);
}

static bool
check_size(struct reception *reception)
{
    const struct request *request = reception->exchange->request;
    size_t max = (size_t)reception->exchange->app->settings->max_body;

    if (!request->body_too_large && request->body.len <= max)
        return true;
    if (request->body_too_large)
        reception_detail(reception, "More than any limit allows");
    else
        reception_detail(reception, "%zu bytes", request->body.len);
    reply_error(reception->exchange->reply, 413, "payload_too_large",
                "The request body is larger than %zu bytes", max);
    return false;
}

bool
receive_admit(struct reception *reception)
{
    return check_address(reception) && check_address_rate(reception) &&
           check_size(reception);
}

bool
receive_pace(struct reception *reception)
{
    uint32_t limit = reception->source->options.rate_limit;
    struct request *request = reception->exchange->request;
    struct limiter *limiter = reception->exchange->app->receiving->limiter;
    uint64_t key;

    if (limit == 0 || request->is_paced)
        return true;
    request->is_paced = true;
    key = limiter_source_key(limiter, reception->source->id);
    if (limiter_take(limiter, key, limit, request->started_mono_us))
        return true;
    return refuse_rate(reception, "rate_limited", limit);
}

static bool
refuse_full(struct reception *reception, uint32_t most)
{
    struct reply *reply = reception->exchange->reply;

    reception_detail(reception, "%lu events wait to be processed",
                     (unsigned long)most);
    reply_overloaded(reply, "Too many events wait to be processed");
    reply->reason = "queue_full";
    return false;
}

/* False: must_wait, or 503. */
static bool
count_queue(struct reception *reception)
{
    struct exchange *exchange = reception->exchange;
    struct db *db = resource_db(exchange);
    enum db_result result;

    if (db == NULL)
        return false;
    result = backlog_count(exchange->app->receiving->backlog, db,
                           reception->source->id);
    return resource_done(exchange, db, result, "");
}

bool
receive_queue(struct reception *reception, struct backlog_queue **queue)
{
    struct exchange *exchange = reception->exchange;
    struct backlog *backlog = exchange->app->receiving->backlog;
    const struct source *source = reception->source;
    uint32_t most = source->options.queue_size;
    int64_t now_us = exchange->request->started_mono_us;
    enum backlog_answer answer;

    *queue = NULL;
    if (most == 0)
        return true;
    answer = backlog_enter(backlog, source->id, most, false, now_us, queue);
    if (answer == BACKLOG_UNKNOWN) {
        if (!count_queue(reception))
            return false;
        answer = backlog_enter(backlog, source->id, most, true, now_us, queue);
    }
    return answer == BACKLOG_FITS || refuse_full(reception, most);
}
