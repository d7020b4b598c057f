/*
 * settings_check.c - see settings_check.h.
 */
#include "settings_check.h"

#include "seal.h"

bool
settings_check(const struct settings *settings, struct buf *said)
{
    const char *file = config_file(settings->config);
    struct sealer *sealer = seal_open_key(settings->key_file, said);

    if (sealer == NULL)
        return false;
    seal_close(sealer);
    buf_add_text(said, "the configuration is good: ");
    if (file != NULL)
        buf_addf(said, "%s was read", file);
    else
        buf_add_text(said, "no file was found, so the defaults and the "
                           "environment count (-c FILE names one)");
    return true;
}
