/*
 * source_option_value.c - one option of a source: read, printed, copied, and
 * taken from a command line.
 */
#include "source_options_impl.h"

#include "alloc.h"
#include "body_value.h"
#include "member.h"
#include "nearest.h"
#include "number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    enum body_type type; /* how a JSON value is read, where body_value.h can */
    const char *name;
} kinds[] = {
    [OPTION_NUMBER] = {BODY_INT, "number"},
    [OPTION_PERCENT] = {BODY_INT, "number"},
    [OPTION_BOOL] = {BODY_BOOL, "yes or no"},
    [OPTION_TEXT] = {BODY_STR, "text"},
    [OPTION_WORD] = {BODY_WORD, "word"},
    [OPTION_LIST] = {BODY_LIST_STR, "list"},
    [OPTION_VALUE] = {BODY_DICT, "JSON"},
    [OPTION_RULES] = {BODY_DICT, "JSON"},
};

/* Enums are stored by their index, whatever type the compiler gave them. */
_Static_assert(sizeof(enum verify_mode) == sizeof(unsigned) &&
                   sizeof(enum when_down) == sizeof(unsigned),
               "words are read and written as unsigned");

const char *
option_kind_name(const struct option *option)
{
    return kinds[option->kind].name;
}

static void *
place_of(const struct option *option, struct source_options *options)
{
    return (char *)options + option->offset;
}

static const void *
value_of(const struct option *option, const struct source_options *options)
{
    return (const char *)options + option->offset;
}

static void
free_texts(struct source_texts *texts)
{
    size_t i;

    for (i = 0; i < texts->count; i++)
        free(texts->list[i]);
    free(texts->list);
    *texts = (struct source_texts){NULL, 0};
}

void
option_free(const struct option *option, struct source_options *options)
{
    void *place = place_of(option, options);

    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_VALUE:
        free(*(char **)place);
        *(char **)place = NULL;
        break;
    case OPTION_LIST:
        free_texts(place);
        break;
    case OPTION_RULES:
        slice_free(place);
        break;
    case OPTION_NUMBER:
    case OPTION_PERCENT:
    case OPTION_BOOL:
    case OPTION_WORD:
        break;
    }
}

/* Takes the texts over. */
static void
set_texts(struct source_texts *texts, struct body_value *value)
{
    size_t i;

    free_texts(texts);
    if (value->item_count == 0)
        return;
    texts->list = xcalloc(value->item_count, sizeof(texts->list[0]));
    for (i = 0; i < value->item_count; i++) {
        texts->list[i] = value->items[i].text;
        value->items[i].text = NULL;
    }
    texts->count = value->item_count;
}

static void
set_value(const struct option *option, struct source_options *options,
          struct body_value *value)
{
    void *place = place_of(option, options);

    switch (option->kind) {
    case OPTION_NUMBER:
        *(uint32_t *)place = (uint32_t)value->number;
        break;
    case OPTION_PERCENT:
        *(int *)place = (int)value->number;
        break;
    case OPTION_BOOL:
        *(bool *)place = value->number != 0;
        break;
    case OPTION_WORD:
        *(unsigned *)place = (unsigned)value->number;
        break;
    case OPTION_TEXT:
        free(*(char **)place);
        *(char **)place = value->text;
        value->text = NULL;
        break;
    case OPTION_LIST:
        set_texts(place, value);
        break;
    case OPTION_VALUE:
    case OPTION_RULES:
        break; /* by set_json() */
    }
}

static void
set_json(const struct option *option, struct json_value json,
         struct source_options *options, struct problems *problems)
{
    struct buf text = BUF_INIT((size_t)option->max);
    void *place = place_of(option, options);

    if (option->kind == OPTION_RULES && json.type != JSON_ARRAY) {
        problem_type(problems, option->name, NULL, "list");
        return;
    }
    json_minify(json.text, &text);
    if (option->kind == OPTION_RULES && buf_ok(&text) &&
        !check_triggers(option->name, buf_slice(&text), problems)) {
        buf_free(&text);
        return;
    }
    if (!buf_ok(&text)) {
        problem_add(problems, option->name, NULL, "value_error.max_bytes",
                    "ensure this value has at most %lld bytes",
                    (long long)option->max);
    } else if (option->kind == OPTION_RULES) {
        option_free(option, options);
        if (!slice_is(buf_slice(&text), "[]"))
            *(struct slice *)place = slice_copy(buf_slice(&text));
    } else {
        free(*(char **)place);
        *(char **)place = buf_take(&text);
    }
    buf_free(&text);
}

void
option_read(const struct option *option, struct json_value json,
            struct source_options *options, struct problems *problems)
{
    const struct body_field field = {
        .name = option->name,
        .type = kinds[option->kind].type,
        .min = option->kind == OPTION_TEXT ? 1 : 0,
        .max = option->kind == OPTION_LIST ? SOURCE_LIST_MAX : option->max,
        .item_min = 1,
        .item_max = option->max,
        .words = option->words,
    };
    struct body_value value = {
        .given = true, .name = option->name, .raw = json.text};
    size_t before = problems->count;

    if (option->kind == OPTION_VALUE || option->kind == OPTION_RULES) {
        set_json(option, json, options, problems);
        return;
    }
    body_value_read(&field, json, &value, problems);
    if (problems->count == before && option->check != NULL)
        option->check(option->name, &value, problems);
    /* A full list of problems says no more, which makes nothing right. */
    if (problems->count == before && before < PROBLEM_MAX)
        set_value(option, options, &value);
    body_value_free(&value);
}

static void
print_texts(const struct source_texts *texts, struct buf *out)
{
    size_t i;

    buf_add_char(out, '[');
    for (i = 0; i < texts->count; i++) {
        member_next(out);
        json_add_string(out, slice_of(texts->list[i]));
    }
    buf_add_char(out, ']');
}

static void
print_text(const char *text, bool is_json, struct buf *out)
{
    if (text == NULL)
        buf_add_text(out, "null");
    else if (is_json)
        buf_add_text(out, text);
    else
        json_add_string(out, slice_of(text));
}

void
option_print(const struct option *option, const struct source_options *options,
             struct buf *out)
{
    const void *value = value_of(option, options);
    const struct slice *rules = value;
    int percent;

    switch (option->kind) {
    case OPTION_NUMBER:
        buf_add_u64(out, *(const uint32_t *)value);
        break;
    case OPTION_PERCENT:
        percent = *(const int *)value;
        if (percent < 0)
            buf_add_text(out, "null");
        else
            buf_add_i64(out, percent);
        break;
    case OPTION_BOOL:
        buf_add_text(out, *(const bool *)value ? "true" : "false");
        break;
    case OPTION_WORD:
        print_text(option->words[*(const unsigned *)value], false, out);
        break;
    case OPTION_TEXT:
    case OPTION_VALUE:
        print_text(*(char *const *)value, option->kind == OPTION_VALUE, out);
        break;
    case OPTION_LIST:
        print_texts(value, out);
        break;
    case OPTION_RULES:
        buf_add_slice(out, rules->len == 0 ? SLICE("[]") : *rules);
        break;
    }
}

/* By way of its JSON, which says all about it. */
void
option_copy(const struct option *option, struct source_options *options,
            const struct source_options *from)
{
    struct buf text = BUF_INIT(SOURCE_JSON_MAX);
    struct problems none = {.count = 0};
    struct json_value json;

    option_free(option, options);
    if (option->kind == OPTION_PERCENT)
        *(int *)place_of(option, options) = -1;
    option_print(option, from, &text);
    if (buf_ok(&text) && json_read(buf_slice(&text), &json, NULL) &&
        json.type != JSON_NULL)
        option_read(option, json, options, &none);
    buf_free(&text);
}

static bool
add_bool(struct slice value, struct buf *json)
{
    static const struct {
        const char *word;
        const char *json;
    } words[] = {{"yes", "true"}, {"true", "true"}, {"on", "true"},
                 {"no", "false"}, {"off", "false"}, {"false", "false"}};
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (slice_is_nocase(value, words[i].word)) {
            buf_add_text(json, words[i].json);
            return true;
        }
    return false;
}

static void
add_list(struct slice value, struct buf *json)
{
    buf_add_char(json, '[');
    while (value.len > 0) {
        const char *comma = memchr(value.ptr, ',', value.len);
        size_t len = comma == NULL ? value.len : (size_t)(comma - value.ptr);
        size_t step = comma == NULL ? len : len + 1;

        member_next(json);
        json_add_string(json, slice_trim(slice_make(value.ptr, len)));
        value = slice_make(value.ptr + step, value.len - step);
    }
    buf_add_char(json, ']');
}

static bool
add_value(const struct option *option, struct slice value, struct buf *json)
{
    struct json_value parsed;
    int64_t number;

    switch (option->kind) {
    case OPTION_NUMBER:
    case OPTION_PERCENT:
        if (!number_i64(value, INT64_MIN, INT64_MAX, &number))
            return false;
        buf_add_i64(json, number);
        return true;
    case OPTION_BOOL:
        return add_bool(value, json);
    case OPTION_TEXT:
    case OPTION_WORD:
        json_add_string(json, value);
        return json_is_utf8(value);
    case OPTION_LIST:
        add_list(value, json);
        return json_is_utf8(value);
    case OPTION_VALUE:
    case OPTION_RULES:
        break;
    }
    if (!json_read(value, &parsed, NULL))
        return false;
    buf_add_slice(json, parsed.text);
    return true;
}

static void
say_unknown(struct slice name, char why[200])
{
    const struct source_option_help *help;
    char word[NEAREST_MAX + 2]; /* longer ones are like nothing */
    struct nearest nearest;
    size_t i;

    (void)snprintf(word, sizeof(word), "%.*s", (int)name.len, name.ptr);
    nearest_begin(&nearest, word);
    for (i = 0; (help = source_option_help(i)) != NULL; i++)
        nearest_offer(&nearest, help->name);
    (void)snprintf(why, 200, "a source has no option '%.*s'%s%s%s",
                   (int)(name.len < 100 ? name.len : 100), name.ptr,
                   nearest.found == NULL ? "" : "; did you mean '",
                   nearest.found == NULL ? "" : nearest.found,
                   nearest.found == NULL ? "" : "'?");
}

bool
source_option_json(struct slice name, struct slice value, struct buf *json,
                   char why[200])
{
    const struct option *option = option_named(name);

    if (option == NULL) {
        say_unknown(name, why);
        return false;
    }
    if (value.len == 0) {
        buf_add_text(json, "null"); /* as the provider has it */
        return true;
    }
    if (add_value(option, value, json))
        return true;
    (void)snprintf(why, 200, "%s takes %s%s", option->name,
                   option->kind == OPTION_BOOL ? "" : "a ",
                   option_kind_name(option));
    return false;
}
