/*
 * config_suggest.c - the option that somebody may have meant.
 */
#include "config_impl.h"
#include "nearest.h"

const char *
config_suggest(const struct config *config, const char *name)
{
    struct nearest nearest;
    size_t i;

    nearest_begin(&nearest, name);
    for (i = 0; i < config->count; i++)
        nearest_offer(&nearest, config->table[i].name);
    return nearest.found;
}

void
config_say_unknown(const struct config *config, const char *name,
                   struct buf *why)
{
    const char *meant = config_suggest(config, name);

    buf_addf(why, "unknown option \"%.*s\"", CONFIG_NAME_MAX, name);
    if (meant != NULL)
        buf_addf(why, "; did you mean \"%s\"?", meant);
    else
        buf_add_text(why, "; remove the line or correct the name");
}
