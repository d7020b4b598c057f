/*
 * regexp.c - runs an expression's machine: all its ways at the same time, one
 * character after the other, so that no text can make it start again.
 */
#include "regexp_impl.h"

#include "alloc.h"

#include <stdlib.h>

#define NO_CHAR UINT32_MAX /* before the first and behind the last */

/* The places in the code that wait for a character. */
struct places {
    uint32_t *at;
    size_t count;
};

struct run {
    const struct regexp *regexp;
    struct places now, next;
    uint32_t *stack;    /* room for two entries a step */
    uint32_t *seen;     /* per step: the round in which it was reached */
    uint32_t round;     /* one for each character */
    uint32_t before;    /* the character in front of where we are */
    uint32_t following; /* and the one behind */
    bool matched;
};

static uint32_t
decode(const unsigned char **at)
{
    const unsigned char *p = *at;
    uint32_t c = p[0];

    if (c < 0x80) {
        *at += 1;
        return c;
    }
    if (c < 0xe0) {
        *at += 2;
        return (c & 0x1f) << 6 | (p[1] & 0x3fU);
    }
    if (c < 0xf0) {
        *at += 3;
        return (c & 0x0f) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU);
    }
    *at += 4;
    return (c & 0x07) << 18 | (p[1] & 0x3fU) << 12 | (p[2] & 0x3fU) << 6 |
           (p[3] & 0x3fU);
}

static bool
is_word(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_line_end(uint32_t c)
{
    return c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029;
}

static bool
is_in_class(const struct regexp *regexp, uint32_t index, uint32_t c)
{
    const struct regexp_class *class = &regexp->classes[index];
    size_t i;

    for (i = class->range; i < class->range + class->count; i++) {
        if (c >= regexp->ranges[i].first && c <= regexp->ranges[i].last)
            return !class->negated;
    }
    return class->negated;
}

static bool
is_place(const struct run *run, enum regexp_op op)
{
    bool border = is_word(run->before) != is_word(run->following);

    switch (op) {
    case REGEXP_START:
        return run->before == NO_CHAR;
    case REGEXP_END:
        return run->following == NO_CHAR;
    case REGEXP_BORDER:
        return border;
    default:
        return !border;
    }
}

/* Follows everything that takes no character. */
static void
reach(struct run *run, struct places *places, uint32_t from)
{
    size_t depth = 0;

    run->stack[depth++] = from;
    while (depth > 0) {
        uint32_t at = run->stack[--depth];
        const struct regexp_step *step = &run->regexp->code[at];

        if (at == run->regexp->count) {
            run->matched = true;
            return;
        }
        if (run->seen[at] == run->round)
            continue;
        run->seen[at] = run->round;
        switch (step->op) {
        case REGEXP_CHAR:
        case REGEXP_ANY:
        case REGEXP_CLASS:
            places->at[places->count++] = at;
            break;
        case REGEXP_SPLIT:
            run->stack[depth++] = (uint32_t)((int64_t)at + step->b);
            run->stack[depth++] = (uint32_t)((int64_t)at + step->a);
            break;
        case REGEXP_JUMP:
            run->stack[depth++] = (uint32_t)((int64_t)at + step->a);
            break;
        default:
            if (is_place(run, step->op))
                run->stack[depth++] = at + 1;
            break;
        }
    }
}

static bool
takes(const struct regexp *regexp, const struct regexp_step *step, uint32_t c)
{
    if (step->op == REGEXP_CHAR)
        return step->value == c;
    if (step->op == REGEXP_ANY)
        return !is_line_end(c);
    return is_in_class(regexp, step->value, c);
}

static void
step_over(struct run *run, uint32_t c)
{
    struct places swap = run->now;
    size_t i;

    run->next.count = 0;
    for (i = 0; i < run->now.count && !run->matched; i++) {
        uint32_t at = run->now.at[i];

        if (takes(run->regexp, &run->regexp->code[at], c))
            reach(run, &run->next, at + 1);
    }
    run->now = run->next;
    run->next = swap;
}

static bool
search(struct run *run, struct slice text)
{
    const unsigned char *at = (const unsigned char *)text.ptr;
    const unsigned char *end = at + text.len;
    uint32_t following = at == end ? NO_CHAR : decode(&at);

    run->before = NO_CHAR;
    run->following = following;
    run->round = 1;
    reach(run, &run->now, 0);
    while (!run->matched && following != NO_CHAR) {
        uint32_t c = following;

        following = at == end ? NO_CHAR : decode(&at);
        run->before = c;
        run->following = following;
        run->round++;
        step_over(run, c);
        if (!run->matched) /* it may begin here as well */
            reach(run, &run->now, 0);
    }
    return run->matched;
}

bool
regexp_matches(const struct regexp *regexp, struct slice text)
{
    size_t room = regexp->count + 1;
    struct run run = {.regexp = regexp};
    bool matches;

    run.now.at = xcalloc(room, sizeof(*run.now.at));
    run.next.at = xcalloc(room, sizeof(*run.next.at));
    run.stack = xcalloc(2 * room, sizeof(*run.stack));
    run.seen = xcalloc(room, sizeof(*run.seen));
    matches = search(&run, text);
    free(run.now.at);
    free(run.next.at);
    free(run.stack);
    free(run.seen);
    return matches;
}

/* What is made ready for a text is work for an empty one as well. */
size_t
regexp_work(const struct regexp *regexp, size_t text_len)
{
    return (text_len + 1) * regexp->work;
}

void
regexp_free(struct regexp *regexp)
{
    if (regexp == NULL)
        return;
    free(regexp->code);
    free(regexp->classes);
    free(regexp->ranges);
    free(regexp);
}
