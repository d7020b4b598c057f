/*
 * verify_case.h - a request with its headers, and what a verifier says of it.
 */
#ifndef VERIFY_CASE_H
#define VERIFY_CASE_H

#include "verify.h"

#include "buf.h"
#include "clock.h"
#include "unit.h"

#include <string.h>

#define CASE_HEADERS 5

/* The request of a row: headers as "Name: value" (a name given twice came in
   two lines), NULL behind the last. */
struct verify_case {
    const char *claim;
    const char *headers[CASE_HEADERS];
    enum verify_result want;
};

static struct slice
case_header(void *arg, const char *name)
{
    const char *const *headers = arg;
    size_t len = strlen(name), i;
    struct slice value = SLICE_NONE;

    for (i = 0; i < CASE_HEADERS && headers[i] != NULL; i++) {
        if (strncasecmp(headers[i], name, len) != 0 ||
            strncmp(headers[i] + len, ": ", 2) != 0)
            continue;
        if (value.ptr != NULL)
            return VERIFY_SEVERAL;
        value = slice_of(headers[i] + len + 2);
    }
    return value;
}

/* The message of a row; now in seconds. */
static struct verify_message
case_message(const struct verify_case *row, struct slice body, int64_t now_s)
{
    return (struct verify_message){
        .header = case_header,
        .arg = (void *)(uintptr_t)row->headers,
        .body = body,
        .now_us = now_s * CLOCK_US_PER_S,
    };
}

static void
expect(const char *claim, enum verify_result got, enum verify_result want)
{
    if (got != want)
        fprintf(stderr, "\n%s: got %s, want %s\n", claim,
                verify_result_name(got), verify_result_name(want));
    CU_ASSERT_EQUAL(got, want);
}

/* A verifier of that kind with one secret. */
static struct verifier
case_verifier(const char *kind, const struct slice *secret)
{
    return (struct verifier){
        .kind = kind, .secrets = secret, .secret_count = 1};
}

static inline void
expect_rows(const struct verify_case *rows, size_t count,
            const struct verifier *verifier, struct slice body, int64_t now_s)
{
    size_t i;

    for (i = 0; i < count; i++) {
        struct verify_message message = case_message(&rows[i], body, now_s);
        struct verify_match match = {99, 99};

        expect(rows[i].claim, verify_message(verifier, 1, &message, &match),
               rows[i].want);
        CU_ASSERT_EQUAL(match.secret, rows[i].want == VERIFY_OK ? 0 : 99);
    }
}

#define EXPECT_ROWS(rows, verifier, body, now_s)                               \
    expect_rows(rows, sizeof(rows) / sizeof((rows)[0]), verifier, body, now_s)

#endif /* VERIFY_CASE_H */
