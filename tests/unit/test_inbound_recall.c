/*
 * test_inbound_recall.c - unit tests for core/inbound/inbound_recall.c
 */
#include "inbound_case.h"

#include "json.h"

#define ACCEPTED_US (NOW_US + 1000)

static void
same_text(const char *claim, const char *what, struct slice got,
          struct slice want)
{
    bool same =
        (got.ptr == NULL) == (want.ptr == NULL) && slice_equal(got, want);

    if (!same)
        fprintf(stderr, "\n%s, %s: got %.*s, want %.*s\n", claim, what,
                (int)got.len, got.ptr, (int)want.len, want.ptr);
    CU_ASSERT(same);
}

/* Stores an event as it is stored and reads it again: whatever was found out
   when it came is known. */
static void
test_everything_comes_back(void)
{
    static const struct {
        const char *provider, *file, *header;
    } rows[] = {
        {"supabase", "insert.json", NULL},
        {"supabase", "delete.json", NULL},
        {"supabase", "supabase_insert.json", NULL},
        {"supabase", "supabase_update.json", NULL},
        {"supabase", "supabase_delete.json", NULL},
        {"notion", "notion_update.json", NULL},
        {"notion", "notion_page_created.json", NULL},
        {"notion", "notion_page_deleted.json", NULL},
        {"notion", "notion_comment_created.json", NULL},
        {"notion", "notion_short.json", NULL},
        {"github", "github_push.json", "X-GitHub-Event: push"},
        {"github", "github_pull_request_opened.json",
         "X-GitHub-Event: pull_request"},
        {"github", "github_issues_deleted.json", "X-GitHub-Event: issues"},
        {"github", "github_issue_comment_edited.json",
         "X-GitHub-Event: issue_comment"},
        {"gitlab", "gitlab_merge_request_open.json", NULL},
        {"bitbucket", "bitbucket_pullrequest_created.json",
         "X-Event-Key: pullrequest:created"},
        {"jira", "jira_issue_updated.json", NULL},
        {"stripe", "stripe_invoice_paid.json", NULL},
        {"stripe", "stripe_thin.json", NULL},
        {"slack", "slack_event.json", NULL},
        {"shopify", "shopify_order.json", "X-Shopify-Topic: orders/create"},
        {"standard", "standard.json", NULL},
        {"linear", "linear_issue_create.json", NULL},
        {"sendgrid", "sendgrid.json", NULL},
        {"dotted.name", "any_order.json", NULL},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char name[32], file[128];
        const char *headers[2] = {rows[i].header, NULL};
        struct source source = {.name = name, .provider = name};
        struct buf payload = BUF_INIT(MAX), metadata = BUF_INIT(MAX), body;
        struct inbound_request request = {
            .header = case_header, .arg = headers, .now_us = NOW_US};
        const struct outcome *first;
        struct inbound again;

        snprintf(name, sizeof(name), "%s", rows[i].provider);
        snprintf(file, sizeof(file), "inbound_%s", rows[i].file);
        body = golden_read(file);
        request.body = buf_slice(&body);
        first = read_request(&source, &request);
        expect_problems(file, first, "");
        json_minify(first->in.payload, &payload);
        inbound_metadata(&source, &first->in, &metadata);

        CU_ASSERT_TRUE(inbound_recall(&source, slice_of(first->in.type),
                                      buf_slice(&payload), buf_slice(&metadata),
                                      ACCEPTED_US, &again));
        CU_ASSERT_EQUAL(again.action, first->in.action);
        same_text(file, "type", slice_of(again.type), slice_of(first->in.type));
        same_text(file, "table", slice_of(again.table),
                  slice_of(first->in.table));
        same_text(file, "record", slice_of(again.record_id),
                  slice_of(first->in.record_id));
        same_text(file, "entity", slice_of(again.entity),
                  slice_of(first->in.entity));
        CU_ASSERT_EQUAL(again.version_us, first->in.version_us);
        if (again.has_timestamp != first->in.has_timestamp)
            fprintf(stderr, "\n%s: time %d\n", file, again.has_timestamp);
        CU_ASSERT_EQUAL(again.has_timestamp, first->in.has_timestamp);
        CU_ASSERT_EQUAL(again.data.ptr != NULL, first->in.data.ptr != NULL);
        CU_ASSERT_EQUAL(again.metadata.ptr != NULL,
                        first->in.metadata.ptr != NULL);
        same_text(file, "payload", again.payload, buf_slice(&payload));
        CU_ASSERT_PTR_NULL(again.dedupe.ptr);
        if (first->in.data.ptr != NULL) {
            struct buf want = BUF_INIT(MAX);

            json_minify(first->in.data, &want);
            same_text(file, "data", again.data, buf_slice(&want));
            buf_free(&want);
        }
        inbound_free(&again);
        buf_free(&metadata);
        buf_free(&payload);
        buf_free(&body);
    }
}

static void
test_what_is_none_of_ours(void)
{
    static const struct {
        const char *claim, *metadata, *payload;
        bool want;
    } rows[] = {
        {"as we write it",
         "{\"source\":\"supabase\",\"table\":\"t\",\"record_id\":\"1\","
         "\"action\":\"update\",\"timestamp\":\"2026-01-01T15:00:00Z\"}",
         "{}", true},
        {"about nothing",
         "{\"table\":\"\",\"record_id\":\"\",\"action\":\"other\"}", "[]",
         true},
        {"a time that is none",
         "{\"table\":\"\",\"record_id\":\"\",\"action\":\"other\","
         "\"timestamp\":\"x\"}",
         "{}", true},
        {"no metadata", NULL, "{}", false},
        {"an event of somebody else", "{}", "{}", false},
        {"no object", "[]", "{}", false},
        {"no JSON", "{", "{}", false},
        {"a table that is a number",
         "{\"table\":1,\"record_id\":\"1\",\"action\":\"update\"}", "{}",
         false},
        {"an action that is none",
         "{\"table\":\"t\",\"record_id\":\"1\",\"action\":\"upsert\"}", "{}",
         false},
        {"a body that is no JSON",
         "{\"table\":\"t\",\"record_id\":\"1\",\"action\":\"update\"}", "{",
         false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct inbound in;
        bool got = inbound_recall(&supabase, SLICE("supabase.t.update"),
                                  slice_of(rows[i].payload),
                                  slice_of(rows[i].metadata), ACCEPTED_US, &in);

        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %d\n", rows[i].claim, got);
        CU_ASSERT_EQUAL(got, rows[i].want);
        if (got)
            CU_ASSERT_EQUAL(in.version_us, i == 0 ? SENT_US : ACCEPTED_US);
        inbound_free(&in);
    }
}

static void
test_long_texts(void)
{
    struct buf metadata = BUF_INIT(MAX);
    struct inbound in;
    size_t len, i;

    for (len = INBOUND_RECORD_MAX; len <= INBOUND_RECORD_MAX + 1; len++) {
        buf_clear(&metadata);
        buf_add_text(&metadata, "{\"table\":\"t\",\"action\":\"update\","
                                "\"record_id\":\"");
        for (i = 0; i < len; i++)
            buf_add_char(&metadata, 'x');
        buf_add_text(&metadata, "\"}");
        CU_ASSERT_EQUAL(inbound_recall(&supabase, SLICE("a.b"), SLICE("{}"),
                                       buf_slice(&metadata), NOW_US, &in),
                        len == INBOUND_RECORD_MAX);
    }
    buf_free(&metadata);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"everything comes back", test_everything_comes_back},
        {"what is none of ours", test_what_is_none_of_ours},
        {"long texts", test_long_texts},
        CU_TEST_INFO_NULL,
    };

    return unit_run("inbound_recall", tests);
}
