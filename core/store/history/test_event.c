/*
 * test_event.c - the event of a test, and its result as JSON; see test_event.h.
 */
#include "test_event.h"

#include "member.h"

struct new_event
test_event(uint32_t application_id, uint32_t subscription_id, struct slice type,
           struct slice payload)
{
    return (struct new_event){
        .application_id = application_id,
        .type = type,
        .payload = payload,
        .verified = true,
        .test = true,
        .route = ROUTE_ONE,
        .subscription_id = subscription_id,
    };
}

void
test_event_data(uint32_t subscription_id, struct buf *out)
{
    buf_add_char(out, '{');
    member_bool(out, "test", true);
    member_text(out, "message", "This is a test event from Postern");
    member_u64(out, "webhook_id", subscription_id);
    buf_add_char(out, '}');
}

void
test_result_print(const struct delivery *delivery, struct buf *out)
{
    bool good = delivery->status == DELIVERY_SUCCESS;

    buf_add_char(out, '{');
    member_text(out, "status", good ? "success" : "failed");
    member_id(out, "delivery_id", ID_DELIVERY, delivery->id);
    if (delivery->response_code == 0)
        member_text(out, "response_code", NULL);
    else
        member_u64(out, "response_code", delivery->response_code);
    member_slice(out, "response_body", delivery->response_body);
    member_text(out, "error_message", delivery->error_message);
    if (delivery->duration_ms < 0)
        member_text(out, "duration_ms", NULL);
    else
        member_u64(out, "duration_ms", (uint64_t)delivery->duration_ms);
    buf_add_char(out, '}');
}

void
test_pending_print(uint64_t delivery_id, struct buf *out)
{
    buf_add_char(out, '{');
    member_text(out, "status", "pending");
    member_id(out, "delivery_id", ID_DELIVERY, delivery_id);
    buf_add_char(out, '}');
}
