/*
 * replay_words.h - how `postern replay` shows a replay, once or until it has come
 * to its end.
 */
#ifndef REPLAY_WORDS_H
#define REPLAY_WORDS_H

#include "command.h"
#include "store_replay.h"

#include <stdbool.h>
#include <stdint.h>

void replay_words_list(const struct cli *cli, const struct replay_list *list);

/*
 * Shows it: once it is counted (or a moment later, if that takes long), with
 * `wait` when there is nothing more to come; meanwhile a terminal sees how far
 * it is. EXIT_UNHEALTHY: it was waited for, and not everything was delivered.
 */
int replay_words_follow(struct cli *cli, uint64_t id, bool wait)
    __attribute__((warn_unused_result));

#endif /* REPLAY_WORDS_H */
