/*
 * webhook_show.h - webhooks as a command shows them.
 */
#ifndef WEBHOOK_SHOW_H
#define WEBHOOK_SHOW_H

#include "command.h"
#include "output.h"
#include "store_subscription.h"

/* Reads the webhook and shows all of it: a line of JSON, else one line for each
   thing it has. secret: of one that has just been made, or NULL. Anything but
   EXIT_OK has been reported. */
int webhook_show(struct cli *cli, uint32_t id, const char *secret)
    __attribute__((warn_unused_result));

/* One of several: a line of JSON, else a row of the table (id, state, events,
   url). */
void webhook_show_row(const struct cli *cli, struct table *table,
                      const struct subscription_row *row);

/* Reports that there is none of that id; EXIT_NONE. */
int webhook_show_none(uint32_t id) __attribute__((warn_unused_result));

#endif /* WEBHOOK_SHOW_H */
