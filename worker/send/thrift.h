/*
 * thrift.h - memory that the worker does not need goes back to the system.
 *
 * A burst leaves events, buffers and holes in the heap behind; glibc keeps all
 * of it. Once it is calm again the process becomes as small as it was.
 */
#ifndef THRIFT_H
#define THRIFT_H

#include "payloads.h"

#include <stdint.h>

struct thrift {
    uint64_t seen;    /* results at the last look */
    uint64_t trimmed; /* results when memory was given back */
};

/* How the process allocates; before there are threads. */
void thrift_begin(void);

/* To be called every few seconds by the store thread. results: how many there
   have been since the start; few new ones mean that it is calm. */
void thrift_look(struct thrift *thrift, struct payloads *payloads,
                 uint64_t results);

#endif /* THRIFT_H */
