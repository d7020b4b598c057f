/*
 * replay_form.c - what somebody wants to have delivered again.
 */
#include "replay_form.h"

#include "response_code.h"

#include <string.h>

#define RATE_MAX 10000
#define CLASS_MAX 16
#define TYPES_MAX 50

/* For the checks: `until` is looked at beside `since`. */
struct context {
    int64_t now_us;
    const struct body_value *since;
};

static void
check_since(const struct body_value *value, void *arg,
            struct problems *problems)
{
    const struct context *context = arg;

    if (value->number > context->now_us)
        problem_add(problems, value->name, NULL, "value_error.since",
                    "must not be in the future");
}

static void
check_until(const struct body_value *value, void *arg,
            struct problems *problems)
{
    const struct context *context = arg;

    if (context->since->given && value->number < context->since->number)
        problem_add(problems, value->name, NULL, "value_error.until",
                    "must not be before since");
}

static void
check_code(const struct body_value *value, void *arg, struct problems *problems)
{
    uint32_t min, max;

    (void)arg;
    if (!response_code_read(slice_make(value->text, value->text_len), &min,
                            &max))
        problem_add(problems, value->name, NULL, "value_error.response_code",
                    RESPONSE_CODE_WANTED);
}

/* What no delivery here has: it would pick nothing, or everything. */
static void
check_unsupported(const struct body_value *value, void *arg,
                  struct problems *problems)
{
    (void)arg;
    problem_add(problems, value->name, NULL, "value_error.not_supported",
                "is not supported");
}

static void
check_class(const struct body_value *value, void *arg,
            struct problems *problems)
{
    (void)arg;
    if (value->number % 100 != 0)
        problem_add(problems, value->name, NULL, "type_error.enum",
                    "value is not a valid enumeration member; permitted: "
                    "0, 100, 200, 300, 400, 500");
}

/* Message states of Svix: what is under way is not sent again. */
static void
check_state(const struct body_value *value, void *arg,
            struct problems *problems)
{
    (void)arg;
    if (value->number == 1 || value->number == 3)
        problem_add(problems, value->name, NULL, "type_error.enum",
                    "value is not a valid enumeration member; permitted: "
                    "0, 2, 4");
}

static const char *const statuses[] = {"failed", "cancelled", "skipped",
                                       "success", NULL};

/* The order is that of the problems; check_until() relies on `since` coming
   first. */
static const struct body_field since_field = {
    .name = "since",
    .type = BODY_TIME,
    .rules = BODY_REQUIRED,
    .check = check_since,
};
static const struct body_field until_field = {
    .name = "until",
    .type = BODY_TIME,
    .rules = BODY_NULLABLE,
    .check = check_until,
};
static const struct body_field rate_field = {
    .name = "rate",
    .type = BODY_INT,
    .rules = BODY_NULLABLE,
    .min = 1,
    .max = RATE_MAX,
};
static const struct body_field confirm_field = {
    .name = "confirm",
    .type = BODY_BOOL,
    .rules = BODY_NULLABLE,
};

enum { RANGE_SINCE, RANGE_UNTIL, RANGE_RATE, RANGE_CONFIRM, RANGE_FIELDS };

enum {
    RETRY_SUBSCRIPTION,
    RETRY_STATUS,
    RETRY_TYPE,
    RETRY_CODE,
    RETRY_CLASS,
    RETRY_SINCE,
    RETRY_UNTIL,
    RETRY_RATE,
    RETRY_CONFIRM,
    RETRY_APPLICATION, /* last: who may not name one has no such field */
    RETRY_FIELDS
};

enum {
    BULK_CHANNEL,
    BULK_TYPES,
    BULK_SINCE,
    BULK_STATUS,
    BULK_CLASS,
    BULK_TAG,
    BULK_UNTIL,
    BULK_FIELDS
};

static const struct body_field retry_filters[RETRY_FIELDS] = {
    [RETRY_SUBSCRIPTION] = {.name = "webhook_id",
                            .alias = "subscription_id",
                            .type = BODY_INT,
                            .rules = BODY_NULLABLE,
                            .min = 1,
                            .max = UINT32_MAX},
    [RETRY_STATUS] = {.name = "status",
                      .type = BODY_WORD,
                      .rules = BODY_NULLABLE,
                      .words = statuses},
    [RETRY_TYPE] = {.name = "event_type",
                    .type = BODY_STR,
                    .rules = BODY_NULLABLE,
                    .min = 1,
                    .max = 255},
    [RETRY_CODE] = {.name = "response_code",
                    .type = BODY_STR,
                    .rules = BODY_NULLABLE,
                    .max = 3,
                    .check = check_code},
    [RETRY_CLASS] = {.name = "error_class",
                     .type = BODY_STR,
                     .rules = BODY_NULLABLE,
                     .min = 1,
                     .max = CLASS_MAX},
    [RETRY_APPLICATION] = {.name = "application",
                           .type = BODY_STR,
                           .rules = BODY_NULLABLE,
                           .min = 1,
                           .max = 255},
};

static const struct body_field bulk_filters[BULK_FIELDS] = {
    [BULK_CHANNEL] = {.name = "channel",
                      .type = BODY_STR,
                      .rules = BODY_NULLABLE,
                      .max = 128,
                      .check = check_unsupported},
    [BULK_TYPES] = {.name = "eventTypes",
                    .type = BODY_LIST_STR,
                    .rules = BODY_NULLABLE,
                    .max = TYPES_MAX,
                    .item_min = 1,
                    .item_max = 255},
    [BULK_STATUS] = {.name = "status",
                     .type = BODY_INT,
                     .rules = BODY_NULLABLE,
                     .min = 0,
                     .max = 4,
                     .check = check_state},
    [BULK_CLASS] = {.name = "statusCodeClass",
                    .type = BODY_INT,
                    .rules = BODY_NULLABLE,
                    .min = 0,
                    .max = 500,
                    .check = check_class},
    [BULK_TAG] = {.name = "tag",
                  .type = BODY_STR,
                  .rules = BODY_NULLABLE,
                  .max = 128,
                  .check = check_unsupported},
};

/* Where the fields that all have stand in each; -1: it has none. */
static const struct places {
    int since, until, rate, confirm;
    size_t count;
    const struct body_field *others; /* or NULL */
} places[REPLAY_FORM_KINDS] = {
    [REPLAY_FORM_RANGE] = {RANGE_SINCE, RANGE_UNTIL, RANGE_RATE, RANGE_CONFIRM,
                           RANGE_FIELDS, NULL},
    [REPLAY_FORM_RETRY] = {RETRY_SINCE, RETRY_UNTIL, RETRY_RATE, RETRY_CONFIRM,
                           RETRY_FIELDS, retry_filters},
    [REPLAY_FORM_SVIX] = {RANGE_SINCE, RANGE_UNTIL, -1, -1, RANGE_RATE, NULL},
    [REPLAY_FORM_BULK] = {BULK_SINCE, BULK_UNTIL, -1, -1, BULK_FIELDS,
                          bulk_filters},
};

static void
lay_out(enum replay_form_kind kind, struct body_field *table)
{
    const struct places *at = &places[kind];

    if (at->others != NULL)
        memcpy(table, at->others, at->count * sizeof(*table));
    table[at->since] = since_field;
    table[at->until] = until_field;
    if (at->rate >= 0)
        table[at->rate] = rate_field;
    if (at->confirm >= 0)
        table[at->confirm] = confirm_field;
    /* Filters pick as well as a time does. */
    if (kind == REPLAY_FORM_RETRY)
        table[at->since].rules = BODY_NULLABLE;
}

static struct slice
text_of(const struct body_value *value)
{
    return value->given ? slice_make(value->text, value->text_len) : SLICE_NONE;
}

static void
take_retry(struct replay_form *form)
{
    const struct body_value *value = form->value;

    form->subscription_id = (uint32_t)value[RETRY_SUBSCRIPTION].number;
    if (value[RETRY_STATUS].given)
        form->status = statuses[value[RETRY_STATUS].number];
    form->event_type = text_of(&value[RETRY_TYPE]);
    form->response_code = text_of(&value[RETRY_CODE]);
    form->error_class = text_of(&value[RETRY_CLASS]);
    form->application = text_of(&value[RETRY_APPLICATION]);
}

static void
take_bulk(struct replay_form *form)
{
    static const char *const states[] = {
        [0] = "success", [2] = "failed", [4] = "cancelled"};
    const struct body_value *value = form->value;

    form->event_types = value[BULK_TYPES].items;
    form->event_type_count = value[BULK_TYPES].item_count;
    if (value[BULK_STATUS].given)
        form->status = states[value[BULK_STATUS].number];
    if (!value[BULK_CLASS].given || value[BULK_CLASS].number == 0)
        return;
    memcpy(form->code_text, "0xx", sizeof("0xx"));
    form->code_text[0] = (char)('0' + value[BULK_CLASS].number / 100);
    form->response_code = slice_of(form->code_text);
}

static void
take(struct replay_form *form, int64_t now_us)
{
    const struct places *at = &places[form->kind];
    const struct body_value *value = form->value;

    form->since_us = value[at->since].number;
    form->until_us = now_us;
    if (value[at->until].given && value[at->until].number < now_us)
        form->until_us = value[at->until].number;
    form->confirm = true;
    if (at->confirm >= 0)
        form->confirm = value[at->confirm].number != 0;
    form->has_rate = at->rate >= 0 && value[at->rate].given;
    if (form->has_rate)
        form->rate = (uint32_t)value[at->rate].number;
    form->status = statuses[0];
    if (form->kind == REPLAY_FORM_RETRY)
        take_retry(form);
    if (form->kind == REPLAY_FORM_BULK)
        take_bulk(form);
}

bool
replay_form_read(struct replay_form *form, struct slice body,
                 enum replay_form_kind kind,
                 const struct replay_form_rules *rules,
                 struct problems *problems)
{
    struct body_field table[REPLAY_FORM_FIELDS] = {{.name = NULL}};
    struct context context = {rules->now_us, &form->value[places[kind].since]};
    const struct body_options options = {.context = &context};
    size_t count = places[kind].count;

    memset(form, 0, sizeof(*form));
    form->kind = kind;
    lay_out(kind, table);
    if (kind == REPLAY_FORM_RETRY && !rules->may_name_application)
        count--;
    if (!body_read(body.len == 0 && kind == REPLAY_FORM_RETRY ? SLICE("{}")
                                                              : body,
                   table, count, &options, form->value, problems))
        return false;
    take(form, rules->now_us);
    return true;
}

void
replay_form_free(struct replay_form *form)
{
    body_free(form->value, REPLAY_FORM_FIELDS);
    memset(form, 0, sizeof(*form));
}
