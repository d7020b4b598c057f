/*
 * fuzz.h - what every fuzzer shares: its entry, checks, and input in parts.
 *
 * The same function is called by libFuzzer with inputs of its own making
 * (make fuzz) and by replay.c with the files of the corpus (make check).
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "slice.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Returns 0. What must not be ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An invariant; unlike assert() it names what was being tried. */
#define FUZZ_CHECK(claim)                                                      \
    do {                                                                       \
        if (!(claim)) {                                                        \
            (void)fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__,   \
                          #claim);                                             \
            abort();                                                           \
        }                                                                      \
    } while (0)

#define FUZZ_BORDER "\n--\n"

/* Cuts the next part off an input that has several: what stands before a line
   of two hyphens, or all that is left. */
static inline struct slice
fuzz_part(struct slice *input)
{
    const size_t border = sizeof(FUZZ_BORDER) - 1;
    const char *at = input->len == 0
                         ? NULL
                         : memmem(input->ptr, input->len, FUZZ_BORDER, border);
    struct slice part = *input;

    if (at == NULL) {
        *input = slice_make(input->ptr + input->len, 0);
        return part;
    }
    part.len = (size_t)(at - input->ptr);
    *input = slice_make(at + border, input->len - part.len - border);
    return part;
}

#endif /* FUZZ_H */
