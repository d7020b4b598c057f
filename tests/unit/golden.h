/*
 * golden.h - the files of tests/data, for tests that compare whole bytes.
 *
 * Tests run in the root of the tree.
 */
#ifndef GOLDEN_H
#define GOLDEN_H

#include "buf.h"
#include "file.h"

#include <CUnit/Basic.h>
#include <stdio.h>

#define GOLDEN_MAX 65536 /* bytes of a file */

/* The content of tests/data/NAME; the caller frees it. Fails the test, with an
   empty buffer, if it cannot be read. */
static inline struct buf
golden_read(const char *name)
{
    struct buf content = BUF_INIT(GOLDEN_MAX);
    struct buf path = BUF_INIT(256);

    buf_addf(&path, "tests/data/%s", name);
    if (!file_read(path.data, &content)) {
        fprintf(stderr, "\ncannot read %s\n", path.data);
        CU_FAIL("golden file");
    }
    buf_free(&path);
    return content;
}

/* Asserts that got holds exactly the bytes of tests/data/NAME. */
static inline void
golden_compare(const char *name, struct slice got)
{
    struct buf want = golden_read(name);
    bool same = slice_equal(buf_slice(&want), got);

    if (!same)
        fprintf(stderr, "\n%s: got  %.*s\n%s: want %.*s\n", name, (int)got.len,
                got.ptr, name, (int)want.len, want.data);
    CU_ASSERT(same);
    buf_free(&want);
}

#endif /* GOLDEN_H */
