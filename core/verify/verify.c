/*
 * verify.c - picks the verifier whose header is there; see verify.h.
 */
#include "verify_impl.h"

#include <assert.h>

static const char *const names[] = {
    [VERIFY_OK] = "ok",
    [VERIFY_NO_SECRET] = "no_secret",
    [VERIFY_MISSING] = "missing_signature",
    [VERIFY_AMBIGUOUS] = "ambiguous_signature",
    [VERIFY_MALFORMED] = "malformed_signature",
    [VERIFY_STALE] = "stale_timestamp",
    [VERIFY_MISMATCH] = "signature_mismatch",
    [VERIFY_UNUSABLE] = "unusable_verifier",
};

const char verify_several[] = ",";

const char *
verify_result_name(enum verify_result result)
{
    assert((size_t)result < sizeof(names) / sizeof(names[0]));
    return names[result];
}

/* Is that spelling's signature there? "Basic" is no answer to "Bearer". */
static bool
is_there(const struct scheme *scheme, size_t spelling,
         const struct verify_message *message)
{
    const char *name = scheme->signature[spelling];
    struct slice value;

    if (name == NULL)
        return false;
    value = message->header(message->arg, name);
    if (value.ptr == NULL || scheme->word == NULL ||
        value.ptr == verify_several)
        return value.ptr != NULL;
    return authorization_rest(value, scheme->word).ptr != NULL;
}

/* How many of its signatures a request carries; *spelling: the first. */
static size_t
count_signatures(const struct scheme *scheme,
                 const struct verify_message *message, size_t *spelling)
{
    size_t count = 0, i;

    for (i = 0; i < SCHEME_SPELLINGS; i++) {
        if (!is_there(scheme, i, message))
            continue;
        if (count++ == 0)
            *spelling = i;
        if (scheme->strongest_first)
            break;
    }
    return count;
}

/* An id of the spelling that is not signed: whoever reads it as the event's
   would believe what anybody has added. */
static bool
has_other_id(const struct scheme *scheme, size_t spelling,
             const struct verify_message *message)
{
    size_t i;

    for (i = 0; i < SCHEME_SPELLINGS && !scheme->strongest_first; i++)
        if (i != spelling && scheme->id[i] != NULL &&
            message->header(message->arg, scheme->id[i]).ptr != NULL)
            return true;
    return false;
}

static bool
has_secret(const struct verifier *verifier)
{
    size_t i;

    for (i = 0; i < verifier->secret_count; i++)
        if (verifier->secrets[i].len > 0)
            return true;
    return false;
}

static bool
any_has_secret(const struct verifier *verifiers, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (has_secret(&verifiers[i]))
            return true;
    return false;
}

static int64_t
window_of(const struct verifier *verifier, const struct scheme *scheme)
{
    if (verifier->window_s == 0)
        return scheme->window_s;
    return verifier->window_s < 0 ? 0 : verifier->window_s;
}

/* The one verifier to ask, in *checking and *picked. */
static enum verify_result
pick(const struct verifier *verifiers, size_t count,
     const struct verify_message *message, struct checking *checking,
     size_t *picked)
{
    size_t found = 0, i;

    for (i = 0; i < count; i++) {
        struct scheme scheme;
        size_t spelling = 0, there;

        if (verifier_problem(&verifiers[i]) != NULL ||
            !scheme_of(&verifiers[i], &scheme))
            return VERIFY_UNUSABLE;
        there = count_signatures(&scheme, message, &spelling);
        found += there;
        if (there == 0)
            continue;
        found += has_other_id(&scheme, spelling, message);
        *picked = i;
        *checking = (struct checking){
            .scheme = scheme,
            .verifier = &verifiers[i],
            .message = message,
            .spelling = spelling,
            .window_s = window_of(&verifiers[i], &scheme),
        };
    }
    if (found == 0)
        return VERIFY_MISSING;
    return found == 1 ? VERIFY_OK : VERIFY_AMBIGUOUS;
}

enum verify_result
verify_message(const struct verifier *verifiers, size_t count,
               const struct verify_message *message, struct verify_match *match)
{
    struct checking checking;
    enum verify_result result;
    size_t picked = 0;

    if (!any_has_secret(verifiers, count))
        return VERIFY_NO_SECRET;
    result = pick(verifiers, count, message, &checking, &picked);
    if (result == VERIFY_OK)
        result = checking.scheme.check(&checking);
    if (result == VERIFY_OK && match != NULL)
        *match = (struct verify_match){picked, checking.secret};
    return result;
}

bool
verify_once(const struct verifier *verifiers, size_t count,
            const struct verify_message *message, uint8_t hash[32])
{
    struct checking checking;
    size_t picked = 0;

    return pick(verifiers, count, message, &checking, &picked) == VERIFY_OK &&
           signed_once(&checking, hash);
}
