/*
 * loopback.h - sockets of the benchmark programs, which never leave this
 * machine: any address but 127.0.0.0/8 is refused.
 */
#ifndef LOOPBACK_H
#define LOOPBACK_H

#include "slice.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct loopback {
    struct sockaddr_in address;
    struct slice path; /* of the URL, "/" if it has none; points into it */
};

/* http://127.x.y.z:PORT/PATH. False for everything else. */
bool loopback_parse(const char *url, struct loopback *place)
    __attribute__((warn_unused_result));

/* A non-blocking connection under way, or -1 with errno. */
int loopback_connect(const struct loopback *place);

/* A non-blocking listening socket on 127.0.0.1; *port 0 becomes the one that
   the system chose. -1 with errno. */
int loopback_listen(uint16_t *port);

/* As many file descriptors as the hard limit allows. */
void loopback_raise_limit(void);

#endif /* LOOPBACK_H */
