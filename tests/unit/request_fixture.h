/*
 * request_fixture.h - a request made of CGI variables, for tests that have no
 * web server.
 */
#ifndef REQUEST_FIXTURE_H
#define REQUEST_FIXTURE_H

#include "request.h"

#include <stdio.h>
#include <string.h>

#define FIXTURE_PARAMS 16
#define FIXTURE_BODY_MAX 1000

struct fixture {
    struct request request;
    const char *params[FIXTURE_PARAMS + 1]; /* "NAME=value" */
    bool readable; /* what request_read_params() said */
};

/* The type of environ, for strings that nobody writes to. */
static inline char *const *
fixture_params(const struct fixture *fixture)
{
    const char *const *given = fixture->params;
    char *const *params;

    memcpy(&params, &given, sizeof(params));
    return params;
}

static inline void
fixture_read(struct fixture *fixture, const char *base_path)
{
    request_init(&fixture->request, FIXTURE_BODY_MAX);
    fixture->readable = request_read_params(&fixture->request, base_path,
                                            fixture_params(fixture));
}

/* want NULL: absent. Says what is wrong on stderr. */
static inline bool
fixture_same(const char *claim, struct slice got, const char *want)
{
    bool same = want == NULL ? got.ptr == NULL : slice_is(got, want);

    if (!same)
        fprintf(stderr, "\n%s:\n  got  %.*s\n  want %s\n", claim, (int)got.len,
                got.ptr == NULL ? "" : got.ptr, want == NULL ? "(none)" : want);
    return same;
}

#endif /* REQUEST_FIXTURE_H */
