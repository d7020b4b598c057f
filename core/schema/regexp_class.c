/*
 * regexp_class.c - what stands for one character of an expression: the
 * character itself, an escape, a class.
 */
#include "regexp_parse.h"

#include "alloc.h"
#include "utf8.h"

#include <string.h>

#define LAST UINT32_C(0x10ffff)
#define RANGES_MAX 4000

static const struct regexp_range digits[] = {{'0', '9'}};
static const struct regexp_range words[] = {
    {'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
static const struct regexp_range spaces[] = {
    {'\t', '\r'},     {' ', ' '},       {0xa0, 0xa0},     {0x1680, 0x1680},
    {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f},
    {0x3000, 0x3000}, {0xfeff, 0xfeff}};

/* The sets that a letter stands for; in the order of their characters. */
static const struct set {
    char letter;
    bool negated;
    const struct regexp_range *ranges;
    size_t count;
} sets[] = {
    {'d', false, digits, 1}, {'D', true, digits, 1},   {'w', false, words, 4},
    {'W', true, words, 4},   {'s', false, spaces, 10}, {'S', true, spaces, 10},
};

static const struct set *
find_set(unsigned char letter)
{
    size_t i;

    for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        if ((unsigned char)sets[i].letter == letter)
            return &sets[i];
    }
    return NULL;
}

static bool
add_range(struct regexp_parse *parse, uint32_t first, uint32_t last)
{
    struct regexp *regexp = parse->regexp;

    if (first > last)
        return regexp_fail(parse, "a range of characters whose end is before "
                                  "its start");
    if (regexp->range_count >= RANGES_MAX)
        return regexp_fail(parse, "the expression is too large");
    regexp->ranges = xreallocarray(regexp->ranges, regexp->range_count + 1,
                                   sizeof(*regexp->ranges));
    regexp->ranges[regexp->range_count++] = (struct regexp_range){first, last};
    return true;
}

static bool
add_set(struct regexp_parse *parse, const struct set *set)
{
    uint32_t next = 0;
    size_t i;

    for (i = 0; i < set->count; i++) {
        const struct regexp_range *range = &set->ranges[i];

        if (!set->negated && !add_range(parse, range->first, range->last))
            return false;
        if (set->negated && range->first > next &&
            !add_range(parse, next, range->first - 1))
            return false;
        next = range->last + 1;
    }
    return !set->negated || add_range(parse, next, LAST);
}

/* -- characters ------------------------------------------------------------------ */

static bool
read_character(struct regexp_parse *parse, uint32_t *c)
{
    size_t left = (size_t)(parse->end - parse->at);
    size_t len = utf8_length(parse->at, left), i;

    if (len == 0)
        return regexp_fail(parse, "bytes that are not UTF-8");
    *c = len == 1 ? parse->at[0] : parse->at[0] & (0x7fU >> len);
    for (i = 1; i < len; i++)
        *c = *c << 6 | (parse->at[i] & 0x3fU);
    parse->at += len;
    return true;
}

static int
hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Exactly `count` digits, or as many as there are for 0. */
static bool
read_hex(struct regexp_parse *parse, size_t count, uint32_t *c)
{
    size_t n = 0;

    *c = 0;
    while (parse->at < parse->end && (count == 0 || n < count) && n < 6 &&
           hex_digit(*parse->at) >= 0) {
        *c = *c << 4 | (uint32_t)hex_digit(*parse->at++);
        n++;
    }
    return (n > 0 && (count == 0 || n == count) && *c <= LAST) ||
           regexp_fail(parse, "an escape that is no character");
}

/* Behind \u: 4 digits, or {any}; two halves of a pair are one character. */
static bool
read_unicode(struct regexp_parse *parse, uint32_t *c)
{
    uint32_t low = 0;

    if (parse->at < parse->end && *parse->at == '{') {
        parse->at++;
        if (!read_hex(parse, 0, c))
            return false;
        if (parse->at == parse->end || *parse->at++ != '}')
            return regexp_fail(parse, "{ without }");
        return true;
    }
    if (!read_hex(parse, 4, c))
        return false;
    if (*c < 0xd800 || *c > 0xdbff || parse->end - parse->at < 6 ||
        memcmp(parse->at, "\\u", 2) != 0)
        return true;
    parse->at += 2;
    if (!read_hex(parse, 4, &low))
        return false;
    if (low < 0xdc00 || low > 0xdfff)
        return regexp_fail(parse, "an escape that is no character");
    *c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

static bool
read_control(struct regexp_parse *parse, uint32_t *c)
{
    unsigned char letter = parse->at < parse->end ? *parse->at : 0;

    if ((letter | 0x20) < 'a' || (letter | 0x20) > 'z')
        return regexp_fail(parse, "an escape that is no character");
    parse->at++;
    *c = letter & 0x1fU;
    return true;
}

/* Behind the backslash; no set. */
static bool
read_escape(struct regexp_parse *parse, uint32_t *c)
{
    static const char letters[] = "fnrtv0", meant[] = "\f\n\r\t\v";
    unsigned char letter = *parse->at;
    const char *found = memchr(letters, letter, sizeof(letters) - 1);

    if (found != NULL) {
        parse->at++;
        *c = (uint32_t)meant[found - letters];
        if (letter == '0' && parse->at < parse->end && *parse->at >= '0' &&
            *parse->at <= '9')
            return regexp_fail(parse, "octal escapes are not supported");
        return true;
    }
    if (letter == 'x' || letter == 'u' || letter == 'c')
        parse->at++;
    if (letter == 'x')
        return read_hex(parse, 2, c);
    if (letter == 'u')
        return read_unicode(parse, c);
    if (letter == 'c')
        return read_control(parse, c);
    if (letter >= '1' && letter <= '9')
        return regexp_fail(parse, "references to groups are not supported");
    if ((letter | 0x20) >= 'a' && (letter | 0x20) <= 'z')
        return regexp_fail(parse, "an escape that is not supported");
    return read_character(parse, c);
}

/* -- classes ------------------------------------------------------------------------ */

/* One character, or (*set) a set such as \d. */
static bool
read_item(struct regexp_parse *parse, const struct set **set, uint32_t *c)
{
    *set = NULL;
    if (*parse->at != '\\')
        return read_character(parse, c);
    if (++parse->at == parse->end)
        return regexp_fail(parse, "\\ at the end");
    *set = find_set(*parse->at);
    if (*set != NULL || *parse->at == 'b') {
        *c = '\b';
        parse->at++;
        return true;
    }
    return read_escape(parse, c);
}

static bool
read_item_or_range(struct regexp_parse *parse)
{
    const struct set *set, *other;
    uint32_t first = 0, last = 0;

    if (!read_item(parse, &set, &first))
        return false;
    if (parse->end - parse->at < 2 || parse->at[0] != '-' ||
        parse->at[1] == ']')
        return set != NULL ? add_set(parse, set)
                           : add_range(parse, first, first);
    parse->at++;
    if (!read_item(parse, &other, &last))
        return false;
    if (set != NULL || other != NULL)
        return regexp_fail(parse, "a range of characters with a set as its "
                                  "end");
    return add_range(parse, first, last);
}

static bool
read_class(struct regexp_parse *parse)
{
    while (parse->at < parse->end && *parse->at != ']') {
        if (!read_item_or_range(parse))
            return false;
    }
    if (parse->at == parse->end)
        return regexp_fail(parse, "[ without ]");
    parse->at++;
    return true;
}

/* The ranges that `read` adds become a class. */
static bool
add_class(struct regexp_parse *parse, const struct set *set, bool negated,
          struct regexp_step *step)
{
    struct regexp *regexp = parse->regexp;
    size_t from = regexp->range_count;

    if (set != NULL ? !add_set(parse, set) : !read_class(parse))
        return false;
    regexp->classes = xreallocarray(regexp->classes, regexp->class_count + 1,
                                    sizeof(*regexp->classes));
    regexp->classes[regexp->class_count] = (struct regexp_class){
        .negated = negated,
        .range = from,
        .count = regexp->range_count - from,
    };
    *step = (struct regexp_step){
        .op = REGEXP_CLASS,
        .value = (uint32_t)regexp->class_count++,
    };
    return true;
}

bool
regexp_read_one(struct regexp_parse *parse, struct regexp_step *step)
{
    const struct set *set = NULL;
    bool negated;

    *step = (struct regexp_step){.op = REGEXP_CHAR};
    switch (*parse->at) {
    case '.':
        parse->at++;
        step->op = REGEXP_ANY;
        return true;
    case '[':
        parse->at++;
        negated = parse->at < parse->end && *parse->at == '^';
        parse->at += negated;
        return add_class(parse, NULL, negated, step);
    case '\\':
        if (++parse->at == parse->end)
            return regexp_fail(parse, "\\ at the end");
        set = find_set(*parse->at);
        if (set == NULL)
            return read_escape(parse, &step->value);
        parse->at++;
        return add_class(parse, set, false, step);
    default:
        return read_character(parse, &step->value);
    }
}
