/*
 * random.h - unpredictable bytes from the kernel.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>
#include <stdint.h>

/*
 * getrandom(2); ends the process if the kernel cannot give any. A few bytes at
 * a time come from a store that each thread fetches in advance: bytes are
 * given out once, are wiped from the store then, and a child that was forked
 * fetches its own. Keys and tokens come straight from the kernel.
 */
void random_bytes(void *out, size_t len);
uint64_t random_u64(void);
uint32_t random_u32(void);

#endif /* RANDOM_H */
