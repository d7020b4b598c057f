/*
 * rejections.h - what was refused, as commands ask for it and show it.
 */
#ifndef REJECTIONS_H
#define REJECTIONS_H

#include "command.h"
#include "store_source_rejection.h"

/* Takes --reason, --status and --limit. */
int rejections_filter(struct cli *cli, struct rejection_filter *filter)
    __attribute__((warn_unused_result));

void rejections_print(const struct cli *cli, const struct rejection_list *list);

#endif /* REJECTIONS_H */
