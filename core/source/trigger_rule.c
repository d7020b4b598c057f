/*
 * trigger_rule.c - see trigger_rule.h.
 */
#include "trigger_rule.h"

#include "alloc.h"
#include "body.h"
#include "json.h"
#include "pattern.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_CHARS TRIGGER_NAME_MAX
#define TABLE_MAX 128
#define ID_DIGITS 32 /* of an id that is written with dashes or without */

/* -- what a rule may say ------------------------------------------------------ */

enum {
    FIELD_NAME,
    FIELD_ON,
    FIELD_TABLES,
    FIELD_WHEN,
    FIELD_CHANGED,
    FIELD_EMIT,
    FIELD_ACTION,
    FIELD_WAIT,
    FIELD_REFRESH,
    FIELD_REFRESH_TABLE,
    FIELDS
};

static void
check_name(const struct body_value *value, void *context,
           struct problems *problems)
{
    size_t i;

    (void)context;
    for (i = 0; i < value->text_len; i++) {
        unsigned char c = (unsigned char)value->text[i];

        if (c >= 0x80 || (!isalnum(c) && c != '_' && c != '-')) {
            problem_add(problems, value->name, NULL, "value_error",
                        "has letters, digits, '_' and '-'");
            return;
        }
    }
}

static void
check_patterns(const struct body_value *value, void *context,
               struct problems *problems)
{
    size_t i;

    (void)context;
    for (i = 0; i < value->item_count; i++) {
        if (!pattern_is_valid(
                slice_make(value->items[i].text, value->items[i].text_len)))
            body_problem_item(problems, value->name, i,
                              "value_error.event_type",
                              "is no event type and no pattern of one");
    }
}

static void
check_type(const struct body_value *value, void *context,
           struct problems *problems)
{
    (void)context;
    if (!pattern_is_type(slice_make(value->text, value->text_len)))
        problem_add(problems, value->name, NULL, "value_error.event_type",
                    "is no event type");
}

#define TEXT(most)                                                             \
    .type = BODY_STR, .rules = BODY_NULLABLE, .min = 1, .max = (most)
#define LIST(most)                                                             \
    .type = BODY_LIST_STR, .rules = BODY_NULLABLE, .max = TRIGGER_LIST_MAX,    \
    .item_min = 1, .item_max = (most)

static const struct body_field fields[FIELDS] = {
    [FIELD_NAME] = {.name = "name",
                    .type = BODY_STR,
                    .rules = BODY_REQUIRED,
                    .min = 1,
                    .max = NAME_MAX_CHARS,
                    .check = check_name},
    [FIELD_ON] = {.name = "on",
                  .type = BODY_LIST_STR,
                  .rules = BODY_REQUIRED,
                  .min = 1,
                  .max = TRIGGER_LIST_MAX,
                  .item_min = 1,
                  .item_max = PATTERN_MAX,
                  .check = check_patterns},
    [FIELD_TABLES] = {.name = "tables", LIST(TABLE_MAX)},
    [FIELD_WHEN] = {.name = "when", .type = BODY_DICT, .rules = BODY_NULLABLE},
    [FIELD_CHANGED] = {.name = "changed", LIST(TRIGGER_PATH_MAX)},
    [FIELD_EMIT] = {.name = "emit", TEXT(PATTERN_MAX), .check = check_type},
    [FIELD_ACTION] = {.name = "action", TEXT(TRIGGER_ACTION_MAX)},
    [FIELD_WAIT] = {.name = "wait", .type = BODY_BOOL, .rules = BODY_NULLABLE},
    [FIELD_REFRESH] = {.name = "refresh", TEXT(TRIGGER_PATH_MAX)},
    [FIELD_REFRESH_TABLE] = {.name = "refresh_table", TEXT(TABLE_MAX)},
};

/* -- reading ------------------------------------------------------------------ */

static char *
take_text(const struct body_value *value)
{
    return value->given ? xstrndup(value->text, value->text_len) : NULL;
}

static struct trigger_texts
take_list(const struct body_value *value)
{
    struct trigger_texts texts = {NULL, 0};
    size_t i;

    if (value->item_count == 0)
        return texts;
    texts.list = xcalloc(value->item_count, sizeof(*texts.list));
    for (i = 0; i < value->item_count; i++)
        texts.list[texts.count++] =
            xstrndup(value->items[i].text, value->items[i].text_len);
    return texts;
}

static char *
default_type(const struct body_value *name)
{
    struct buf type = BUF_INIT(PATTERN_MAX);

    buf_add_text(&type, "trigger.");
    buf_add(&type, name->text, name->text_len);
    return buf_take(&type);
}

static void
take_rule(const struct body_value *values, struct trigger_rule *rule)
{
    rule->name = take_text(&values[FIELD_NAME]);
    rule->on = take_list(&values[FIELD_ON]);
    rule->tables = take_list(&values[FIELD_TABLES]);
    rule->changed = take_list(&values[FIELD_CHANGED]);
    rule->emit = take_text(&values[FIELD_EMIT]);
    rule->action = take_text(&values[FIELD_ACTION]);
    rule->refresh = take_text(&values[FIELD_REFRESH]);
    rule->refresh_table = take_text(&values[FIELD_REFRESH_TABLE]);
    rule->wait = values[FIELD_WAIT].given && values[FIELD_WAIT].number != 0;
    if (rule->emit == NULL && rule->refresh == NULL)
        rule->emit = default_type(&values[FIELD_NAME]);
}

static bool
is_taken(const struct trigger_rule_list *rules, const char *name)
{
    size_t i;

    for (i = 0; i < rules->count; i++) {
        if (strcmp(rules->list[i].name, name) == 0)
            return true;
    }
    return false;
}

/* What only shows when the whole rule is known. */
static void
check_together(const struct trigger_rule_list *rules,
               const struct trigger_rule *rule, struct problems *problems)
{
    assert(rule->name != NULL); /* it is required */
    if (is_taken(rules, rule->name))
        problem_add(problems, fields[FIELD_NAME].name, NULL,
                    "value_error.trigger", "another rule has it");
    if (rule->wait && rule->emit == NULL)
        problem_add(problems, fields[FIELD_WAIT].name, NULL,
                    "value_error.trigger",
                    "needs \"emit\", there is nothing to wait for");
    if (rule->refresh_table != NULL && rule->refresh == NULL)
        problem_add(problems, fields[FIELD_REFRESH_TABLE].name, NULL,
                    "value_error.trigger", "needs \"refresh\"");
}

static void
compile(const struct body_value *when, struct trigger_rule *rule,
        struct problems *problems)
{
    struct buf fault = BUF_INIT(FILTER_WHY_MAX);

    if (!when->given)
        return;
    rule->when = filter_compile(when->raw, &fault);
    if (rule->when == NULL)
        problem_add(problems, when->name, NULL, "value_error.filter", "%s",
                    buf_slice(&fault).ptr);
    buf_free(&fault);
}

/* The rule joins the list also where it does not fit the others, to be freed
   with it. */
static void
read_rule(struct json_value element, size_t index,
          struct trigger_rule_list *rules, struct problems *problems)
{
    const struct body_options options = {.part = false};
    struct body_value values[FIELDS];
    struct trigger_rule rule = {.name = NULL};
    size_t first = problems->count;

    if (body_read_value(element, fields, FIELDS, &options, values, problems)) {
        take_rule(values, &rule);
        check_together(rules, &rule, problems);
        compile(&values[FIELD_WHEN], &rule, problems);
        rules->list[rules->count++] = rule;
    }
    body_free(values, FIELDS);
    problem_put_index(problems, first, index);
}

static bool
read_all(struct slice array, struct trigger_rule_list *rules,
         struct problems *problems)
{
    size_t first = problems->count, at = 0, index = 0;
    struct json_member item;

    while (json_next(array, &at, &item)) {
        if (index == TRIGGER_RULES_MAX) {
            problem_add(problems, NULL, NULL, "value_error.list.max_items",
                        "ensure this value has at most %d items",
                        TRIGGER_RULES_MAX);
            break;
        }
        read_rule(item.value, index++, rules, problems);
    }
    /* A full list reports no more, which does not make these rules good. */
    return problems->count == first && first < PROBLEM_MAX;
}

struct trigger_rule_list *
trigger_rule_read(struct slice json, struct problems *problems)
{
    struct trigger_rule_list *rules;
    struct json_error error;
    struct json_value value;

    if (!json_read(json, &value, &error)) {
        problem_json(problems, &error);
        return NULL;
    }
    if (value.type != JSON_ARRAY) {
        problem_type(problems, NULL, NULL, "list");
        return NULL;
    }
    rules = xcalloc(1, sizeof(*rules));
    rules->list = xcalloc(TRIGGER_RULES_MAX, sizeof(*rules->list));
    if (read_all(value.text, rules, problems))
        return rules;
    trigger_rule_list_free(rules);
    return NULL;
}

static void
free_texts(struct trigger_texts *texts)
{
    size_t i;

    for (i = 0; i < texts->count; i++)
        free(texts->list[i]);
    free(texts->list);
}

void
trigger_rule_list_free(struct trigger_rule_list *rules)
{
    size_t i;

    if (rules == NULL)
        return;
    for (i = 0; i < rules->count; i++) {
        struct trigger_rule *rule = &rules->list[i];

        free(rule->name);
        free_texts(&rule->on);
        free_texts(&rule->tables);
        free_texts(&rule->changed);
        filter_free(rule->when);
        free(rule->emit);
        free(rule->action);
        free(rule->refresh);
        free(rule->refresh_table);
    }
    free(rules->list);
    free(rules);
}

/* -- is it about this? -------------------------------------------------------- */

/* 32 hexadecimal digits in lower case, dashes left out. False: it is no such
   id. */
static bool
normal_id(struct slice text, char out[ID_DIGITS])
{
    size_t i, n = 0;

    for (i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c == '-')
            continue;
        if (n == ID_DIGITS || !isxdigit(c))
            return false;
        out[n++] = (char)tolower(c);
    }
    return n == ID_DIGITS;
}

static bool
is_same_table(const char *wanted, struct slice table, struct slice title)
{
    char a[ID_DIGITS], b[ID_DIGITS];

    if (slice_is(table, wanted) || (title.len > 0 && slice_is(title, wanted)))
        return true;
    return normal_id(slice_of(wanted), a) && normal_id(table, b) &&
           memcmp(a, b, ID_DIGITS) == 0;
}

bool
trigger_rule_is_for(const struct trigger_rule *rule, struct slice type,
                    struct slice table, struct slice title)
{
    bool on = false, about = rule->tables.count == 0;
    size_t i;

    for (i = 0; i < rule->on.count && !on; i++)
        on = pattern_matches(slice_of(rule->on.list[i]), type);
    for (i = 0; i < rule->tables.count && on && !about; i++)
        about = is_same_table(rule->tables.list[i], table, title);
    return on && about;
}
