/*
 * inbound_case.h - reading one inbound body, for the tests of core/inbound/
 */
#ifndef INBOUND_CASE_H
#define INBOUND_CASE_H

#include "inbound.h"

#include "golden.h"
#include "unit.h"

#include <strings.h>

#define MAX 65536
#define NOW_US INT64_C(1767279601234567)  /* 2026-01-01T15:00:01.234567Z */
#define SENT_US INT64_C(1767279600000000) /* 2026-01-01T15:00:00Z */

static char supabase_name[] = "supabase";
static char notion_name[] = "notion";

static const struct source supabase = {
    .id = 1,
    .name = supabase_name,
    .provider = supabase_name,
};
static const struct source notion = {
    .id = 2,
    .name = notion_name,
    .provider = notion_name,
};

#define OWN(members) "{\"source\":\"supabase\"," members "}"
#define REST "\"table_name\":\"t\",\"record_id\":\"1\",\"data\":{}"
#define INSERT "\"event_type\":\"insert\","
#define DELETE "\"event_type\":\"delete\","

/* Headers of a request: "Name: value" lines, the last of them NULL. */
static inline struct slice
case_header(void *arg, const char *name)
{
    const char *const *line;
    size_t len = strlen(name);

    for (line = arg; *line != NULL; line++)
        if (strncasecmp(*line, name, len) == 0 && (*line)[len] == ':')
            return slice_of(*line + len + 2);
    return SLICE_NONE;
}

/* One request read, and what came of it. */
struct outcome {
    enum inbound_result result;
    struct inbound in;
    struct problems problems;
    char received[65];
};

static inline struct outcome *
read_request(const struct source *source, const struct inbound_request *request)
{
    static struct outcome outcome;

    inbound_free(&outcome.in);
    memset(&outcome, 0, sizeof(outcome));
    outcome.result = inbound_read(source, request, &outcome.in,
                                  &outcome.problems, outcome.received);
    return &outcome;
}

static inline struct outcome *
read_body(const struct source *source, struct slice body)
{
    const struct inbound_request request = {.body = body, .now_us = NOW_US};

    return read_request(source, &request);
}

/* The problems as "loc loc: type" lines, for comparing with one string. */
static inline void
expect_problems(const char *claim, const struct outcome *outcome,
                const char *want)
{
    struct buf got = BUF_INIT(MAX);
    size_t i, j;

    for (i = 0; i < outcome->problems.count; i++) {
        const struct problem *problem = &outcome->problems.list[i];

        if (i > 0)
            buf_add_text(&got, "; ");
        for (j = 0; j < 3 && problem->loc[j][0] != '\0'; j++) {
            if (j > 0)
                buf_add_char(&got, '.');
            buf_add_text(&got, problem->loc[j]);
        }
        buf_addf(&got, ": %s", problem->type);
    }
    if (!slice_is(buf_slice(&got), want))
        fprintf(stderr, "\n%s:\ngot  %s\nwant %s\n", claim, got.data, want);
    CU_ASSERT(slice_is(buf_slice(&got), want));
    CU_ASSERT_EQUAL(outcome->result,
                    want[0] == '\0' ? INBOUND_OK : INBOUND_INVALID);
    buf_free(&got);
}

#endif /* INBOUND_CASE_H */
