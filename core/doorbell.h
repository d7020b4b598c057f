/*
 * doorbell.h - "there is new work", from responders to workers.
 *
 * Unix datagram sockets in run_dir, one per worker (doorbell.PID). Ringing
 * never waits and never fails loudly: a lost ring costs latency, not work,
 * because workers look for themselves once a second.
 */
#ifndef DOORBELL_H
#define DOORBELL_H

#include <stdbool.h>

struct doorbell; /* opaque, thread-safe */

/* run_dir "" gives a doorbell that does nothing. Never NULL. */
struct doorbell *doorbell_new(const char *run_dir);
void doorbell_free(struct doorbell *doorbell);
void doorbell_ring(struct doorbell *doorbell);

/* A worker's side: the socket to poll, or -1 (then it only polls the
   database). Removes sockets of dead workers. */
int doorbell_listen(const char *run_dir);
void doorbell_drain(int fd);
void doorbell_unlisten(const char *run_dir, int fd);

#endif /* DOORBELL_H */
