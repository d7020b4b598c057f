/*
 * carrier.c - see carrier.h.
 */
#include "carrier.h"

#include "tokens.h"

#include <malloc.h>

#define SPARES 64 /* a new handle costs next to nothing, keeping one 10 KB */

static CURLM *
new_multi(const struct carrier *carrier)
{
    const struct carrier_hooks *hooks = &carrier->hooks;
    CURLM *multi = curl_multi_init();

    if (multi == NULL)
        return NULL;
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, hooks->on_socket);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, hooks->arg);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, hooks->on_timer);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, hooks->arg);
    (void)curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    (void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, carrier->connections);
    return multi;
}

bool
carrier_open(struct carrier *carrier, const struct settings *settings,
             const struct carrier_hooks *hooks, struct buf *why)
{
    *carrier = (struct carrier){
        .hooks = *hooks,
        .rules = {.ca_bundle = settings->ca_bundle,
                  .body_kept = (size_t)settings->response_body_kept,
                  .settings = settings},
        .connections = 2L * settings->slots,
    };
    if (!target_nets_parse(settings->allow_targets, &carrier->rules.allow, why))
        return false;
    carrier->multi = new_multi(carrier);
    carrier->rules.share = curl_share_init();
    carrier->rules.tokens = tokens_new();
    if (carrier->multi == NULL || carrier->rules.share == NULL ||
        curl_share_setopt(carrier->rules.share, CURLSHOPT_SHARE,
                          CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK) {
        buf_add_text(why, "libcurl has no memory");
        return false;
    }
    return true;
}

static void
free_spares(struct carrier *carrier)
{
    struct transfer *transfer;

    while ((transfer = carrier->spare) != NULL) {
        carrier->spare = transfer->next;
        transfer_free(transfer);
    }
    carrier->spares = 0;
}

void
carrier_close(struct carrier *carrier)
{
    free_spares(carrier);
    if (carrier->multi != NULL)
        (void)curl_multi_cleanup(carrier->multi);
    if (carrier->rules.share != NULL)
        (void)curl_share_cleanup(carrier->rules.share);
    tokens_free(carrier->rules.tokens);
}

struct transfer *
carrier_take(struct carrier *carrier)
{
    struct transfer *transfer = carrier->spare;

    if (transfer == NULL)
        return transfer_new(&carrier->rules);
    carrier->spare = transfer->next;
    carrier->spares--;
    return transfer;
}

void
carrier_give(struct carrier *carrier, struct transfer *transfer)
{
    if (carrier->spares == SPARES) {
        transfer_free(transfer);
        return;
    }
    transfer->next = carrier->spare;
    carrier->spare = transfer;
    carrier->spares++;
}

void
carrier_hang_up(struct carrier *carrier)
{
    CURLM *fresh = new_multi(carrier);

    if (fresh == NULL)
        return;
    free_spares(carrier);
    (void)curl_multi_cleanup(carrier->multi);
    carrier->multi = fresh;
    (void)malloc_trim(0);
}
