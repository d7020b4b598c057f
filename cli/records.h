/*
 * records.h - what the commands of `postern records` share.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include "command.h"
#include "store_record_list.h"

#include <stdbool.h>
#include <stdint.h>

#define RECORDS_TABLES_MAX 100000 /* tables that are listed or exported */

/* All arguments are taken, and the database is there. */
int records_ready(struct cli *cli) __attribute__((warn_unused_result));

/* Page after page, each given to use(), until all or `left` are read, or it
   says false. */
enum db_result
records_walk(struct cli *cli, struct record_filter *filter, uint64_t left,
             bool (*use)(void *arg, const struct record_list *list), void *arg)
    __attribute__((warn_unused_result));

int records_export(struct cli *cli);

/* Is there a source of that name? NULL: none is asked for. Anything but EXIT_OK
   has been reported. */
int records_check_source(struct cli *cli, uint32_t application_id,
                         const char *source)
    __attribute__((warn_unused_result));

#endif /* RECORDS_H */
