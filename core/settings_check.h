/*
 * settings_check.h - is a configuration one that the programs can work with?
 * For `posternd -t`, `postern.fcgi -t` and `postern config check`.
 */
#ifndef SETTINGS_CHECK_H
#define SETTINGS_CHECK_H

#include "buf.h"
#include "settings.h"

#include <stdbool.h>

/*
 * What settings_load() cannot know: that the key file is there and usable.
 * False: *said is what is wrong and what to do. True: *said is a line that
 * names the file which was read, or that there is none.
 */
bool settings_check(const struct settings *settings, struct buf *said)
    __attribute__((warn_unused_result));

#endif /* SETTINGS_CHECK_H */
