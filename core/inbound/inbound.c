/*
 * inbound.c - what an inbound webhook says; see inbound.h.
 *
 * Text becomes JSON here; what the JSON says is read by the tables of
 * inbound_field.h for the shapes whose every field matters, by those of
 * inbound_provider.h for the others.
 */
#include "inbound.h"

#include "clock.h"
#include "inbound_dedupe.h"
#include "inbound_form.h"
#include "inbound_key.h"
#include "inbound_provider.h"
#include "inbound_shape.h"
#include "json.h"
#include "provider.h"

#include <assert.h>
#include <strings.h>

static const char *const action_names[] = {
    [INBOUND_INSERT] = "insert",
    [INBOUND_UPDATE] = "update",
    [INBOUND_DELETE] = "delete",
    [INBOUND_OTHER] = "other",
};

#define ACTION_COUNT (sizeof(action_names) / sizeof(action_names[0]))

const char *
inbound_action_name(enum inbound_action action)
{
    assert((size_t)action < ACTION_COUNT);
    return action_names[action];
}

bool
inbound_action_from_name(struct slice name, enum inbound_action *action)
{
    size_t i;

    for (i = 0; i < ACTION_COUNT; i++) {
        if (slice_is_nocase(name, action_names[i])) {
            *action = (enum inbound_action)i;
            return true;
        }
    }
    return false;
}

enum content { CONTENT_JSON, CONTENT_FORM, CONTENT_OTHER };

/* Without what stands behind ';'. */
static struct slice
media_type(struct slice type)
{
    const char *semicolon =
        type.len == 0 ? NULL : memchr(type.ptr, ';', type.len);

    if (semicolon != NULL)
        type.len = (size_t)(semicolon - type.ptr);
    return slice_trim(type);
}

bool
inbound_is_json(struct slice content_type)
{
    struct slice type;

    if (content_type.ptr == NULL)
        return true;
    type = media_type(content_type);
    return slice_is_nocase(type, "application/json") ||
           (type.len > 5 && memchr(type.ptr, '/', type.len) != NULL &&
            strncasecmp(type.ptr + type.len - 5, "+json", 5) == 0);
}

static enum content
content_of(struct slice type)
{
    if (inbound_is_json(type))
        return CONTENT_JSON;
    return slice_is_nocase(media_type(type),
                           "application/x-www-form-urlencoded")
               ? CONTENT_FORM
               : CONTENT_OTHER;
}

/* The request's JSON. Providers that have more to say than the fields of a form
   put it into one that is called payload. */
static bool
read_json(struct inbound_reading *r, enum content content,
          struct json_value *payload)
{
    struct slice text = r->request->body;
    struct json_value inner;
    struct json_error error;

    if (content == CONTENT_FORM) {
        if (!inbound_form(text, &r->in->decoded)) {
            problem_add(r->problems, NULL, NULL, "value_error",
                        "the form has too many fields");
            return false;
        }
        text = buf_slice(&r->in->decoded);
    }
    if (!json_read(text, payload, &error)) {
        problem_json(r->problems, &error);
        return false;
    }
    if (content == CONTENT_FORM && payload->type == JSON_OBJECT &&
        !inbound_provider_is_any(r->source->provider) &&
        json_find(payload->text, "payload", &inner)) {
        problem_add(r->problems, "payload", NULL, "value_error.jsondecode",
                    "the field is not JSON");
        return false;
    }
    return true;
}

static void
read_payload(struct inbound_reading *r, const struct json_value *payload)
{
    const struct inbound_shape *shape = NULL;
    bool object = payload->type == JSON_OBJECT;

    /* No source has such a name; a test may ask for one all the same. */
    if (strlen(r->source->name) > INBOUND_SOURCE_MAX) {
        problem_length(r->problems, "source", NULL, strlen(r->source->name),
                       INBOUND_SOURCE_MAX);
        return;
    }
    if (object)
        shape = inbound_shape_of(r->source, payload->text);
    if (shape != NULL)
        inbound_shape_read(r, shape, payload->text);
    else if (!object &&
             (strcmp(r->source->provider, "supabase") == 0 || r->notion))
        problem_not_object(r->problems);
    else
        inbound_provider_read(r, payload);
}

static void
init(struct inbound *in, int64_t now_us)
{
    memset(in, 0, sizeof(*in));
    in->action = INBOUND_OTHER;
    in->version_us = now_us;
}

enum inbound_result
inbound_read(const struct source *source, const struct inbound_request *request,
             struct inbound *out, struct problems *problems, char received[65])
{
    struct inbound_reading r = {
        .source = source,
        .request = request,
        .problems = problems,
        .scratch = BUF_INIT(0),
        .in = out,
        .notion = strcmp(source->provider, "notion") == 0,
    };
    enum content content = content_of(request->content_type);
    enum inbound_result result = INBOUND_INVALID;
    size_t before = problems->count;
    struct json_value payload;

    init(out, request->now_us);
    if (content == CONTENT_OTHER ||
        (content == CONTENT_FORM && !provider_named(source->provider)->forms))
        return INBOUND_WRONG_TYPE;
    if (read_json(&r, content, &payload))
        read_payload(&r, &payload);
    if (problems->count == before && r.other_source) {
        result = INBOUND_WRONG_SOURCE;
        memcpy(received, r.received, sizeof(r.received));
    } else if (problems->count == before) {
        result = INBOUND_OK;
        out->payload = payload.text;
        inbound_dedupe(source, request, &payload, out);
    }
    buf_free(&r.scratch);
    return result;
}

void
inbound_free(struct inbound *inbound)
{
    buf_free(&inbound->decoded);
    buf_free(&inbound->key);
}

void
inbound_metadata(const struct source *source, const struct inbound *in,
                 struct buf *out)
{
    char timestamp[CLOCK_TEXT_MAX];

    clock_format_rfc3339(in->version_us, timestamp);
    buf_add_text(out, "{\"source\":");
    json_add_string(out, slice_of(source->name));
    buf_add_text(out, ",\"table\":");
    json_add_string(out, slice_of(in->table));
    buf_add_text(out, ",\"record_id\":");
    json_add_string(out, slice_of(in->record_id));
    buf_add_text(out, ",\"action\":");
    json_add_string(out, slice_of(inbound_action_name(in->action)));
    buf_add_text(out, ",\"timestamp\":");
    json_add_string(out, slice_of(timestamp));
    if (in->entity[0] != '\0') {
        buf_add_text(out, ",\"entity\":");
        json_add_string(out, slice_of(in->entity));
    }
    if (in->metadata.ptr != NULL) {
        buf_add_text(out, ",\"metadata\":");
        json_minify(in->metadata, out);
    }
    buf_add_char(out, '}');
}
