/*
 * provider.h - who sends webhooks, and what is usual for each of them: one row
 * for each provider (provider.c).
 *
 * How they sign is in core/verify/verify_preset.c, what their bodies mean in
 * core/inbound/.
 */
#ifndef PROVIDER_H
#define PROVIDER_H

#include <stdbool.h>
#include <stdint.h>

/* How a request without an event is answered. */
enum provider_handshake {
    HANDSHAKE_NONE,
    HANDSHAKE_NOTION,  /* {"verification_token":...}: kept while awaited */
    HANDSHAKE_SLACK,   /* url_verification, and the form's ssl_check */
    HANDSHAKE_DISCORD, /* {"type":1}: PONG */
    HANDSHAKE_X        /* GET ?crc_token= */
};

struct provider {
    const char *name;   /* "github" */
    const char *title;  /* "GitHub" */
    const char *dedupe; /* rule as in source_options.h */
    uint16_t status;    /* of an accepted event; 204: without a body */
    const char *answer; /* its body, JSON or ""; NULL = the usual one */
    enum provider_handshake handshake;
    bool forms;  /* sends application/x-www-form-urlencoded as well */
    bool mirror; /* its events carry or name records */
    uint32_t debounce_ms;
    uint32_t debounce_max_ms;
    bool fetch; /* its events say little: the record has to be asked for */
    const char *api_url; /* NULL = none */
    uint32_t api_rate;
    const char *version_field;
    bool secret_is_ours; /* we may choose the secret; the others show one that
                            they have made themselves */
};

/* The row of "hmac" for an unknown name; never NULL. */
const struct provider *provider_named(const char *name);
bool provider_known(const char *name);
/* NULL behind the last. */
const struct provider *provider_at(unsigned index);

#endif /* PROVIDER_H */
