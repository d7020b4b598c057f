/*
 * answer_mask.c - see answer_mask.h.
 */
#include "answer_mask.h"

#include "endpoint_auth.h"
#include "redact.h"

#include <string.h>
#include <strings.h>

#define SECRET_PREFIX "whsec_"
#define AUTHORIZATION "Authorization: " /* as request_add_header() writes */

struct masked {
    char *text;
    size_t len;
    bool cut;
};

static void
mask(const struct masked *masked, struct slice secret)
{
    redact(masked->text, masked->len, masked->cut, secret);
}

/* With and without what stands in front of it: a scheme, "whsec_". */
static void
mask_from(const struct masked *masked, struct slice secret, size_t skip)
{
    mask(masked, secret);
    if (skip > 0 && skip < secret.len)
        mask(masked, slice_make(secret.ptr + skip, secret.len - skip));
}

static void
mask_secret(const struct masked *masked, const char *secret)
{
    size_t len = strlen(SECRET_PREFIX);

    if (secret != NULL)
        mask_from(masked, slice_of(secret),
                  strncmp(secret, SECRET_PREFIX, len) == 0 ? len : 0);
}

/* "Bearer abc" */
static void
mask_value(const struct masked *masked, const char *value)
{
    const char *space = strchr(value, ' ');

    mask_from(masked, slice_of(value),
              space == NULL ? 0 : (size_t)(space - value) + 1);
}

static void
mask_auth(const struct masked *masked, const struct endpoint_auth *auth)
{
    mask(masked, auth->header.password);
    mask(masked, auth->header.token);
    mask(masked, auth->client.client_secret);
}

void
answer_mask(const struct subscription *subscription,
            const struct request *request, char *text, size_t len, bool cut)
{
    const struct masked masked = {text, len, cut};
    const struct curl_slist *line;
    size_t i;

    if (len == 0)
        return;
    mask_secret(&masked, subscription->secret);
    mask_secret(&masked, subscription->old_secret);
    for (i = 0; i < subscription->header_count; i++)
        mask_value(&masked, subscription->headers[i].value);
    if (subscription->auth != NULL)
        mask_auth(&masked, subscription->auth);
    for (line = request->headers; line != NULL; line = line->next)
        if (strncasecmp(line->data, AUTHORIZATION, strlen(AUTHORIZATION)) == 0)
            mask_value(&masked, line->data + strlen(AUTHORIZATION));
}
