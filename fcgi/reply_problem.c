/*
 * reply_problem.c - errors as RFC 9457, built with json-c: seldom, and nested.
 */
#include "reply_problem.h"

#include "json.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#define POINTER_MAX_BYTES 4096

/* Text that was cut in the middle of a character gets U+FFFD there. */
static struct json_object *
new_text(struct slice value)
{
    struct buf quoted = BUF_INIT(6 * value.len + 2);
    struct buf clean = BUF_INIT(3 * value.len + 1);
    struct json_object *text;

    if (json_is_utf8(value))
        return json_object_new_string_len(value.ptr, (int)value.len);
    json_add_string(&quoted, value);
    json_decode_string(buf_slice(&quoted), &clean);
    value = buf_slice(&clean);
    text = json_object_new_string_len(value.ptr, (int)value.len);
    buf_free(&quoted);
    buf_free(&clean);
    return text;
}

static void
add_text(struct json_object *object, const char *name, struct slice value)
{
    json_object_object_add(object, name, new_text(value));
}

/* The members that every body has. */
static struct json_object *
new_problem(const struct reply *reply, const char *detail)
{
    struct json_object *object = json_object_new_object();

    add_text(object, "type", SLICE("about:blank"));
    add_text(object, "title", slice_of(reply_phrase(reply->status)));
    json_object_object_add(object, "status",
                           json_object_new_int(reply->status));
    add_text(object, "detail", slice_of(detail));
    add_text(object, "code", slice_of(reply->code));
    if (reply->request != NULL) {
        add_text(object, "instance", reply->request->path);
        add_text(object, "request_id", slice_of(reply->request->id));
    }
    return object;
}

static void
print_problem(struct reply *reply, struct json_object *take)
{
    size_t len = 0;
    const char *text = json_object_to_json_string_length(
        take, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);

    reply->content_type = "application/problem+json";
    buf_clear(&reply->body);
    buf_add(&reply->body, text, len);
    json_object_put(take);
}

/* ,"name":value,... as members of the object. */
static void
add_members(struct json_object *object, struct slice members)
{
    struct buf text = BUF_INIT(members.len + 2);
    struct json_object *parsed;

    buf_add_char(&text, '{');
    buf_add(&text, members.ptr + 1, members.len - 1);
    buf_add_char(&text, '}');
    parsed = json_tokener_parse(text.data);
    if (parsed != NULL) {
        json_object_object_foreach(parsed, name, value)
        {
            json_object_object_add(object, name, json_object_get(value));
        }
        json_object_put(parsed);
    }
    buf_free(&text);
}

void
reply_problem_error(struct reply *reply, const char *detail,
                    struct slice members)
{
    struct json_object *object = new_problem(reply, detail);

    if (members.len > 1)
        add_members(object, members);
    print_problem(reply, object);
}

/* One part of a JSON pointer (RFC 6901) in a URI fragment. */
static void
add_pointer_part(struct buf *out, const char *part)
{
    for (; *part != '\0'; part++) {
        unsigned char c = (unsigned char)*part;

        if (c == '~')
            buf_add_text(out, "~0");
        else if (c == '/')
            buf_add_text(out, "~1");
        else if (c <= ' ' || c >= 0x7f || strchr("\"#%<>[\\]^`{|}", c) != NULL)
            buf_addf(out, "%%%02X", c);
        else
            buf_add_char(out, (char)c);
    }
}

static struct json_object *
new_loc_part(const struct problem *problem, size_t i)
{
    struct slice part = slice_of(problem->loc[i]);

    if (problem->loc_is_index[i])
        return json_object_new_int64(strtoll(part.ptr, NULL, 10));
    return new_text(part);
}

/* The parts behind loc; with a pointer's buffer also there. */
static void
add_deep(const struct problem *problem, struct json_object *loc,
         struct buf *pointer)
{
    struct buf list = BUF_INIT(PROBLEM_DEEP_MAX + 2);
    struct json_member part;
    size_t at = 0;

    buf_addf(&list, "[%s]", problem->deep + 1);
    while (json_next(buf_slice(&list), &at, &part)) {
        struct buf text = BUF_INIT(PROBLEM_DEEP_MAX);

        if (part.value.type == JSON_STRING)
            json_decode_string(part.value.text, &text);
        else
            buf_add_slice(&text, part.value.text);
        json_object_array_add(loc, part.value.type == JSON_STRING
                                       ? new_text(buf_slice(&text))
                                       : json_object_new_int64(strtoll(
                                             buf_slice(&text).ptr, NULL, 10)));
        buf_add_char(pointer, '/');
        add_pointer_part(pointer, buf_slice(&text).ptr);
        buf_free(&text);
    }
    buf_free(&list);
}

static struct json_object *
new_field(const struct problem *problem)
{
    const size_t parts = sizeof(problem->loc) / sizeof(problem->loc[0]);
    /* An offset within broken JSON is no place that a pointer could name. */
    bool broken_json = strcmp(problem->type, "value_error.jsondecode") == 0;
    struct json_object *field = json_object_new_object();
    struct json_object *loc = json_object_new_array();
    struct buf pointer = BUF_INIT(POINTER_MAX_BYTES);
    size_t i;

    json_object_array_add(loc, json_object_new_string("body"));
    buf_add_char(&pointer, '#');
    for (i = 0; i < parts && problem->loc[i][0] != '\0'; i++) {
        json_object_array_add(loc, new_loc_part(problem, i));
        if (broken_json)
            continue;
        buf_add_char(&pointer, '/');
        add_pointer_part(&pointer, problem->loc[i]);
    }
    if (problem->deep[0] != '\0')
        add_deep(problem, loc, &pointer);
    json_object_object_add(field, "loc", loc);
    add_text(field, "msg", slice_of(problem->msg));
    add_text(field, "type", slice_of(problem->type));
    add_text(field, "pointer", buf_slice(&pointer));
    buf_free(&pointer);
    return field;
}

void
reply_problem_fields(struct reply *reply, const struct problems *problems)
{
    struct json_object *object =
        new_problem(reply, "The request body is not valid");
    struct json_object *errors = json_object_new_array();
    size_t i;

    for (i = 0; i < problems->count; i++)
        json_object_array_add(errors, new_field(&problems->list[i]));
    json_object_object_add(object, "errors", errors);
    print_problem(reply, object);
}
