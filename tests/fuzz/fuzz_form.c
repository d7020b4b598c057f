/*
 * fuzz_form.c - bodies of the management API: subscriptions and triggers. What
 * is accepted keeps its promises, and what is refused is answered with JSON.
 */
#include "fuzz.h"

#include "clock.h"
#include "format.h"
#include "json.h"
#include "pattern.h"
#include "subscription_form.h"
#include "trigger_form.h"

#define ITEM_MAX 102400
#define NOW_US INT64_C(1767279600000000)

/* There is a problem exactly when the body was refused. */
static void
check_problems(const struct problems *problems, bool accepted)
{
    struct buf text = BUF_INIT(1 << 20);
    struct json_value value;

    FUZZ_CHECK(accepted == (problems->count == 0));
    FUZZ_CHECK(problems->count <= PROBLEM_MAX);
    problem_print(problems, &text);
    FUZZ_CHECK(buf_ok(&text));
    FUZZ_CHECK(json_read(buf_slice(&text), &value, NULL));
    buf_free(&text);
}

static void
check_subscription(const struct subscription_form *form,
                   const struct subscription_rules *rules)
{
    const struct body_value *url = &form->value[FORM_URL];
    const struct body_value *events = &form->value[FORM_EVENTS];
    size_t i;

    FUZZ_CHECK(rules->part || (url->given && events->given));
    if (url->given)
        FUZZ_CHECK(target_check_url(slice_make(url->text, url->text_len),
                                    rules->require_https, rules->allow,
                                    NULL) == TARGET_OK);
    for (i = 0; i < events->item_count; i++)
        FUZZ_CHECK(pattern_is_valid(
            slice_make(events->items[i].text, events->items[i].text_len)));
    for (i = 0; i < FORM_FIELDS; i++) {
        if (form->value[i].text != NULL)
            FUZZ_CHECK(strlen(form->value[i].text) == form->value[i].text_len);
    }
}

static void
try_subscription(struct slice body, const struct subscription_rules *rules)
{
    struct problems problems = {.count = 0};
    struct subscription_form form;
    bool accepted = subscription_form_read(&form, body, rules, &problems);

    check_problems(&problems, accepted);
    if (accepted)
        check_subscription(&form, rules);
    subscription_form_free(&form);
}

/* What is inside of an event may hold a name twice; a body is read as if it
   were there, not as one that we are asked to understand. */
static void
check_json_object(enum payload_format format, const struct buf *text)
{
    struct buf inside = BUF_INIT(8 * ITEM_MAX);
    struct json_value value;

    if (format == FORMAT_PAYLOAD)
        buf_add_text(&inside, "{\"data\":");
    buf_add_slice(&inside, buf_slice(text));
    if (format == FORMAT_PAYLOAD)
        buf_add_text(&inside, "}");
    FUZZ_CHECK(buf_ok(&inside));
    FUZZ_CHECK(json_read(buf_slice(&inside), &value, NULL));
    FUZZ_CHECK(value.type == JSON_OBJECT);
    buf_free(&inside);
}

/* Every format of the delivery is JSON. */
static void
check_event(const struct new_event *event)
{
    const struct format_event written = {
        .id = 1,
        .type = event->type,
        .data = event->payload,
        .metadata = event->metadata,
    };
    int format;

    FUZZ_CHECK(pattern_is_type(event->type));
    FUZZ_CHECK(event->deliver_at_us <=
               NOW_US + TRIGGER_DELAY_MAX_S * CLOCK_US_PER_S);
    for (format = FORMAT_ENVELOPE; format <= FORMAT_STANDARD; format++) {
        struct buf text = BUF_INIT(8 * ITEM_MAX);

        format_body((enum payload_format)format, &written, &text);
        FUZZ_CHECK(buf_ok(&text));
        check_json_object((enum payload_format)format, &text);
        buf_free(&text);
    }
}

static void
try_trigger(struct slice body, bool admin)
{
    const struct trigger_rules rules = {admin, ITEM_MAX, NOW_US, NULL};
    struct problems problems = {.count = 0};
    struct trigger_form form;
    enum trigger_result result =
        trigger_form_read(&form, body, &rules, &problems);
    size_t i;

    if (result != TRIGGER_TOO_LARGE)
        check_problems(&problems, result == TRIGGER_OK);
    if (result == TRIGGER_OK)
        FUZZ_CHECK(form.count >= 1 && form.count <= TRIGGER_MAX);
    for (i = 0; result == TRIGGER_OK && i < form.count; i++) {
        struct new_event event;

        trigger_make_event(&form.items[i], 1, &event);
        check_event(&event);
    }
    trigger_form_free(&form);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice body = slice_make(data, size);
    const struct subscription_rules rules[] = {
        {.require_https = false, .allow = NULL},
        {.require_https = true, .allow = NULL, .may_name_application = true},
        {.require_https = false, .allow = NULL, .part = true},
    };
    size_t i;

    for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        try_subscription(body, &rules[i]);
    try_trigger(body, false);
    try_trigger(body, true);
    return 0;
}
