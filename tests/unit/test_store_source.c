/*
 * test_store_source.c - tests for core/store/sources/store_source.c and its parts
 * against a real database.
 */
#include "store_source.h"

#include "testdb.h"
#include "unit.h"

#include "lane.h"
#include "store_handshake.h"
#include "store_source_rejection.h"

#include <string.h>

static const uint8_t key[32] = {1}, other_key[32] = {2};
static struct sealer *sealer, *other_sealer;
static struct db *db;
static struct target_nets no_nets;

static struct source_ref
named(const char *name)
{
    return (struct source_ref){0, slice_of(name)};
}

/* The form of a JSON that is right. */
static void
read_form(struct source_form *form, const char *json, bool part)
{
    const struct subscription_rules rules = {
        .allow = &no_nets, .may_name_application = true, .part = part};
    struct problems problems = {.count = 0};

    if (!source_form_read(form, slice_of(json), &rules, &problems))
        fprintf(stderr, "\n%s: %s\n", problems.list[0].loc[0],
                problems.list[0].msg);
    CU_ASSERT_EQUAL_FATAL(problems.count, 0);
}

static enum source_action
insert(const char *json, struct source_made *made)
{
    enum source_action action = SOURCE_DONE;
    struct source_form form;

    read_form(&form, json, false);
    CU_ASSERT_EQUAL_FATAL(
        store_source_insert(db, sealer, &form, 1, made, &action), DB_OK);
    source_form_free(&form);
    return action;
}

static enum source_action
change_with(const struct sealer *with, const char *name, const char *json)
{
    enum source_action action = SOURCE_DONE;
    struct source_ref ref = named(name);
    struct source_form form;

    read_form(&form, json, true);
    CU_ASSERT_EQUAL_FATAL(
        store_source_update(db, with, &form, 0, &ref, 0, &action), DB_OK);
    source_form_free(&form);
    return action;
}

static enum source_action
change(const char *name, const char *json)
{
    return change_with(sealer, name, json);
}

/* Reads it; fatal if it is not there. To be freed. */
static struct source_row
get(const char *name)
{
    struct source_ref ref = named(name);
    struct source_row row = {.id = 0};

    CU_ASSERT_EQUAL_FATAL(store_source_get(db, sealer, 0, &ref, &row), DB_OK);
    return row;
}

/* "kind:secret,secret;kind:" */
static bool
has_secrets(const char *name, const char *want)
{
    struct source_row row = get(name);
    struct buf got = BUF_INIT(4096);
    size_t i, k;
    bool same;

    for (i = 0; i < row.verifiers.count; i++) {
        const struct verifier *one = &row.verifiers.list[i];

        buf_addf(&got, "%s%s:", i == 0 ? "" : ";", one->kind);
        for (k = 0; k < one->secret_count; k++) {
            buf_add_text(&got, k == 0 ? "" : ",");
            buf_add_slice(&got, one->secrets[k]);
        }
    }
    same = slice_is(buf_slice(&got), want);
    if (!same)
        fprintf(stderr, "\n%s: got %s, want %s\n", name, buf_slice(&got).ptr,
                want);
    buf_free(&got);
    source_row_free(&row);
    return same;
}

static void
test_finding(void)
{
    static const struct {
        const char *claim;
        struct slice name;
        uint32_t application;
        enum db_result want;
    } rows[] = {
        {"a source is found by its name", {"notion", 6}, 0, DB_OK},
        {"and by its id", {"src_0000000000002", 17}, 0, DB_OK},
        {"by its own application", {"notion", 6}, 1, DB_OK},
        {"and not by another one", {"notion", 6}, 2, DB_NONE},
        {"one that is not there is not", {"nobody", 6}, 0, DB_NONE},
        {"nor an id that is not", {"src_0000000000zzz", 17}, 0, DB_NONE},
        {"letter case matters", {"Notion", 6}, 0, DB_NONE},
        {"a name beyond ASCII is just another name",
         {"\xc3\xa4", 2},
         0,
         DB_NONE},
        {"and so is what is no text", {"\xff", 1}, 0, DB_NONE},
    };
    struct source_row row;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct source_ref ref = source_ref_of(rows[i].name);
        enum db_result got =
            store_source_get(db, sealer, rows[i].application, &ref, &row);

        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim,
                    db_result_name(got));
        CU_ASSERT_EQUAL(got, rows[i].want);
        if (got == DB_OK) {
            CU_ASSERT_STRING_EQUAL(row.name, "notion");
            source_row_free(&row);
        }
        if (rows[i].want == DB_NONE)
            CU_ASSERT_EQUAL(store_source_delete(db, rows[i].application, &ref),
                            DB_NONE);
    }
}

static void
test_insert(void)
{
    struct source_made made;
    struct source_row row;

    /* The choice is ours: made, and to be shown. */
    CU_ASSERT_EQUAL(insert("{\"name\":\"hub\",\"provider\":\"github\","
                           "\"description\":\"all of it\",\"queue_size\":5,"
                           "\"relay\":\"received\",\"max_attempts\":7}",
                           &made),
                    SOURCE_DONE);
    CU_ASSERT_EQUAL(strncmp(made.secret, "whsec_", 6), 0);
    row = get("hub");
    CU_ASSERT_EQUAL(row.id, made.id);
    CU_ASSERT_EQUAL(row.verifiers.count, 1);
    CU_ASSERT_EQUAL(row.verifiers.list[0].secret_count, 1);
    CU_ASSERT_TRUE(slice_is(row.verifiers.list[0].secrets[0], made.secret));
    CU_ASSERT_STRING_EQUAL(row.description, "all of it");
    CU_ASSERT_EQUAL(row.options.queue_size, 5);
    CU_ASSERT_EQUAL(row.max_attempts, 7);
    CU_ASSERT_EQUAL(row.retry_delay_s, 2);
    CU_ASSERT_TRUE(row.relay_received);
    CU_ASSERT_STRING_EQUAL(row.handshake, "none");
    CU_ASSERT_EQUAL(row.created_at_us, row.updated_at_us);
    source_row_free(&row);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM sources WHERE "
                                   "INSTR(secrets, 'whsec') > 0"),
                    0);

    /* Taken, and nothing is left of the second one. */
    CU_ASSERT_EQUAL(insert("{\"name\":\"hub\",\"provider\":\"gitlab\"}", &made),
                    SOURCE_NAME_TAKEN);
    CU_ASSERT_EQUAL(testdb_u64(db,
                               "SELECT COUNT(*) FROM sources WHERE provider = "
                               "'gitlab' OR name = ''"),
                    0);

    /* A provider that makes its secret itself: none until it is given. */
    CU_ASSERT_EQUAL(insert("{\"name\":\"pay\",\"provider\":\"stripe\"}", &made),
                    SOURCE_DONE);
    CU_ASSERT_STRING_EQUAL(made.secret, "");
    CU_ASSERT_TRUE(has_secrets("pay", ""));
    CU_ASSERT_EQUAL(
        insert("{\"name\":\"pages\",\"provider\":\"notion\"}", &made),
        SOURCE_DONE);
    row = get("pages");
    CU_ASSERT_STRING_EQUAL(row.handshake, "awaiting");
    source_row_free(&row);

    /* A list of verifiers of which one has secrets needs none from us. */
    CU_ASSERT_EQUAL(
        insert("{\"name\":\"listed\",\"provider\":\"hmac\",\"verifiers\":["
               "{\"kind\":\"token\",\"secrets\":[\"the-token\"]},"
               "{\"kind\":\"hmac\",\"header\":\"X-S\"}]}",
               &made),
        SOURCE_DONE);
    CU_ASSERT_STRING_EQUAL(made.secret, "");
    CU_ASSERT_TRUE(has_secrets("listed", "token:the-token;hmac:"));

    /* One that the kind cannot use. */
    CU_ASSERT_EQUAL(insert("{\"name\":\"chat\",\"provider\":\"discord\","
                           "\"secret\":\"no public key\"}",
                           &made),
                    SOURCE_BAD_SECRET);
}

static void
test_secrets(void)
{
    CU_ASSERT_EQUAL(change("supabase", "{\"secret\":\"first secret\"}"),
                    SOURCE_DONE);
    CU_ASSERT_EQUAL(change("supabase", "{\"secret\":\"second \\\"one\\\"\","
                                       "\"keep_secrets\":true}"),
                    SOURCE_DONE);
    CU_ASSERT_TRUE(
        has_secrets("supabase", "preset:second \"one\",first secret"));
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM sources WHERE "
                                   "INSTR(secrets, 'secret') > 0"),
                    0);

    /* Verifiers of their own: the present ones keep their secrets if nothing
       else is said about them. */
    CU_ASSERT_EQUAL(change("supabase",
                           "{\"verifiers\":[{\"kind\":\"token\",\"header\":"
                           "\"X-Key\",\"secrets\":[\"a token of mine\"]},"
                           "{\"kind\":\"preset\"}]}"),
                    SOURCE_DONE);
    CU_ASSERT_TRUE(has_secrets(
        "supabase",
        "token:a token of mine;preset:second \"one\",first secret"));
    /* `secret` is the first one's. */
    CU_ASSERT_EQUAL(change("supabase", "{\"secret\":\"another token\"}"),
                    SOURCE_DONE);
    CU_ASSERT_TRUE(has_secrets(
        "supabase", "token:another token;preset:second \"one\",first secret"));
    CU_ASSERT_EQUAL(change("supabase",
                           "{\"verifiers\":[{\"kind\":\"preset\",\"secrets\":"
                           "[]},{\"kind\":\"token\",\"header\":\"x-key\"}]}"),
                    SOURCE_DONE);
    CU_ASSERT_TRUE(has_secrets("supabase", "preset:;token:another token"));
    CU_ASSERT_EQUAL(change("supabase", "{\"verifiers\":null}"), SOURCE_DONE);
    CU_ASSERT_TRUE(has_secrets("supabase", "preset:"));
    CU_ASSERT_EQUAL(change("supabase", "{\"secret\":\"third secret\"}"),
                    SOURCE_DONE);
    CU_ASSERT_EQUAL(change("supabase", "{\"secret\":null}"), SOURCE_DONE);
    CU_ASSERT_TRUE(has_secrets("supabase", "preset:"));
}

static void
test_another_key(void)
{
    struct source_ref ref = named("supabase");
    enum source_action action;
    struct source_made made;
    struct source_row row;

    CU_ASSERT_EQUAL(change("supabase", "{\"secret\":\"first secret\"}"),
                    SOURCE_DONE);
    CU_ASSERT_EQUAL_FATAL(store_source_get(db, other_sealer, 0, &ref, &row),
                          DB_OK);
    CU_ASSERT_TRUE(row.unreadable);
    CU_ASSERT_EQUAL(row.verifiers.count, 0);
    source_row_free(&row);

    /* What has nothing to do with them may change, and they stay. */
    CU_ASSERT_EQUAL(change_with(other_sealer, "supabase", "{\"queue_size\":3}"),
                    SOURCE_DONE);
    CU_ASSERT_TRUE(has_secrets("supabase", "preset:first secret"));
    /* They cannot be kept beside a new one. */
    CU_ASSERT_EQUAL(change_with(other_sealer, "supabase",
                                "{\"secret\":\"new secret\","
                                "\"keep_secrets\":true}"),
                    SOURCE_UNREADABLE);
    CU_ASSERT_EQUAL(change_with(other_sealer, "supabase",
                                "{\"verifiers\":[{\"kind\":\"preset\"}]}"),
                    SOURCE_UNREADABLE);
    CU_ASSERT_EQUAL_FATAL(store_source_rotate(db, other_sealer, 0, &ref,
                                              SLICE_NONE, false, &made,
                                              &action),
                          DB_OK);
    CU_ASSERT_EQUAL(action, SOURCE_UNREADABLE);
    CU_ASSERT_TRUE(has_secrets("supabase", "preset:first secret"));
    /* But they may be replaced. */
    CU_ASSERT_EQUAL(
        change_with(other_sealer, "supabase", "{\"secret\":\"new secret\"}"),
        SOURCE_DONE);
    CU_ASSERT_EQUAL_FATAL(store_source_get(db, other_sealer, 0, &ref, &row),
                          DB_OK);
    CU_ASSERT_FALSE(row.unreadable);
    source_row_free(&row);
    CU_ASSERT_EQUAL(change("supabase", "{\"secret\":null}"), SOURCE_DONE);
}

static void
test_rotate(void)
{
    struct source_ref ref = named("supabase");
    enum source_action action;
    struct source_made made;
    char want[VERIFIER_SECRET_BYTES + 64];

    CU_ASSERT_EQUAL(change("supabase", "{\"secret\":\"first secret\"}"),
                    SOURCE_DONE);
    CU_ASSERT_EQUAL_FATAL(store_source_rotate(db, sealer, 1, &ref, SLICE_NONE,
                                              false, &made, &action),
                          DB_OK);
    CU_ASSERT_EQUAL(action, SOURCE_DONE);
    snprintf(want, sizeof(want), "preset:%s,first secret", made.secret);
    CU_ASSERT_TRUE(has_secrets("supabase", want));
    CU_ASSERT_EQUAL_FATAL(store_source_rotate(db, sealer, 1, &ref,
                                              SLICE("given secret"), true,
                                              &made, &action),
                          DB_OK);
    CU_ASSERT_TRUE(has_secrets("supabase", "preset:given secret"));
    CU_ASSERT_EQUAL(store_source_rotate(db, sealer, 2, &ref, SLICE_NONE, false,
                                        &made, &action),
                    DB_NONE);

    /* Stripe shows the secret; one of ours would verify nothing. */
    ref = named("pay");
    CU_ASSERT_EQUAL_FATAL(store_source_rotate(db, sealer, 0, &ref, SLICE_NONE,
                                              false, &made, &action),
                          DB_OK);
    CU_ASSERT_EQUAL(action, SOURCE_NOT_OURS);
    CU_ASSERT_EQUAL_FATAL(store_source_rotate(db, sealer, 0, &ref,
                                              SLICE("whsec_of_stripe"), false,
                                              &made, &action),
                          DB_OK);
    CU_ASSERT_EQUAL(action, SOURCE_DONE);
    CU_ASSERT_TRUE(has_secrets("pay", "preset:whsec_of_stripe"));
    CU_ASSERT_EQUAL(change("supabase", "{\"secret\":null}"), SOURCE_DONE);
}

static void
test_handshake(void)
{
    struct source_ref ref = named("notion"), other = named("supabase");
    enum source_action action;
    struct source_made made;
    struct source_row row;

    CU_ASSERT_EQUAL(change("notion", "{\"secret\":\"live secret\"}"),
                    SOURCE_DONE);
    /* Nobody awaits a token. */
    CU_ASSERT_EQUAL(
        store_handshake_capture(db, sealer, 1, 2, SLICE("secret_x")), DB_NONE);
    CU_ASSERT_EQUAL_FATAL(
        store_source_confirm(db, sealer, 0, &ref, false, &made, &action),
        DB_OK);
    CU_ASSERT_EQUAL(action, SOURCE_NOT_CAPTURED);
    CU_ASSERT_EQUAL_FATAL(store_source_await(db, 0, &other, &action), DB_OK);
    CU_ASSERT_EQUAL(action, SOURCE_NO_HANDSHAKE);

    CU_ASSERT_EQUAL_FATAL(store_source_await(db, 0, &ref, &action), DB_OK);
    CU_ASSERT_EQUAL(action, SOURCE_DONE);
    CU_ASSERT_EQUAL(
        store_handshake_capture(db, sealer, 1, 2, SLICE("secret_first")),
        DB_OK);
    /* The first one stays, and the live secret as well. */
    CU_ASSERT_EQUAL(
        store_handshake_capture(db, sealer, 1, 2, SLICE("secret_second")),
        DB_NONE);
    row = get("notion");
    CU_ASSERT_STRING_EQUAL(row.handshake, "captured");
    source_row_free(&row);
    CU_ASSERT_TRUE(has_secrets("notion", "preset:live secret"));

    CU_ASSERT_EQUAL_FATAL(
        store_source_confirm(db, sealer, 0, &ref, true, &made, &action), DB_OK);
    CU_ASSERT_EQUAL(action, SOURCE_DONE);
    CU_ASSERT_STRING_EQUAL(made.secret, "secret_first");
    CU_ASSERT_TRUE(has_secrets("notion", "preset:secret_first,live secret"));
    row = get("notion");
    CU_ASSERT_STRING_EQUAL(row.handshake, "none");
    source_row_free(&row);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM sources WHERE "
                                   "captured_token IS NOT NULL"),
                    0);

    /* Awaited again, what was captured and never confirmed is gone. */
    CU_ASSERT_EQUAL_FATAL(store_source_await(db, 0, &ref, &action), DB_OK);
    CU_ASSERT_EQUAL(
        store_handshake_capture(db, sealer, 1, 2, SLICE("secret_bad")), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_source_await(db, 0, &ref, &action), DB_OK);
    CU_ASSERT_EQUAL(
        store_handshake_capture(db, sealer, 1, 2, SLICE("secret_good")), DB_OK);
    CU_ASSERT_EQUAL_FATAL(
        store_source_confirm(db, sealer, 0, &ref, false, &made, &action),
        DB_OK);
    CU_ASSERT_TRUE(has_secrets("notion", "preset:secret_good"));
}

/* invalidate_url is a subscription that follows its source. */
static void
test_hook(void)
{
    struct source_ref ref = named("cached");
    struct source_made made;
    struct source_row row;
    uint32_t hook;

    CU_ASSERT_EQUAL(insert("{\"name\":\"kept\",\"provider\":\"hmac\","
                           "\"invalidate_url\":\"https://c.example/1\"}",
                           &made),
                    SOURCE_DONE);
    row = get("kept");
    hook = row.hook_id;
    source_row_free(&row);
    CU_ASSERT_NOT_EQUAL(hook, 0);
#define HOOK                                                                   \
    "SELECT COUNT(*) FROM subscriptions s JOIN subscription_patterns p ON "    \
    "p.subscription_id = s.id WHERE s.deleted_at IS NULL AND p.pattern = "     \
    "'cache.invalidated' AND "
    CU_ASSERT_EQUAL(testdb_u64(db, HOOK "url = 'https://c.example/1' AND "
                                        "channels = '[\"source:kept\"]'"),
                    1);
    /* The name and the address change: the same subscription follows. */
    CU_ASSERT_EQUAL(change("kept", "{\"name\":\"cached\",\"invalidate_url\":"
                                   "\"https://c.example/2\"}"),
                    SOURCE_DONE);
    row = get("cached");
    CU_ASSERT_EQUAL(row.hook_id, hook);
    source_row_free(&row);
    CU_ASSERT_EQUAL(testdb_u64(db, HOOK "url = 'https://c.example/2' AND "
                                        "channels = '[\"source:cached\"]'"),
                    1);
    /* Removed by hand, it comes back with the next change. */
    testdb_exec(db, "UPDATE subscriptions SET deleted_at = NOW(6)");
    CU_ASSERT_EQUAL(change("cached", "{\"queue_size\":1}"), SOURCE_DONE);
    row = get("cached");
    CU_ASSERT_NOT_EQUAL(row.hook_id, hook);
    source_row_free(&row);
    CU_ASSERT_EQUAL(testdb_u64(db, HOOK "1"), 1);
    CU_ASSERT_EQUAL(change("cached", "{\"invalidate_url\":null}"), SOURCE_DONE);
    CU_ASSERT_EQUAL(testdb_u64(db, HOOK "1"), 0);
    CU_ASSERT_EQUAL(
        change("cached", "{\"invalidate_url\":\"https://c.example/3\"}"),
        SOURCE_DONE);
    CU_ASSERT_EQUAL(testdb_u64(db, HOOK "1"), 1);
    CU_ASSERT_EQUAL(store_source_delete(db, 1, &ref), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, HOOK "1"), 0);
#undef HOOK
}

static void
test_another_application(void)
{
    struct source_ref ref = named("moved");
    enum source_action action;
    struct source_made made;
    struct source_form form;
    struct source_row row;

    CU_ASSERT_EQUAL(insert("{\"name\":\"moved\",\"provider\":\"hmac\","
                           "\"secret\":\"goes along\",\"api_key\":\"k\"}",
                           &made),
                    SOURCE_DONE);
    read_form(&form, "{\"application\":\"x\"}", true);
    CU_ASSERT_EQUAL_FATAL(
        store_source_update(db, sealer, &form, 0, &ref, 9, &action), DB_OK);
    source_form_free(&form);
    CU_ASSERT_EQUAL(action, SOURCE_DONE);
    row = get("moved");
    CU_ASSERT_EQUAL(row.application_id, 9);
    CU_ASSERT_FALSE(row.unreadable);
    CU_ASSERT_FALSE(row.has_api_key); /* to be given anew */
    source_row_free(&row);
    CU_ASSERT_TRUE(has_secrets("moved", "preset:goes along"));
    CU_ASSERT_EQUAL(store_source_delete(db, 1, &ref), DB_NONE);
    CU_ASSERT_EQUAL(store_source_delete(db, 9, &ref), DB_OK);
}

static void
add_job(uint64_t id, enum job_kind kind, enum lane_kind lane_kind,
        uint32_t source_id)
{
    uint64_t lane = lane_number(lane_kind, source_id);
    char sql[256];

    snprintf(sql, sizeof(sql),
             "INSERT INTO jobs (id, kind, shard, lane, event_id) VALUES "
             "(%llu, %d, %u, %llu, %llu)",
             (unsigned long long)id, (int)kind, (unsigned)lane_shard(lane),
             (unsigned long long)lane, (unsigned long long)id);
    testdb_exec(db, sql);
}

static void
test_delete(void)
{
    struct source_ref ref = named("gone");
    struct source_made made;
    struct source_row row;

    CU_ASSERT_EQUAL(insert("{\"name\":\"gone\",\"provider\":\"hmac\"}", &made),
                    SOURCE_DONE);
    testdb_exec(db, "INSERT INTO events (id, application_id, type, verified, "
                    "payload) VALUES (501, 1, 'gone.x.insert', 1, '{}')");
    add_job(501, JOB_PROCESS, LANE_SOURCE, made.id);
    add_job(502, JOB_PROCESS, LANE_FETCH, made.id);
    add_job(503, JOB_POLL, LANE_FETCH, made.id);
    add_job(504, JOB_PROCESS, LANE_SOURCE, made.id + 1); /* somebody else's */
    add_job(505, JOB_DELIVER, LANE_SUBSCRIPTION, made.id);
    CU_ASSERT_EQUAL_FATAL(store_source_delete(db, 0, &ref), DB_OK);
    CU_ASSERT_EQUAL(store_source_delete(db, 0, &ref), DB_NONE);
    CU_ASSERT_EQUAL(store_source_get(db, sealer, 0, &ref, &row), DB_NONE);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs WHERE id IN "
                                   "(501, 502, 503)"),
                    0);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs WHERE id IN "
                                   "(504, 505)"),
                    2);
    CU_ASSERT_EQUAL(
        testdb_u64(db, "SELECT COUNT(*) FROM deliveries WHERE status = "
                       "'cancelled' AND (id = 501 AND event_type = "
                       "'gone.x.insert' OR id = 502 AND event_type = '')"),
        2);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM deliveries"), 2);
    /* The row stays, its secrets do not; the name is free. */
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM sources WHERE name = "
                                   "'gone' AND secrets IS NULL AND deleted_at "
                                   "IS NOT NULL"),
                    1);
    CU_ASSERT_EQUAL(insert("{\"name\":\"gone\",\"provider\":\"hmac\"}", &made),
                    SOURCE_DONE);
    CU_ASSERT_EQUAL(store_source_delete(db, 0, &ref), DB_OK);
    testdb_exec(db, "DELETE FROM jobs");
}

static void
test_list(void)
{
    struct source_list page;

    CU_ASSERT_EQUAL_FATAL(store_source_list(db, sealer, 0, 0, 2, &page), DB_OK);
    CU_ASSERT_EQUAL_FATAL(page.count, 2);
    CU_ASSERT_TRUE(page.more);
    CU_ASSERT_STRING_EQUAL(page.rows[0].name, "supabase");
    CU_ASSERT_STRING_EQUAL(page.rows[1].name, "notion");
    source_list_free(&page);
    CU_ASSERT_EQUAL_FATAL(store_source_list(db, sealer, 0, 2, 250, &page),
                          DB_OK);
    CU_ASSERT_TRUE(page.count > 0);
    CU_ASSERT_FALSE(page.more);
    CU_ASSERT_TRUE(page.rows[0].id > 2);
    source_list_free(&page);
    CU_ASSERT_EQUAL_FATAL(store_source_list(db, sealer, 77, 0, 250, &page),
                          DB_OK);
    CU_ASSERT_EQUAL(page.count, 0);
    source_list_free(&page);
}

static void
test_rejections(void)
{
    struct rejection_filter filter = {.source_id = 2, .limit = 2};
    struct rejection_list list;

    testdb_exec(db, "INSERT INTO rejections (id, day, source_id, status, "
                    "reason, detail, remote_address) VALUES "
                    "(1, UTC_DATE(), 2, 401, 'missing_signature', NULL, NULL),"
                    "(2, UTC_DATE(), 2, 401, 'wrong_signature', 'd', '::1'),"
                    "(3, UTC_DATE(), 1, 401, 'wrong_signature', NULL, NULL),"
                    "(4, UTC_DATE(), 2, 422, 'invalid', 'x', '192.0.2.1')");
    CU_ASSERT_EQUAL_FATAL(store_source_rejection_list(db, &filter, &list),
                          DB_OK);
    CU_ASSERT_EQUAL_FATAL(list.count, 2);
    CU_ASSERT_EQUAL(list.rows[0].id, 4);
    CU_ASSERT_STRING_EQUAL(list.rows[0].remote_address, "192.0.2.1");
    CU_ASSERT_EQUAL(list.next, 2);
    rejection_list_free(&list);
    filter.before_id = 2;
    CU_ASSERT_EQUAL_FATAL(store_source_rejection_list(db, &filter, &list),
                          DB_OK);
    CU_ASSERT_EQUAL_FATAL(list.count, 1);
    CU_ASSERT_EQUAL(list.rows[0].id, 1);
    CU_ASSERT_PTR_NULL(list.rows[0].detail);
    CU_ASSERT_EQUAL(list.next, 0);
    rejection_list_free(&list);
    filter = (struct rejection_filter){
        .source_id = 2, .limit = 9, .reason = SLICE("wrong_signature")};
    CU_ASSERT_EQUAL_FATAL(store_source_rejection_list(db, &filter, &list),
                          DB_OK);
    CU_ASSERT_EQUAL(list.count, 1);
    rejection_list_free(&list);
    filter.reason = SLICE("\xff");
    CU_ASSERT_EQUAL_FATAL(store_source_rejection_list(db, &filter, &list),
                          DB_OK);
    CU_ASSERT_EQUAL(list.count, 0);
    rejection_list_free(&list);
    filter =
        (struct rejection_filter){.source_id = 2, .limit = 9, .status = 422};
    CU_ASSERT_EQUAL_FATAL(store_source_rejection_list(db, &filter, &list),
                          DB_OK);
    CU_ASSERT_EQUAL(list.count, 1);
    rejection_list_free(&list);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"finding", test_finding},
        {"insert", test_insert},
        {"secrets", test_secrets},
        {"another key", test_another_key},
        {"rotate", test_rotate},
        {"handshake", test_handshake},
        {"hook", test_hook},
        {"another application", test_another_application},
        {"delete", test_delete},
        {"list", test_list},
        {"rejections", test_rejections},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    sealer = seal_from_key(key);
    other_sealer = seal_from_key(other_key);
    db = db_new(&testdb_settings);
    if (testdb_migrate())
        rc = unit_run("store_source", tests);
    db_free(db);
    seal_close(sealer);
    seal_close(other_sealer);
    testdb_stop();
    return rc;
}
