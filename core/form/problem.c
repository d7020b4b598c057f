/*
 * problem.c - what is wrong with a body, in FastAPI's 422 shape.
 */
#include "problem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

/* What does not fit is cut; json_add_string() repairs a character cut in
   half. */
static void
copy_text(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text);
}

/* The next free row, empty, or NULL when enough has been reported. */
static struct problem *
new_problem(struct problems *problems)
{
    struct problem *problem;

    if (problems->count >= PROBLEM_MAX)
        return NULL;
    problem = &problems->list[problems->count++];
    memset(problem, 0, sizeof(*problem));
    return problem;
}

void
problem_add(struct problems *problems, const char *field, const char *sub,
            const char *type, const char *format, ...)
{
    struct problem *problem = new_problem(problems);
    va_list args;

    assert(field != NULL || sub == NULL);
    if (problem == NULL)
        return;
    if (field != NULL)
        copy_text(problem->loc[0], sizeof(problem->loc[0]), field);
    if (sub != NULL)
        copy_text(problem->loc[1], sizeof(problem->loc[1]), sub);
    copy_text(problem->type, sizeof(problem->type), type);
    va_start(args, format);
    (void)vsnprintf(problem->msg, sizeof(problem->msg), format, args);
    va_end(args);
}

void
problem_add_deep(struct problems *problems, const char *field,
                 struct slice deep, const char *type, const char *format, ...)
{
    struct problem *problem = new_problem(problems);
    va_list args;

    assert(field != NULL && deep.len <= PROBLEM_DEEP_MAX);
    if (problem == NULL)
        return;
    copy_text(problem->loc[0], sizeof(problem->loc[0]), field);
    copy_text(problem->type, sizeof(problem->type), type);
    memcpy(problem->deep, deep.ptr, deep.len);
    va_start(args, format);
    (void)vsnprintf(problem->msg, sizeof(problem->msg), format, args);
    va_end(args);
}

void
problem_add_where(const struct problem *problem, struct buf *out)
{
    struct buf list = BUF_INIT(PROBLEM_DEEP_MAX + 2);
    struct json_member part;
    size_t i, at = 0;

    for (i = 0; i < PROBLEM_LOC_PARTS && problem->loc[i][0] != '\0'; i++)
        buf_addf(out, "%s%s", i == 0 ? "" : ".", problem->loc[i]);
    if (problem->deep[0] == '\0')
        return;
    buf_addf(&list, "[%s]", problem->deep + 1);
    while (json_next(buf_slice(&list), &at, &part)) {
        buf_add_char(out, '.');
        if (part.value.type == JSON_STRING)
            json_decode_string(part.value.text, out);
        else
            buf_add_slice(out, part.value.text);
    }
    buf_free(&list);
}

void
problem_missing(struct problems *problems, const char *field, const char *sub)
{
    problem_add(problems, field, sub, "value_error.missing", "field required");
}

void
problem_null(struct problems *problems, const char *field, const char *sub)
{
    problem_add(problems, field, sub, "type_error.none.not_allowed",
                "none is not an allowed value");
}

void
problem_type(struct problems *problems, const char *field, const char *sub,
             const char *want)
{
    char type[sizeof(problems->list[0].type)];

    (void)snprintf(type, sizeof(type), "type_error.%s", want);
    problem_add(problems, field, sub, type, "%s type expected", want);
}

void
problem_enum(struct problems *problems, const char *field, const char *sub,
             const char *permitted)
{
    problem_add(problems, field, sub, "type_error.enum",
                "value is not a valid enumeration member; permitted: %s",
                permitted);
}

void
problem_length(struct problems *problems, const char *field, const char *sub,
               size_t len, size_t max)
{
    if (len == 0)
        problem_add(problems, field, sub, "value_error.any_str.min_length",
                    "ensure this value has at least 1 characters");
    else
        problem_add(problems, field, sub, "value_error.any_str.max_length",
                    "ensure this value has at most %zu characters", max);
}

void
problem_extra(struct problems *problems, const char *field)
{
    problem_add(problems, field, NULL, "value_error.extra",
                "extra fields not permitted");
}

void
problem_not_object(struct problems *problems)
{
    problem_add(problems, NULL, NULL, "type_error.dict",
                "value is not a valid dict");
}

void
problem_json(struct problems *problems, const struct json_error *error)
{
    char offset[24];
    size_t before = problems->count;

    (void)snprintf(offset, sizeof(offset), "%zu", error->offset);
    problem_add(problems, offset, NULL, "value_error.jsondecode",
                "%s: line %u column %u (char %zu)", error->reason, error->line,
                error->column, error->offset);
    if (problems->count > before)
        problems->list[before].loc_is_index[0] = true;
}

static void
put_part(struct problem *problem, const char *text, bool is_index)
{
    memmove(problem->loc[1], problem->loc[0],
            (PROBLEM_LOC_PARTS - 1) * sizeof(problem->loc[0]));
    memmove(&problem->loc_is_index[1], &problem->loc_is_index[0],
            (PROBLEM_LOC_PARTS - 1) * sizeof(problem->loc_is_index[0]));
    copy_text(problem->loc[0], sizeof(problem->loc[0]), text);
    problem->loc_is_index[0] = is_index;
}

void
problem_put_index(struct problems *problems, size_t first, size_t index)
{
    char text[24];
    size_t i;

    (void)snprintf(text, sizeof(text), "%zu", index);
    for (i = first; i < problems->count; i++)
        put_part(&problems->list[i], text, true);
}

void
problem_put_name(struct problems *problems, size_t first, const char *name)
{
    size_t i;

    for (i = first; i < problems->count; i++)
        put_part(&problems->list[i], name, false);
}

void
problem_join(struct problems *problems, const struct problems *others)
{
    size_t i;

    for (i = 0; i < others->count && problems->count < PROBLEM_MAX; i++)
        problems->list[problems->count++] = others->list[i];
}

static void
print_problem(const struct problem *problem, struct buf *out)
{
    size_t i;

    buf_add_text(out, "{\"loc\":[\"body\"");
    for (i = 0; i < PROBLEM_LOC_PARTS && problem->loc[i][0] != '\0'; i++) {
        buf_add_char(out, ',');
        if (problem->loc_is_index[i])
            buf_add_text(out, problem->loc[i]);
        else
            json_add_string(out, slice_of(problem->loc[i]));
    }
    buf_add_text(out, problem->deep);
    buf_add_text(out, "],\"msg\":");
    json_add_string(out, slice_of(problem->msg));
    buf_add_text(out, ",\"type\":");
    json_add_string(out, slice_of(problem->type));
    buf_add_char(out, '}');
}

void
problem_print(const struct problems *problems, struct buf *out)
{
    size_t i;

    buf_add_text(out, "{\"detail\":[");
    for (i = 0; i < problems->count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        print_problem(&problems->list[i], out);
    }
    buf_add_text(out, "]}");
}
