/*
 * catalog_source.c - a row of table `sources` as a struct: options read,
 * secrets unsealed.
 */
#include "catalog_impl.h"

#include "alloc.h"
#include "log.h"
#include "source_defaults.h"
#include "store_catalog.h"
#include "verifier_list.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define LOGGER "postern.catalog"
#define API_KEY_MAX ((size_t)4 << 10) /* bytes */

static void
read_verifiers(const struct sealer *sealer, struct source *source,
               struct slice cell)
{
    const struct seal_place place = {"sources", "secrets",
                                     source->application_id, source->id};
    struct buf text = BUF_INIT(VERIFIER_JSON_MAX);
    struct verifier_list list;

    if (cell.ptr == NULL)
        return;
    if (catalog_unseal(sealer, place, cell, &text) &&
        verifier_list_read(buf_slice(&text), &list)) {
        source->verifiers = verifier_list_expand(&list, source->provider,
                                                 &source->verifier_count);
        verifier_list_free(&list);
    } else {
        source->secrets_unreadable = true;
    }
    buf_wipe(&text);
}

static void
read_api_key(const struct sealer *sealer, struct source *source,
             struct slice cell)
{
    const struct seal_place place = {"sources", "api_key",
                                     source->application_id, source->id};
    struct buf text = BUF_INIT(API_KEY_MAX);

    if (cell.ptr != NULL && catalog_unseal(sealer, place, cell, &text))
        source->api_key = catalog_text_of(buf_slice(&text));
    buf_wipe(&text);
}

/* What is not as it should be - only a hand-made row, or one of a newer
   version, has such - stays as the provider has it, with a line in the log. */
static void
read_options(struct source *source, struct slice cell)
{
    struct slice object = catalog_json_container(cell, JSON_OBJECT);
    struct problems problems = {.count = 0};

    source_options_init(&source->options, source->provider);
    if (cell.ptr == NULL)
        return;
    if (object.ptr != NULL)
        source_options_read(&source->options, source->provider, object, NULL,
                            &problems);
    if (object.ptr == NULL || problems.count > 0)
        log_warning(LOGGER, LOG_FIELDS(LOG_TEXT("source", source->name)),
                    "Settings of the source are not understood: %s %s",
                    problems.count > 0 ? problems.list[0].loc[0] : "sources",
                    problems.count > 0 ? problems.list[0].msg
                                       : "is no JSON object");
}

static void
watch_default(struct source *source, const struct settings *settings)
{
    struct source_texts *watch = &source->options.watch;
    const char *only;

    if (settings == NULL || watch->count > 0)
        return;
    only = source_effective_watch(source, settings, 0);
    if (only == NULL)
        return;
    watch->list = xcalloc(1, sizeof(watch->list[0]));
    watch->list[0] = xstrdup(only);
    watch->count = 1;
}

static enum handshake
handshake_of(struct slice cell)
{
    if (slice_is(cell, "awaiting"))
        return HANDSHAKE_AWAITING;
    return slice_is(cell, "captured") ? HANDSHAKE_CAPTURED : HANDSHAKE_IDLE;
}

void
catalog_source_fill(struct catalog_row *row, const struct catalog_means *means,
                    const struct slice *cells)
{
    struct source *source = &row->source;

    row->gone = db_u64(cells[SOURCE_GONE], 0) != 0;
    source->id = row->id;
    source->application_id = (uint32_t)db_u64(cells[SOURCE_APPLICATION], 0);
    source->version = db_u64(cells[SOURCE_VERSION], 0);
    if (row->gone)
        return;
    source->name = catalog_text_of(cells[SOURCE_NAME]);
    source->provider = catalog_text_of(cells[SOURCE_PROVIDER]);
    read_verifiers(means->sealer, source, cells[SOURCE_SECRETS]);
    read_api_key(means->sealer, source, cells[SOURCE_API_KEY]);
    source->handshake = handshake_of(cells[SOURCE_HANDSHAKE]);
    source->key_columns = slice_copy(cells[SOURCE_KEY_COLUMNS]);
    source->max_attempts = (uint32_t)db_u64(cells[SOURCE_ATTEMPTS], 0);
    source->retry_delay_s = (uint32_t)db_u64(cells[SOURCE_RETRY_DELAY], 0);
    source->concurrency = (uint32_t)db_u64(cells[SOURCE_CONCURRENCY], 0);
    source->relay = slice_is(cells[SOURCE_RELAY], "received") ? RELAY_RECEIVED
                                                              : RELAY_PROCESSED;
    read_options(source, cells[SOURCE_SETTINGS]);
    watch_default(source, means->settings);
}

void
catalog_source_free(struct source *source)
{
    verifier_array_free(source->verifiers, source->verifier_count);
    if (source->api_key != NULL)
        OPENSSL_cleanse(source->api_key, strlen(source->api_key));
    free(source->api_key);
    free(source->name);
    free(source->provider);
    slice_free(&source->key_columns);
    source_options_free(&source->options);
}
