/*
 * random.h - unpredictable bytes from the kernel.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* getrandom(2); ends the process if the kernel cannot give any. */
void random_bytes(void *out, size_t len);
uint64_t random_u64(void);
uint32_t random_u32(void);

#endif /* RANDOM_H */
