/*
 * store_source_print.c - a source as JSON; its secrets are never in it but for
 * the one that was just made.
 */
#include "store_source.h"

#include "id.h"
#include "member.h"

void
source_print(const struct source_row *row, const char *secret, struct buf *out)
{
    buf_add_char(out, '{');
    member_id(out, "id", ID_SOURCE, row->id);
    member_text(out, "name", row->name);
    member_text(out, "provider", row->provider);
    member_id(out, "application", ID_APPLICATION, row->application_id);
    member_text(out, "description", row->description);
    if (secret != NULL && secret[0] != '\0')
        member_text(out, "secret", secret);
    member_u64(out, "secrets", verifier_list_secrets(&row->verifiers));
    member_bool(out, "secrets_unreadable", row->unreadable);
    member_name(out, "verifiers");
    verifier_list_show(&row->verifiers, out);
    member_text(out, "handshake", row->handshake);
    member_bool(out, "has_api_key", row->has_api_key);
    member_u64(out, "max_attempts", row->max_attempts);
    member_u64(out, "retry_delay", row->retry_delay_s);
    member_u64(out, "concurrency", row->concurrency);
    member_text(out, "relay", row->relay_received ? "received" : "processed");
    member_raw(out, "key_columns", slice_of(row->key_columns), "{}");
    source_options_members(&row->options, out);
    if (row->hook_id == 0)
        member_text(out, "invalidate_webhook", NULL);
    else
        member_u64(out, "invalidate_webhook", row->hook_id);
    member_time(out, "created_at", row->created_at_us);
    member_time(out, "updated_at", row->updated_at_us);
    buf_add_char(out, '}');
}
