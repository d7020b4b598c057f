/*
 * fuzz_outbox.c - rows of the outbox, which any program may write: one that is
 * taken is an event whose deliveries are JSON, one that is not says why.
 *
 * Input: event type, payload, metadata, external id, channels, ordering key,
 * application, with borders; "-" alone stands for NULL.
 */
#include "fuzz.h"

#include "format.h"
#include "json.h"
#include "outbox_form.h"
#include "pattern.h"

#define ITEM_MAX 102400
#define NOW_US INT64_C(1767279600000000)

static struct slice
column(struct slice *input)
{
    struct slice text = fuzz_part(input);

    return slice_is(text, "-") ? SLICE_NONE : text;
}

static void
check_event(const struct new_event *event)
{
    const struct format_event written = {
        .id = 1,
        .type = event->type,
        .data = event->payload,
        .metadata = event->metadata,
    };
    struct buf text = BUF_INIT(8 * ITEM_MAX);
    struct json_value value;

    FUZZ_CHECK(pattern_is_type(event->type));
    FUZZ_CHECK(event->has_dedupe == (event->external_id.ptr != NULL));
    format_body(FORMAT_ENVELOPE, &written, &text);
    FUZZ_CHECK(json_read(buf_slice(&text), &value, NULL));
    if (event->channels_json.ptr != NULL) {
        FUZZ_CHECK(json_read(event->channels_json, &value, NULL));
        FUZZ_CHECK(value.type == JSON_ARRAY);
    }
    buf_free(&text);
}

static void
check_refusal(const struct outbox_refusal *refusal)
{
    FUZZ_CHECK(refusal->status == 413 || refusal->status == 422);
    FUZZ_CHECK(refusal->reason != NULL && refusal->reason[0] != '\0');
    FUZZ_CHECK(refusal->detail[0] != '\0');
    FUZZ_CHECK(strlen(refusal->detail) <= OUTBOX_DETAIL_MAX);
    FUZZ_CHECK(json_is_utf8(slice_of(refusal->detail)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct trigger_rules rules = {false, ITEM_MAX, NOW_US, NULL};
    struct slice input = slice_make(data, size);
    struct outbox_refusal refusal;
    struct trigger trigger;
    struct new_event event;
    struct outbox_row row = {.id = 1, .bytes = size};

    row.event_type = column(&input);
    row.payload = column(&input);
    row.metadata = column(&input);
    row.external_id = column(&input);
    row.channels = column(&input);
    row.ordering_key = column(&input);
    row.application = column(&input);
    row.application_id = row.application.len > 0 ? 0 : 1;
    row.deliver_at_us = size % 2 == 0 ? 0 : NOW_US;
    if (outbox_form_read(&trigger, &row, &rules, &event, &refusal))
        check_event(&event);
    else
        check_refusal(&refusal);
    trigger_free(&trigger);
    return 0;
}
