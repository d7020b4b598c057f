/*
 * source_option_check.c - what type and bounds of an option cannot say.
 */
#include "source_options_impl.h"

#include "cache_key.h"
#include "inbound_dedupe.h"
#include "inbound_path.h"
#include "pattern.h"
#include "target.h"
#include "trigger_rule.h"

#include <string.h>

#define WHY_MAX 200

static void
wrong_item(const char *name, size_t index, struct problems *problems,
           const char *type, const char *why)
{
    body_problem_item(problems, name, index, type, "%s", why);
}

void
check_texts(const char *name, const struct body_value *value,
            struct problems *problems)
{
    size_t i;

    if (slice_has_control(slice_of(value->text)))
        problem_add(problems, name, NULL, "value_error.text",
                    "control characters are not allowed");
    for (i = 0; i < value->item_count; i++)
        if (slice_has_control(slice_of(value->items[i].text)))
            wrong_item(name, i, problems, "value_error.text",
                       "control characters are not allowed");
}

void
check_networks(const char *name, const struct body_value *value,
               struct problems *problems)
{
    struct target_nets nets;
    size_t i;

    if (value->item_count > TARGET_NETS_MAX)
        problem_add(problems, name, NULL, "value_error.list.max_items",
                    "ensure this value has at most %d items", TARGET_NETS_MAX);
    for (i = 0; i < value->item_count; i++) {
        struct buf why = BUF_INIT(WHY_MAX);

        /* One item is one network, not a list of them. */
        if (strpbrk(value->items[i].text, ", \t\r\n") != NULL ||
            !target_nets_parse(value->items[i].text, &nets, &why))
            wrong_item(name, i, problems, "value_error.network",
                       "value is not an IP address or network");
        buf_free(&why);
    }
}

/* What may be connected to is checked at every connect; here it is about how
   the address is written. */
void
check_url(const char *name, const struct body_value *value,
          struct problems *problems)
{
    enum target_result result = target_check_url(
        slice_make(value->text, value->text_len), false, NULL, NULL);

    if (result == TARGET_BAD_URL)
        problem_add(problems, name, NULL, "value_error.url", "%s",
                    target_result_text(result));
}

void
check_path(const char *name, const struct body_value *value,
           struct problems *problems)
{
    const char *why =
        inbound_path_problem(slice_make(value->text, value->text_len));

    if (why != NULL)
        problem_add(problems, name, NULL, "value_error.path", "%s", why);
}

void
check_dedupe(const char *name, const struct body_value *value,
             struct problems *problems)
{
    const char *why =
        inbound_dedupe_problem(slice_make(value->text, value->text_len));

    if (why != NULL)
        problem_add(problems, name, NULL, "value_error.dedupe", "%s", why);
}

void
check_patterns(const char *name, const struct body_value *value,
               struct problems *problems)
{
    size_t i;

    for (i = 0; i < value->item_count; i++)
        if (!pattern_is_valid(
                slice_make(value->items[i].text, value->items[i].text_len)))
            wrong_item(name, i, problems, "value_error.event_type",
                       "invalid event type or pattern");
}

void
check_status(const char *name, const struct body_value *value,
             struct problems *problems)
{
    if (value->number != 0 && value->number < 200)
        problem_add(problems, name, NULL, "value_error.status",
                    "ensure this value is 0, or from 200 to 299");
}

void
check_templates(const char *name, const struct body_value *value,
                struct problems *problems)
{
    const char *fault;
    size_t i;

    for (i = 0; i < value->item_count; i++) {
        fault = cache_key_fault(value->items[i].text);
        if (fault == NULL && slice_has_control(slice_of(value->items[i].text)))
            fault = "control characters are not allowed";
        if (fault != NULL)
            wrong_item(name, i, problems, "value_error.template", fault);
    }
}

bool
check_triggers(const char *name, struct slice rules, struct problems *problems)
{
    size_t first = problems->count;
    struct trigger_rule_list *read = trigger_rule_read(rules, problems);
    bool good = read != NULL;

    problem_put_name(problems, first, name);
    trigger_rule_list_free(read);
    return good;
}
