/*
 * tokens.c - see tokens.h.
 */
#include "tokens.h"

#include "alloc.h"
#include "clock.h"
#include "map.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    uint64_t version; /* of the subscription */
    int64_t until_us; /* monotonic */
    char *text;
};

struct tokens {
    struct map entries; /* by subscription */
};

struct tokens *
tokens_new(void)
{
    struct tokens *tokens = xcalloc(1, sizeof(*tokens));

    tokens->entries = MAP_INIT;
    return tokens;
}

static void
free_entry(struct entry *entry)
{
    if (entry == NULL)
        return;
    OPENSSL_cleanse(entry->text, strlen(entry->text));
    free(entry->text);
    free(entry);
}

static void
clear(struct tokens *tokens)
{
    uint64_t key;
    void *value;
    size_t at = 0;

    while (map_next(&tokens->entries, &at, &key, &value))
        free_entry(value);
    map_free(&tokens->entries);
    tokens->entries = MAP_INIT;
}

void
tokens_free(struct tokens *tokens)
{
    if (tokens == NULL)
        return;
    clear(tokens);
    free(tokens);
}

const char *
tokens_find(struct tokens *tokens, const struct subscription *subscription,
            int64_t now_us)
{
    const struct entry *entry = map_get(&tokens->entries, subscription->id);

    if (entry == NULL)
        return NULL;
    if (entry->version == subscription->version && now_us < entry->until_us)
        return entry->text;
    tokens_forget(tokens, subscription);
    return NULL;
}

void
tokens_keep(struct tokens *tokens, const struct subscription *subscription,
            const struct oauth2_token *token, int64_t now_us)
{
    struct entry *entry = xcalloc(1, sizeof(*entry));

    entry->version = subscription->version;
    entry->until_us = now_us + token->renew_after_s * CLOCK_US_PER_S;
    entry->text = xstrdup(token->text);
    if (tokens->entries.used >= TOKENS_MAX)
        clear(tokens);
    free_entry(map_put(&tokens->entries, subscription->id, entry));
}

void
tokens_forget(struct tokens *tokens, const struct subscription *subscription)
{
    free_entry(map_remove(&tokens->entries, subscription->id));
}
