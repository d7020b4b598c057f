/*
 * fetch_notion.c - pages and databases of Notion; see fetch.h.
 *
 * Notion says 404 with code "object_not_found" for what does not exist and for
 * what is not shared with the integration.
 */
#include "fetch_impl.h"

#include <string.h>

#define VERSION_USUAL "2022-06-28"
#define VERSION_SOURCES "2025-09-03" /* the first that knows data sources */

static const struct {
    const char *entity;
    const char *path;
} kinds[] = {
    {"page", "/v1/pages/"},
    {"database", "/v1/databases/"},
    {"data_source", "/v1/data_sources/"},
    {"block", "/v1/blocks/"},
    {"comment", "/v1/comments/"},
};

/* A body in our own shape, of which nothing else is known, is about a page. */
static const char *
path_of(const struct inbound *in)
{
    const char *entity = in->entity[0] == '\0' ? "page" : in->entity;
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].entity, entity) == 0)
            return kinds[i].path;
    }
    return NULL;
}

void
fetch_notion_headers(const char *key, struct slice version,
                     struct request *request)
{
    struct buf bearer = BUF_INIT(8192);

    buf_add_text(&bearer, "Bearer ");
    buf_add_text(&bearer, key);
    request_add_header(request, "Accept", SLICE("application/json"));
    request_add_header(request, "Authorization", buf_slice(&bearer));
    request_add_header(request, "Notion-Version", version);
    buf_wipe(&bearer);
}

/* The event says by which version of the API it was written. */
static struct slice
version_of(const struct inbound *in)
{
    struct slice version = SLICE(VERSION_USUAL);
    struct json_value value;

    if (in->payload.ptr != NULL &&
        json_find(in->payload, "api_version", &value) &&
        value.type == JSON_STRING &&
        json_plain_string(value.text).len == strlen(VERSION_USUAL))
        version = json_plain_string(value.text);
    if (strcmp(in->entity, "data_source") == 0 &&
        memcmp(version.ptr, VERSION_SOURCES, version.len) < 0)
        version = SLICE(VERSION_SOURCES);
    return version;
}

static bool
knows(const struct inbound *in)
{
    return path_of(in) != NULL && fetch_is_segment(slice_of(in->record_id));
}

static bool
build(const struct source *source, const char *key, const struct inbound *in,
      struct request *request)
{
    (void)source;
    buf_add_text(&request->url, path_of(in));
    if (!fetch_add_segment(&request->url, slice_of(in->record_id)))
        return false;
    fetch_notion_headers(key, version_of(in), request);
    return true;
}

static bool
is_text(struct slice object, const char *name, const char *text)
{
    struct json_value value;

    return json_find(object, name, &value) && value.type == JSON_STRING &&
           slice_is(json_plain_string(value.text), text);
}

static bool
is_true(struct slice object, const char *name)
{
    struct json_value value;

    return json_find(object, name, &value) && slice_is(value.text, "true");
}

static enum verdict_answer
read(uint32_t status, const struct json_value *body, struct slice *record)
{
    if (body->type != JSON_OBJECT)
        return ANSWER_ODD;
    if (status == 404 && is_text(body->text, "code", "object_not_found"))
        return ANSWER_ABSENT;
    if (status != 200 || is_text(body->text, "object", "error"))
        return ANSWER_ODD;
    *record = body->text;
    return is_true(body->text, "in_trash") || is_true(body->text, "archived")
               ? ANSWER_TRASHED
               : ANSWER_FOUND;
}

const struct fetch_api fetch_notion = {
    .provider = "notion",
    .knows = knows,
    .build = build,
    .without = "request_id",
    .read = read,
};
