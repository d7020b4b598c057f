/*
 * replay_words.h - how `postern replay` reads times and shows a replay, once or
 * until it has come to its end.
 */
#ifndef REPLAY_WORDS_H
#define REPLAY_WORDS_H

#include "command.h"
#include "store_replay.h"

#include <stdbool.h>
#include <stdint.h>

#define REPLAY_WORDS_NO_TIME                                                   \
    "%s is a time such as 2026-01-01T15:00:00Z, or so long ago such as 90m, "  \
    "24h or 7d, not '%s'"

/* RFC 3339, or 30s, 90m, 24h, 7d: so long before now. */
bool replay_words_time(const char *text, int64_t now_us, int64_t *us)
    __attribute__((warn_unused_result));

void replay_words_list(const struct cli *cli, const struct replay_list *list);

/*
 * Shows it: once it is counted (or a moment later, if that takes long), with
 * `wait` when there is nothing more to come; meanwhile a terminal sees how far
 * it is. EXIT_UNHEALTHY: it was waited for, and not everything was delivered.
 */
int replay_words_follow(struct cli *cli, uint64_t id, bool wait)
    __attribute__((warn_unused_result));

#endif /* REPLAY_WORDS_H */
