/*
 * source_show.h - sources as a command shows them, and why one was not
 * changed.
 */
#ifndef SOURCE_SHOW_H
#define SOURCE_SHOW_H

#include "command.h"
#include "store_source.h"

/* One source, or several: a line of JSON each, else a table. JSON also has the
   `path` of its address, and `url` where public_url says all of it; the table
   of one source has one of them as its `address`. secret: of one that has just
   been made, or NULL. */
void source_show_rows(const struct cli *cli, const struct source_row *rows,
                      size_t count);
void source_show_all(const struct cli *cli, const struct source_row *row,
                     const char *secret);

/* Reads the source and shows all of it. */
int source_show(struct cli *cli, const struct source_ref *ref, bool brief,
                const char *secret) __attribute__((warn_unused_result));

/* What became of a change; anything but EXIT_OK has been reported. what:
   "change the source". */
int source_show_result(struct cli *cli, const char *name, enum db_result result,
                       enum source_action action, const char *what)
    __attribute__((warn_unused_result));

#endif /* SOURCE_SHOW_H */
