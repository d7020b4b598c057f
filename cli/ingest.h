/*
 * ingest.h - one event, stored as the gateway would.
 */
#ifndef CLI_INGEST_H
#define CLI_INGEST_H

#include "catalog.h"
#include "command.h"
#include "event.h"

/* Commits it and its deliveries and rings for the worker; the event's outputs
   are set. Needs cli_sealer() and cli_schema(). Anything but EXIT_OK has been
   reported. */
int cli_ingest(struct cli *cli, struct catalog *catalog,
               struct new_event *event) __attribute__((warn_unused_result));

#endif /* CLI_INGEST_H */
