/*
 * random.c - unpredictable bytes from the kernel; see random.h.
 */
#include "random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

void
random_bytes(void *out, size_t len)
{
    static const char text[] = "postern: the kernel gives no random bytes\n";
    unsigned char *at = out;

    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);

        if (got > 0) {
            at += got;
            len -= (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);

            (void)written;
            abort();
        }
    }
}

uint64_t
random_u64(void)
{
    uint64_t value;

    random_bytes(&value, sizeof(value));
    return value;
}

uint32_t
random_u32(void)
{
    uint32_t value;

    random_bytes(&value, sizeof(value));
    return value;
}
