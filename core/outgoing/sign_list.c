/*
 * sign_list.c - one message signed by all live secrets; see sign_list.h.
 */
#include "sign_list.h"

#include "sign.h"
#include "sign_pair.h"

#include <assert.h>

static const struct sign_names names[] = {
    [SIGN_WEBHOOK] = {"webhook-id", "webhook-timestamp", "webhook-signature"},
    [SIGN_SVIX] = {"svix-id", "svix-timestamp", "svix-signature"},
};

const struct sign_names *
sign_names(enum sign_naming naming)
{
    assert((size_t)naming < sizeof(names) / sizeof(names[0]));
    return &names[naming];
}

void
sign_list(const struct sign_secret *secrets, size_t count, struct slice id,
          int64_t timestamp_s, struct slice body, struct buf *out)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(out, ' ');
        if (secrets[i].pair != NULL)
            sign_pair_header(secrets[i].pair, id, timestamp_s, body, out);
        else
            sign_standard_header(secrets[i].text, id, timestamp_s, body, out);
    }
}
