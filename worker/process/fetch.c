/*
 * fetch.c - see fetch.h.
 */
#include "fetch_impl.h"

#include "id.h"
#include "member.h"
#include "poller.h"
#include "source_defaults.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct fetch_api *const apis[] = {
    &fetch_postgrest,
    &fetch_notion,
};

static const struct fetch_api *
api_of(const struct source *source)
{
    size_t i;

    for (i = 0; i < sizeof(apis) / sizeof(apis[0]); i++) {
        if (strcmp(source->provider, apis[i]->provider) == 0)
            return apis[i];
    }
    return NULL;
}

/* What we add ourselves stands beside the sender's metadata, never in it. */
bool
fetch_is_polled(const struct event *event)
{
    struct json_value value;

    return event->metadata.ptr != NULL &&
           json_find(event->metadata, POLL_MARK, &value) &&
           value.type == JSON_BOOL;
}

bool
fetch_is_wanted(const struct source *source, const struct settings *settings,
                const struct inbound *in, const struct event *event)
{
    const struct fetch_api *api = api_of(source);

    return api != NULL && in->record_id[0] != '\0' &&
           source_effective_fetch(source, settings) && api->knows(in) &&
           !fetch_is_polled(event);
}

/* The source has to be asked which database that is. */
static bool
misses_name(const struct source *source, const struct settings *settings,
            struct names *names, const struct inbound *in,
            char id[INBOUND_ID_LEN + 1], const char **entity)
{
    return source_effective_fetch(source, settings) &&
           names_miss(names, source, in, id, entity);
}

bool
fetch_is_needed(const struct source *source, const struct settings *settings,
                struct names *names, const struct inbound *in,
                const struct event *event)
{
    char id[INBOUND_ID_LEN + 1];
    const char *entity;

    if (in->record_id[0] == '\0' || fetch_is_polled(event))
        return false;
    if (misses_name(source, settings, names, in, id, &entity))
        return true;
    /* A source that would be asked, if only it were known where and with what
       key, has no reason to wait. */
    return source->options.fetch ? fetch_is_wanted(source, settings, in, event)
                                 : source->options.debounce_ms > 0;
}

/* --- asking ----------------------------------------------------------------- */

void
fetch_add_encoded(struct buf *url, struct slice text)
{
    static const char unreserved[] = "abcdefghijklmnopqrstuvwxyz"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    static const char digits[] = "0123456789ABCDEF";
    size_t i;

    for (i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c != '\0' && strchr(unreserved, c) != NULL) {
            buf_add_char(url, (char)c);
            continue;
        }
        buf_add_char(url, '%');
        buf_add_char(url, digits[c >> 4]);
        buf_add_char(url, digits[c & 15]);
    }
}

bool
fetch_is_segment(struct slice text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c < 0x20 || c == 0x7f || c == '/' || c == '\\')
            return false;
    }
    return text.len > 0 && !slice_is(text, ".") && !slice_is(text, "..");
}

bool
fetch_add_segment(struct buf *url, struct slice text)
{
    if (!fetch_is_segment(text))
        return false;
    fetch_add_encoded(url, text);
    return true;
}

void
fetch_add_base(struct buf *url, const char *base)
{
    size_t len = strlen(base);

    while (len > 0 && base[len - 1] == '/')
        len--;
    buf_add(url, base, len);
}

static enum obstacle
build_record(const struct source *source, const char *key,
             const struct inbound *in, struct request *request)
{
    if (!request_expect_nothing(request))
        return OBSTACLE_INTERNAL;
    if (!api_of(source)->build(source, key, in, request))
        return OBSTACLE_NO_QUESTION;
    return buf_ok(&request->url) ? OBSTACLE_NONE : OBSTACLE_BAD_URL;
}

static enum obstacle
build_fetch(const struct source *source, const struct settings *settings,
            struct names *names, struct task *task, struct request *request)
{
    const char *key = source_effective_api_key(source, settings);
    const struct event *event = task->event;
    enum obstacle obstacle = OBSTACLE_NO_QUESTION;
    struct inbound in, database = {.action = INBOUND_OTHER};
    const char *entity;

    if (event == NULL ||
        !inbound_recall(source, event->type, event->payload, event->metadata,
                        id_time_us(event->id), &in))
        return OBSTACLE_NO_QUESTION;
    in.payload = event->payload;
    request->get = true;
    if (misses_name(source, settings, names, &in, database.record_id,
                    &entity)) {
        task->attempt.asked_name = true;
        database.payload = event->payload;
        (void)snprintf(database.entity, sizeof(database.entity), "%s", entity);
        fetch_add_base(&request->url,
                       source_effective_api_url(source, settings));
        obstacle = build_record(source, key, &database, request);
    } else if (fetch_is_wanted(source, settings, &in, event)) {
        fetch_add_base(&request->url,
                       source_effective_api_url(source, settings));
        obstacle = build_record(source, key, &in, request);
    }
    inbound_free(&in);
    return obstacle;
}

enum obstacle
fetch_build(const struct source *source, const struct settings *settings,
            struct names *names, struct task *task, struct request *request)
{
    task->attempt.asked_name = false;
    request->timeout_ms = FETCH_TIMEOUT_MS;
    request->connect_ms = FETCH_CONNECT_MS;
    request->answer_kept = FETCH_ANSWER_MAX;
    if (task->job.kind == JOB_POLL)
        return poll_build(source, settings, task->poll, request);
    return build_fetch(source, settings, names, task, request);
}

/* --- the answer --------------------------------------------------------------- */

/* Without the member that is new in every answer. */
static void
add_record(struct slice object, const char *without, struct buf *record)
{
    struct json_member member;
    size_t at = 0;

    buf_add_char(record, '{');
    while (json_next(object, &at, &member)) {
        if (without != NULL && slice_is(member.name, without))
            continue;
        member_next(record);
        buf_add_char(record, '"');
        buf_add_slice(record, member.name);
        buf_add_text(record, "\":");
        json_minify(member.value.text, record);
    }
    buf_add_char(record, '}');
}

static enum verdict_answer
read_body(const struct source *source, const struct attempt *attempt,
          struct buf *record)
{
    const struct fetch_api *api = api_of(source);
    struct slice object = SLICE_NONE;
    enum verdict_answer answer;
    struct json_value body;

    if (api == NULL || attempt->body == NULL ||
        !json_read(slice_make(attempt->body, attempt->body_len), &body, NULL))
        return ANSWER_ODD;
    answer = api->read(attempt->status, &body, &object);
    if (object.ptr != NULL)
        add_record(object, api->without, record);
    return answer;
}

enum verdict_answer
fetch_read(const struct source *source, const struct attempt *attempt,
           struct buf *record)
{
    switch (attempt->obstacle) {
    case OBSTACLE_NONE:
        break;
    case OBSTACLE_NO_QUESTION:
        return ANSWER_NONE;
    case OBSTACLE_BLOCKED:
    case OBSTACLE_BAD_URL:
    case OBSTACLE_SECRET:
        return ANSWER_REFUSED;
    default:
        return ANSWER_DOWN;
    }
    if (attempt->code == CURLE_FILESIZE_EXCEEDED)
        return ANSWER_ODD;
    if (attempt->code != CURLE_OK)
        return ANSWER_DOWN;
    if (attempt->status == 401 || attempt->status == 403)
        return ANSWER_REFUSED;
    if (attempt->status == 429 || attempt->status == 529)
        return ANSWER_BUSY;
    if (attempt->status == 408 || attempt->status >= 500)
        return ANSWER_DOWN;
    return read_body(source, attempt, record);
}
