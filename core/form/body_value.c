/*
 * body_value.c - one value of a request's body, read by its row of the table.
 */
#include "body_value.h"

#include "alloc.h"
#include "clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
body_problem_item(struct problems *problems, const char *field, size_t index,
                  const char *type, const char *format, ...)
{
    size_t before = problems->count;
    char sub[24];
    char msg[sizeof(problems->list[0].msg)];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(msg, sizeof(msg), format, args);
    va_end(args);
    (void)snprintf(sub, sizeof(sub), "%zu", index);
    problem_add(problems, field, sub, type, "%s", msg);
    if (problems->count > before)
        problems->list[before].loc_is_index[1] = true;
}

char *
body_decode_name(struct slice name, size_t *len)
{
    struct slice quoted = {name.ptr - 1, name.len + 2};
    struct buf text;

    buf_init(&text, name.len + 1);
    json_decode_string(quoted, &text);
    *len = text.len;
    return text.data == NULL ? xstrdup("") : buf_take(&text);
}

/* Where a problem is: a field, or an item or member of it. */
struct place {
    const char *field;
    const char *sub;
    bool sub_is_index;
};

static void add_at(struct problems *problems, struct place place,
                   const char *type, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void
add_at(struct problems *problems, struct place place, const char *type,
       const char *format, ...)
{
    size_t before = problems->count;
    char msg[sizeof(problems->list[0].msg)];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(msg, sizeof(msg), format, args);
    va_end(args);
    problem_add(problems, place.field, place.sub, type, "%s", msg);
    if (problems->count > before)
        problems->list[before].loc_is_index[1] = place.sub_is_index;
}

static void
wrong_type(struct problems *problems, struct place place, const char *want)
{
    char type[32];

    (void)snprintf(type, sizeof(type), "type_error.%s", want);
    add_at(problems, place, type, "%s type expected", want);
}

static size_t
count_characters(const char *text, size_t len)
{
    size_t count = 0, i;

    for (i = 0; i < len; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            count++;
    }
    return count;
}

/* The decoded string, or NULL with a problem added. The caller frees it. */
static char *
read_text(struct json_value json, int64_t min, int64_t max, struct place place,
          struct problems *problems, size_t *len)
{
    size_t before = problems->count, characters;
    struct buf text;
    char *taken;

    if (json.type != JSON_STRING) {
        wrong_type(problems, place, "str");
        return NULL;
    }
    buf_init(&text, json.text.len + 1);
    json_decode_string(json.text, &text);
    *len = text.len;
    taken = text.data == NULL ? xstrdup("") : buf_take(&text);
    characters = count_characters(taken, *len);
    if (characters < (size_t)min)
        add_at(problems, place, "value_error.any_str.min_length",
               "ensure this value has at least %lld characters",
               (long long)min);
    else if (characters > (size_t)max)
        add_at(problems, place, "value_error.any_str.max_length",
               "ensure this value has at most %lld characters", (long long)max);
    else if (memchr(taken, '\0', *len) != NULL)
        add_at(problems, place, "value_error.any_str.nul",
               "null characters are not allowed");
    if (problems->count > before) {
        free(taken);
        return NULL;
    }
    return taken;
}

static bool
is_digits(struct slice number)
{
    size_t i = number.len > 0 && number.ptr[0] == '-' ? 1 : 0;

    for (; i < number.len; i++) {
        if (number.ptr[i] < '0' || number.ptr[i] > '9')
            return false;
    }
    return number.len > 0;
}

static void
read_number(struct json_value json, int64_t min, int64_t max,
            struct place place, struct problems *problems, int64_t *out)
{
    int64_t number;

    if (json.type != JSON_NUMBER || !is_digits(json.text)) {
        wrong_type(problems, place, "int");
        return;
    }
    /* What does not fit into 64 bits is beyond the bound of its sign. */
    if (!json_integer(json.text, INT64_MIN, INT64_MAX, &number))
        number = json.text.ptr[0] == '-' ? INT64_MIN : INT64_MAX;
    if (number < min)
        add_at(problems, place, "value_error.number.not_ge",
               "ensure this value is greater than or equal to %lld",
               (long long)min);
    else if (number > max)
        add_at(problems, place, "value_error.number.not_le",
               "ensure this value is less than or equal to %lld",
               (long long)max);
    else
        *out = number;
}

static void
read_word(const struct body_field *field, struct json_value json,
          struct place place, struct problems *problems, int64_t *out)
{
    struct buf permitted = BUF_INIT(512);
    struct slice plain = SLICE_NONE;
    size_t i;

    if (json.type == JSON_STRING)
        plain = json_plain_string(json.text);
    for (i = 0; field->words[i] != NULL; i++) {
        if (slice_is(plain, field->words[i])) {
            *out = (int64_t)i;
            buf_free(&permitted);
            return;
        }
        buf_addf(&permitted, "%s'%s'", i == 0 ? "" : ", ", field->words[i]);
    }
    problem_enum(problems, place.field, place.sub, permitted.data);
    buf_free(&permitted);
}

static void
read_time(struct json_value json, struct place place, struct problems *problems,
          int64_t *out)
{
    if (json.type != JSON_STRING)
        wrong_type(problems, place, "str");
    else if (!clock_parse(json_plain_string(json.text), out))
        add_at(problems, place, "value_error.datetime",
               "invalid datetime format");
}

static bool
read_item(const struct body_field *field, const struct json_member *member,
          struct place place, struct problems *problems, struct body_item *item)
{
    size_t before = problems->count;

    if (field->type == BODY_LIST_INT) {
        read_number(member->value, field->item_min, field->item_max, place,
                    problems, &item->number);
        return problems->count == before;
    }
    item->text = read_text(member->value, field->item_min, field->item_max,
                           place, problems, &item->text_len);
    return item->text != NULL;
}

static size_t
count_members(struct slice container)
{
    struct json_member member;
    size_t at = 0, count = 0;

    while (json_next(container, &at, &member))
        count++;
    return count;
}

/* Items of a list, or members of a dict of strings. The count is bounded
   before anything is allocated. */
static void
read_items(const struct body_field *field, struct json_value json,
           struct body_value *value, struct problems *problems)
{
    bool dict = field->type == BODY_DICT_STR;
    size_t count = count_members(json.text), at = 0;
    struct place place = {value->name, NULL, false};
    struct json_member member;

    if (count < (size_t)field->min || count > (size_t)field->max) {
        bool few = count < (size_t)field->min;
        char type[40];

        (void)snprintf(type, sizeof(type), "value_error.%s.%s_items",
                       dict ? "dict" : "list", few ? "min" : "max");
        add_at(problems, place, type, "ensure this value has at %s %lld items",
               few ? "least" : "most",
               (long long)(few ? field->min : field->max));
        return;
    }
    value->items = xcalloc(count + 1, sizeof(value->items[0]));
    while (json_next(json.text, &at, &member)) {
        struct body_item *item = &value->items[value->item_count];
        char index[24];

        (void)snprintf(index, sizeof(index), "%zu", value->item_count);
        if (dict)
            item->name = body_decode_name(member.name, &item->name_len);
        place.sub = dict ? item->name : index;
        place.sub_is_index = !dict;
        value->item_count++;
        (void)read_item(field, &member, place, problems, item);
    }
}

/* What JSON type a field wants, and how a 422 calls it. */
static const struct {
    enum json_kind json;
    const char *word;
} wanted[] = {
    [BODY_STR] = {JSON_STRING, "str"},
    [BODY_INT] = {JSON_NUMBER, "int"},
    [BODY_BOOL] = {JSON_BOOL, "bool"},
    [BODY_WORD] = {JSON_STRING, "str"},
    [BODY_TIME] = {JSON_STRING, "str"},
    [BODY_DICT] = {JSON_OBJECT, "dict"},
    [BODY_DICT_STR] = {JSON_OBJECT, "dict"},
    [BODY_LIST_STR] = {JSON_ARRAY, "list"},
    [BODY_LIST_INT] = {JSON_ARRAY, "list"},
};

void
body_value_read(const struct body_field *field, struct json_value json,
                struct body_value *value, struct problems *problems)
{
    struct place place = {value->name, NULL, false};

    if (json.type != wanted[field->type].json) {
        wrong_type(problems, place, wanted[field->type].word);
        return;
    }
    switch (field->type) {
    case BODY_STR:
        value->text = read_text(json, field->min, field->max, place, problems,
                                &value->text_len);
        break;
    case BODY_INT:
        read_number(json, field->min, field->max, place, problems,
                    &value->number);
        break;
    case BODY_BOOL:
        value->number = slice_is(json.text, "true");
        break;
    case BODY_WORD:
        read_word(field, json, place, problems, &value->number);
        break;
    case BODY_TIME:
        read_time(json, place, problems, &value->number);
        break;
    case BODY_DICT:
        break;
    case BODY_DICT_STR:
    case BODY_LIST_STR:
    case BODY_LIST_INT:
        read_items(field, json, value, problems);
        break;
    }
}

void
body_value_free(struct body_value *value)
{
    size_t i;

    for (i = 0; i < value->item_count; i++) {
        free(value->items[i].name);
        free(value->items[i].text);
    }
    free(value->items);
    free(value->text);
    memset(value, 0, sizeof(*value));
}
