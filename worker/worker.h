/*
 * worker.h - the worker's resources and threads, from start to end.
 */
#ifndef WORKER_H
#define WORKER_H

#include "settings.h"

#include <stdbool.h>

struct worker_limits {
    bool once;      /* end when nothing is due */
    int max_time_s; /* 0 = unlimited */
};

/* Works until a signal or the limits end it. Returns an exit code (sysexits):
   0, 69, 75 or 78; what went wrong has been logged. */
int worker_run(const struct settings *settings,
               const struct worker_limits *limits);

#endif /* WORKER_H */
