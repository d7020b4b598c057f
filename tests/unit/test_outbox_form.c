/*
 * test_outbox_form.c - unit tests for core/form/outbox_form.c
 */
#include "unit.h"

#include "outbox_form.h"

#include <string.h>

#define LONG_TEXT                                                              \
    "0123456789012345678901234567890123456789012345678901234567890123456789"   \
    "0123456789012345678901234567890123456789012345678901234567890123456789"

static const struct trigger_rules rules = {.item_max = 300, .now_us = 1000000};

static struct outbox_row
good_row(void)
{
    return (struct outbox_row){
        .id = 17,
        .application_id = 7,
        .application = SLICE("shop"),
        .event_type = SLICE("order.created"),
        .payload = SLICE("{ \"n\": 12345678901234567890, \"d\": 1.10 }"),
        .bytes = 40,
    };
}

static void
test_a_row_is_an_event(void)
{
    struct outbox_row row = good_row();
    struct outbox_refusal refusal;
    struct trigger trigger;
    struct new_event event;

    row.metadata = SLICE("{ \"a\" : 1 }");
    row.external_id = SLICE("k\"\xc3\xa4\\");
    row.channels = SLICE("[ \"x\", \"y\\u00e4\" ]");
    row.ordering_key = SLICE("customer 7");
    row.deliver_at_us = 5000001;
    CU_ASSERT_FATAL(outbox_form_read(&trigger, &row, &rules, &event, &refusal));
    CU_ASSERT_EQUAL(event.application_id, 7);
    CU_ASSERT_EQUAL(event.source_id, 0);
    CU_ASSERT_TRUE(slice_is(event.type, "order.created"));
    CU_ASSERT_TRUE(
        slice_is(event.payload, "{\"n\":12345678901234567890,\"d\":1.10}"));
    CU_ASSERT_TRUE(slice_is(event.metadata, "{\"a\":1}"));
    CU_ASSERT_TRUE(slice_is(event.external_id, "k\"\xc3\xa4\\"));
    CU_ASSERT_TRUE(event.has_dedupe);
    CU_ASSERT_EQUAL(event.channel_count, 2);
    CU_ASSERT_TRUE(slice_is(event.channels[1], "y\xc3\xa4"));
    CU_ASSERT_TRUE(slice_is(event.channels_json, "[\"x\",\"y\\u00e4\"]"));
    CU_ASSERT_TRUE(slice_is(event.ordering_key, "customer 7"));
    CU_ASSERT_EQUAL(event.deliver_at_us, 5000001);
    CU_ASSERT_EQUAL(event.route, ROUTE_MATCH);
    CU_ASSERT_TRUE(event.verified);
    trigger_free(&trigger);

    row = good_row();
    CU_ASSERT_FATAL(outbox_form_read(&trigger, &row, &rules, &event, &refusal));
    CU_ASSERT_PTR_NULL(event.metadata.ptr);
    CU_ASSERT_PTR_NULL(event.external_id.ptr);
    CU_ASSERT_FALSE(event.has_dedupe);
    CU_ASSERT_EQUAL(event.channel_count, 0);
    CU_ASSERT_EQUAL(event.deliver_at_us, 0);
    trigger_free(&trigger);
}

/* The same key, whichever way an event comes. */
static void
test_external_ids_are_those_of_the_api(void)
{
    struct outbox_row row = good_row();
    struct new_event event, same = {.has_dedupe = false};
    struct outbox_refusal refusal;
    struct trigger trigger;

    row.external_id = SLICE("k");
    CU_ASSERT_FATAL(outbox_form_read(&trigger, &row, &rules, &event, &refusal));
    event_dedupe_hash(&same, "trigger", 7, SLICE("k"));
    CU_ASSERT_EQUAL(memcmp(event.dedupe_hash, same.dedupe_hash, 32), 0);
    trigger_free(&trigger);
}

static void
test_refusals(void)
{
    const struct {
        const char *claim;
        struct outbox_row row; /* what differs from a good one */
        unsigned status;
        const char *reason, *said;
    } rows[] = {
        {"a type has no spaces",
         {.event_type = SLICE("a b")},
         422,
         "invalid_event_type",
         "event_type: invalid event type"},
        {"an empty type",
         {.event_type = SLICE("")},
         422,
         "invalid_event_type",
         "event_type: "},
        {"broken JSON",
         {.payload = SLICE("{\"a\":}")},
         422,
         "invalid_payload",
         "payload: Expecting value: line 1 column 6 (char 5)"},
        {"JSON of another kind",
         {.payload = SLICE("[]")},
         422,
         "invalid_payload",
         "payload: dict type expected"},
        {"no JSON at all",
         {.payload = SLICE("")},
         422,
         "invalid_payload",
         "payload: Expecting value"},
        {"null is no payload",
         {.payload = SLICE("null")},
         422,
         "invalid_payload",
         "payload: none is not an allowed value"},
        {"members cannot be smuggled in",
         {.payload = SLICE("{},\"id\":\"x\"")},
         422,
         "invalid_payload",
         "payload: Extra data"},
        {"metadata of another kind",
         {.metadata = SLICE("7")},
         422,
         "invalid_metadata",
         "metadata: dict type expected"},
        {"channels of another kind",
         {.channels = SLICE("\"x\"")},
         422,
         "invalid_channels",
         "channels: list type expected"},
        {"which channel is wrong",
         {.channels = SLICE("[\"x\",7]")},
         422,
         "invalid_channels",
         "channels 1: str type expected"},
        {"an empty external id",
         {.external_id = SLICE("")},
         422,
         "invalid_external_id",
         "external_id: "},
        {"an empty ordering key",
         {.ordering_key = SLICE("")},
         422,
         "invalid_ordering_key",
         "ordering_key: "},
        {"a time too far away",
         {.deliver_at_us = INT64_C(40000000000000)},
         422,
         "invalid_deliver_at",
         "deliver_at: ensure this time"},
        {"more bytes than an event may have",
         {.bytes = 301},
         413,
         "payload_too_large",
         "payload and metadata have 301 bytes, at most 300 are taken"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct outbox_row row = good_row();
        const struct outbox_row *differs = &rows[i].row;
        struct outbox_refusal refusal = {.reason = ""};
        struct trigger trigger;
        struct new_event event;
        bool ok;

        if (differs->event_type.ptr != NULL)
            row.event_type = differs->event_type;
        if (differs->payload.ptr != NULL)
            row.payload = differs->payload;
        row.metadata = differs->metadata;
        row.external_id = differs->external_id;
        row.channels = differs->channels;
        row.ordering_key = differs->ordering_key;
        row.deliver_at_us = differs->deliver_at_us;
        row.bytes = differs->bytes;
        ok = !outbox_form_read(&trigger, &row, &rules, &event, &refusal) &&
             refusal.status == rows[i].status &&
             strcmp(refusal.reason, rows[i].reason) == 0 &&
             strstr(refusal.detail, rows[i].said) != NULL &&
             strncmp(refusal.detail, "outbox row 17, event type \"", 27) == 0;
        if (!ok)
            fprintf(stderr, "\n%s: got %u %s \"%s\"\n", rows[i].claim,
                    refusal.status, refusal.reason, refusal.detail);
        CU_ASSERT(ok);
        trigger_free(&trigger);
    }
}

static void
test_unknown_applications(void)
{
    struct outbox_row row = good_row();
    struct outbox_refusal refusal;
    struct trigger trigger;
    struct new_event event;

    row.application_id = 0;
    CU_ASSERT_FALSE(outbox_form_read(&trigger, &row, &rules, &event, &refusal));
    CU_ASSERT_EQUAL(refusal.status, 422);
    CU_ASSERT_STRING_EQUAL(refusal.reason, "unknown_application");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(refusal.detail, "there is no application \"shop\""));
    trigger_free(&trigger);
}

/* Whatever the row holds, the note is short and fit for its column. */
static void
test_a_note_is_bounded_text(void)
{
    struct outbox_row row = good_row();
    struct outbox_refusal refusal;
    char bytes[1000];

    memset(bytes, 0xff, sizeof(bytes));
    row.event_type = SLICE(LONG_TEXT LONG_TEXT);
    row.payload = slice_make(bytes, sizeof(bytes));
    outbox_form_refuse(&row, 422, "not_storable", LONG_TEXT LONG_TEXT,
                       &refusal);
    CU_ASSERT(strlen(refusal.detail) <= OUTBOX_DETAIL_MAX);
    CU_ASSERT_TRUE(json_is_utf8(slice_of(refusal.detail)));
    CU_ASSERT_STRING_EQUAL(refusal.reason, "not_storable");

    row.payload = SLICE("{\"a\":\"\n\x01\"}");
    outbox_form_refuse(&row, 422, "x", "why", &refusal);
    CU_ASSERT_PTR_NOT_NULL(strstr(refusal.detail, "\\n\\u0001"));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a row is an event", test_a_row_is_an_event},
        {"external ids are those of the API",
         test_external_ids_are_those_of_the_api},
        {"refusals", test_refusals},
        {"unknown applications", test_unknown_applications},
        {"a note is bounded text", test_a_note_is_bounded_text},
        CU_TEST_INFO_NULL,
    };

    return unit_run("outbox_form", tests);
}
