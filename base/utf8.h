/*
 * utf8.h - one UTF-8 sequence at a time (Unicode 15, table 3-7).
 */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>
#include <stdint.h>

#define UTF8_MAX 4 /* bytes of the longest sequence */

/* Bytes of the well-formed sequence at `at`, of which `left` > 0 may be read;
   0 for overlong forms, surrogates, values past U+10FFFF, stray bytes. */
size_t utf8_length(const unsigned char *at, size_t left);

/* Writes a code point (at most U+10FFFF); returns the bytes it took, 1..4. */
size_t utf8_encode(uint32_t code_point, char out[UTF8_MAX]);

#endif /* UTF8_H */
