/*
 * regexp_parse.c - reads an expression and makes the machine for it; what a
 * class or an escape says is read by regexp_class.c.
 */
#include "regexp_parse.h"

#include "alloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NEST_MAX 500 /* groups and alternatives inside each other */
#define REPEAT_MAX 1000
#define NO_END UINT32_MAX /* x{2,} */

bool
regexp_fail(struct regexp_parse *parse, const char *why)
{
    if (parse->why == NULL)
        parse->why = why;
    return false;
}

static bool
append(struct regexp_parse *parse, struct regexp_step step)
{
    struct regexp *regexp = parse->regexp;

    if (regexp->count >= REGEXP_CODE_MAX)
        return regexp_fail(parse, "the expression is too large");
    regexp->code[regexp->count++] = step;
    return true;
}

/* In front of a piece of code, which moves. */
static bool
insert(struct regexp_parse *parse, size_t at, struct regexp_step step)
{
    struct regexp *regexp = parse->regexp;

    if (!append(parse, step))
        return false;
    memmove(&regexp->code[at + 1], &regexp->code[at],
            (regexp->count - 1 - at) * sizeof(step));
    regexp->code[at] = step;
    return true;
}

static bool
add_split(struct regexp_parse *parse, size_t at, size_t a, size_t b)
{
    return insert(parse, at,
                  (struct regexp_step){
                      .op = REGEXP_SPLIT, .a = (int32_t)a, .b = (int32_t)b});
}

/* -- repetition ------------------------------------------------------------- */

struct repeat {
    uint32_t least;
    uint32_t most; /* or NO_END */
};

static bool
read_number(struct regexp_parse *parse, uint32_t *out)
{
    uint32_t value = 0;
    bool any = false;

    while (parse->at < parse->end && *parse->at >= '0' && *parse->at <= '9') {
        value = value * 10 + (uint32_t)(*parse->at++ - '0');
        any = true;
        if (value > REPEAT_MAX)
            return regexp_fail(parse, "a repetition of more than 1000");
    }
    *out = value;
    return any || regexp_fail(parse, "{ without a number");
}

static bool
read_braces(struct regexp_parse *parse, struct repeat *repeat)
{
    if (!read_number(parse, &repeat->least))
        return false;
    repeat->most = repeat->least;
    if (parse->at < parse->end && *parse->at == ',') {
        parse->at++;
        repeat->most = NO_END;
        if (parse->at < parse->end && *parse->at != '}' &&
            !read_number(parse, &repeat->most))
            return false;
    }
    if (parse->at == parse->end || *parse->at++ != '}')
        return regexp_fail(parse, "{ without }");
    return repeat->least <= repeat->most ||
           regexp_fail(parse, "a repetition whose end is before its start");
}

/* False: there is none, or it is wrong (parse->why). */
static bool
read_repeat(struct regexp_parse *parse, struct repeat *repeat)
{
    if (parse->at == parse->end)
        return false;
    switch (*parse->at) {
    case '*':
        *repeat = (struct repeat){0, NO_END};
        break;
    case '+':
        *repeat = (struct repeat){1, NO_END};
        break;
    case '?':
        *repeat = (struct repeat){0, 1};
        break;
    case '{':
        parse->at++;
        if (!read_braces(parse, repeat))
            return false;
        parse->at--;
        break;
    default:
        return false;
    }
    parse->at++;
    if (parse->at < parse->end && *parse->at == '?')
        parse->at++; /* lazy: finds the same */
    return true;
}

/* x: the piece of code that ends the program, `len` steps from `from` on. */
static bool
add_copies(struct regexp_parse *parse, const struct regexp_step *x, size_t len,
           uint32_t copies)
{
    struct regexp *regexp = parse->regexp;

    if (len > 0 && copies > (REGEXP_CODE_MAX - regexp->count) / len)
        return regexp_fail(parse, "the expression is too large");
    for (; copies > 0 && len > 0; copies--) {
        memcpy(&regexp->code[regexp->count], x, len * sizeof(*x));
        regexp->count += len;
    }
    return true;
}

/* x* or, at_least_one, x+ */
static bool
add_loop(struct regexp_parse *parse, size_t from, bool at_least_one)
{
    size_t len = parse->regexp->count - from;

    if (at_least_one)
        return append(parse, (struct regexp_step){.op = REGEXP_SPLIT,
                                                  .a = -(int32_t)len,
                                                  .b = 1});
    return add_split(parse, from, 1, len + 2) &&
           append(parse, (struct regexp_step){.op = REGEXP_JUMP,
                                              .a = -(int32_t)(len + 1)});
}

/* (x(x(x)?)?)? : each may be the last. */
static bool
add_optional(struct regexp_parse *parse, const struct regexp_step *x,
             size_t len, uint32_t count)
{
    for (; count > 0; count--) {
        if (!append(parse,
                    (struct regexp_step){.op = REGEXP_SPLIT,
                                         .a = 1,
                                         .b = (int32_t)(count * (len + 1))}) ||
            !add_copies(parse, x, len, 1))
            return false;
    }
    return true;
}

static bool
repeat_piece(struct regexp_parse *parse, size_t from,
             const struct repeat *repeat)
{
    struct regexp *regexp = parse->regexp;
    size_t len = regexp->count - from;
    struct regexp_step *x;
    bool good;

    if (len == 0)
        return true;
    x = xcalloc(len, sizeof(*x));
    memcpy(x, &regexp->code[from], len * sizeof(*x));
    regexp->count = from;
    good = add_copies(parse, x, len, repeat->least);
    if (good && repeat->most == NO_END) {
        from = regexp->count - (repeat->least > 0 ? len : 0);
        good = (repeat->least > 0 || add_copies(parse, x, len, 1)) &&
               add_loop(parse, from, repeat->least > 0);
    } else if (good) {
        good = add_optional(parse, x, len, repeat->most - repeat->least);
    }
    free(x);
    return good;
}

/* -- what is repeated ----------------------------------------------------------- */

static bool read_alternatives(struct regexp_parse *parse);

static bool
read_group(struct regexp_parse *parse)
{
    size_t left = (size_t)(parse->end - parse->at);

    if (left >= 2 && parse->at[0] == '?') {
        bool named = left >= 3 && parse->at[1] == '<' && parse->at[2] != '=' &&
                     parse->at[2] != '!';
        const unsigned char *close = memchr(parse->at, '>', left);

        if (parse->at[1] == ':')
            parse->at += 2;
        else if (named && close != NULL)
            parse->at = close + 1;
        else
            return regexp_fail(parse, "look-ahead and look-behind are not "
                                      "supported");
    }
    if (!read_alternatives(parse))
        return false;
    if (parse->at == parse->end)
        return regexp_fail(parse, "( without )");
    parse->at++;
    return true;
}

static bool
add_place(struct regexp_parse *parse, enum regexp_op op, size_t skip,
          bool *place)
{
    *place = true;
    parse->at += skip;
    return append(parse, (struct regexp_step){.op = op});
}

/* A group, a class, a character; or a place, which cannot be repeated. */
static bool
read_atom(struct regexp_parse *parse, bool *place)
{
    struct regexp_step step;

    switch (*parse->at) {
    case '^':
        return add_place(parse, REGEXP_START, 1, place);
    case '$':
        return add_place(parse, REGEXP_END, 1, place);
    case '(':
        parse->at++;
        return read_group(parse);
    case '*':
    case '+':
    case '?':
    case '{':
        return regexp_fail(parse, "nothing to repeat");
    case '}':
    case ']':
        return regexp_fail(parse, "} or ] without its beginning");
    case '\\':
        if (parse->end - parse->at >= 2 && parse->at[1] == 'b')
            return add_place(parse, REGEXP_BORDER, 2, place);
        if (parse->end - parse->at >= 2 && parse->at[1] == 'B')
            return add_place(parse, REGEXP_NO_BORDER, 2, place);
        break;
    default:
        break;
    }
    return regexp_read_one(parse, &step) && append(parse, step);
}

static bool
read_sequence(struct regexp_parse *parse)
{
    while (parse->at < parse->end && *parse->at != '|' && *parse->at != ')') {
        size_t from = parse->regexp->count;
        struct repeat repeat;
        bool place = false;

        if (!read_atom(parse, &place))
            return false;
        if (!read_repeat(parse, &repeat)) {
            if (parse->why != NULL)
                return false;
            continue;
        }
        if (place)
            return regexp_fail(parse, "nothing to repeat");
        if (!repeat_piece(parse, from, &repeat))
            return false;
    }
    return true;
}

/* x|y: split to x, which jumps behind y. */
static bool
read_alternatives(struct regexp_parse *parse)
{
    struct regexp *regexp = parse->regexp;
    size_t from = regexp->count, jump;
    bool good;

    if (++parse->nesting > NEST_MAX)
        return regexp_fail(parse, "too many groups or alternatives");
    good = read_sequence(parse);
    if (good && parse->at < parse->end && *parse->at == '|') {
        parse->at++;
        good = add_split(parse, from, 1, regexp->count - from + 2) &&
               append(parse, (struct regexp_step){.op = REGEXP_JUMP});
        jump = regexp->count - 1;
        good = good && read_alternatives(parse);
        if (good)
            regexp->code[jump].a = (int32_t)(regexp->count - jump);
    }
    parse->nesting--;
    return good;
}

static size_t
work_of(const struct regexp *regexp)
{
    size_t i, work = regexp->count + 1;

    for (i = 0; i < regexp->count; i++) {
        if (regexp->code[i].op == REGEXP_CLASS)
            work += regexp->classes[regexp->code[i].value].count;
    }
    return work;
}

struct regexp *
regexp_compile(struct slice text, const char **why)
{
    struct regexp *regexp = xcalloc(1, sizeof(*regexp));
    struct regexp_parse parse = {
        .regexp = regexp,
        .at = (const unsigned char *)text.ptr,
        .end = (const unsigned char *)text.ptr + text.len,
    };

    regexp->code = xcalloc(REGEXP_CODE_MAX, sizeof(*regexp->code));
    if (text.len > REGEXP_TEXT_MAX)
        (void)regexp_fail(&parse, "the expression is too long");
    else if (read_alternatives(&parse) && parse.at < parse.end)
        (void)regexp_fail(&parse, ") without (");
    assert(parse.why != NULL || parse.at == parse.end);
    if (parse.why != NULL) {
        *why = parse.why;
        regexp_free(regexp);
        return NULL;
    }
    regexp->work = work_of(regexp);
    if (regexp->count > 0)
        regexp->code =
            xreallocarray(regexp->code, regexp->count, sizeof(*regexp->code));
    return regexp;
}
