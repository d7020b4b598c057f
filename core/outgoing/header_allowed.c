/*
 * header_allowed.c - which headers may a subscription add? See
 * header_allowed.h.
 */
#include "header_allowed.h"

#include <assert.h>
#include <stddef.h>
#include <strings.h>

/* A name that ends in '-' stands for all that begin with it. */
static const struct {
    const char *name;
    enum header_verdict verdict;
} refused[] = {
    {"Ce-", HEADER_IS_OURS},
    {"Connection", HEADER_IS_HOP_BY_HOP},
    {"Content-Encoding", HEADER_IS_FRAMING},
    {"Content-Length", HEADER_IS_FRAMING},
    {"Content-Range", HEADER_IS_FRAMING},
    {"Content-Type", HEADER_IS_OURS},
    {"Expect", HEADER_IS_FRAMING},
    {"Host", HEADER_IS_FRAMING},
    {"HTTP2-Settings", HEADER_IS_HOP_BY_HOP},
    {"Keep-Alive", HEADER_IS_HOP_BY_HOP},
    {"Proxy-", HEADER_IS_HOP_BY_HOP},
    {"Svix-", HEADER_IS_OURS},
    {"TE", HEADER_IS_HOP_BY_HOP},
    {"Traceparent", HEADER_IS_OURS},
    {"Trailer", HEADER_IS_HOP_BY_HOP},
    {"Transfer-Encoding", HEADER_IS_FRAMING},
    {"Upgrade", HEADER_IS_HOP_BY_HOP},
    {"User-Agent", HEADER_IS_OURS},
    {"Webhook-", HEADER_IS_OURS},
    {"X-Webhook-", HEADER_IS_OURS},
};

static bool
is_token(struct slice name)
{
    size_t i;

    for (i = 0; i < name.len; i++) {
        char c = name.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') ||
              (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL)))
            return false;
    }
    return name.len > 0 && name.len <= HEADER_NAME_MAX;
}

static bool
fits(struct slice name, const char *row)
{
    size_t len = strlen(row);
    bool prefix = row[len - 1] == '-';

    return (prefix ? name.len >= len : name.len == len) &&
           strncasecmp(name.ptr, row, len) == 0;
}

enum header_verdict
header_allowed(struct slice name)
{
    size_t i;

    if (!is_token(name))
        return HEADER_NOT_A_NAME;
    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (fits(name, refused[i].name))
            return refused[i].verdict;
    }
    return HEADER_ALLOWED;
}

const char *
header_verdict_text(enum header_verdict verdict)
{
    static const char *const texts[] = {
        [HEADER_ALLOWED] = "may be set",
        [HEADER_NOT_A_NAME] = "is not the name of a header",
        [HEADER_IS_OURS] = "is set by the gateway",
        [HEADER_IS_FRAMING] = "is set by HTTP itself",
        [HEADER_IS_HOP_BY_HOP] = "belongs to the connection, not to a message",
    };

    assert((size_t)verdict < sizeof(texts) / sizeof(texts[0]));
    return texts[verdict];
}

bool
header_value_allowed(struct slice value)
{
    size_t i;

    for (i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return value.len <= HEADER_VALUE_MAX && slice_trim(value).len == value.len;
}
