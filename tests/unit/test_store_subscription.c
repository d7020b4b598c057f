/*
 * test_store_subscription.c - unit tests for core/store/store_subscription*.c
 */
#include "unit.h"

#include "seal.h"
#include "store_application.h"
#include "store_subscription.h"
#include "testdb.h"

#include <string.h>

static const uint8_t key[32] = {1, 2, 3};
static const uint8_t other_key[32] = {9};
static struct target_nets no_nets;
static struct sealer *sealer;
static struct db *db;

static struct subscription_form
form_of(const char *json, bool part)
{
    const struct subscription_rules rules = {.allow = &no_nets, .part = part};
    struct subscription_form form;
    struct problems problems;

    problems.count = 0;
    CU_ASSERT_TRUE_FATAL(
        subscription_form_read(&form, slice_of(json), &rules, &problems));
    return form;
}

static struct subscription_made
insert(uint32_t application_id, const char *json)
{
    struct subscription_form form = form_of(json, false);
    struct subscription_made made;

    CU_ASSERT_EQUAL_FATAL(store_subscription_insert(
                              db, sealer, &form, application_id, false, &made),
                          DB_OK);
    subscription_form_free(&form);
    return made;
}

static enum db_result
update(uint32_t application_id, uint32_t id, const char *json)
{
    struct subscription_form form = form_of(json, true);
    enum db_result result =
        store_subscription_update(db, sealer, &form, application_id, id);

    subscription_form_free(&form);
    return result;
}

/* The object without the times, which differ. */
static const char *
shown(uint32_t application_id, uint32_t id)
{
    static char out[8192];
    struct subscription_row row;
    struct buf json = BUF_INIT(sizeof(out) - 1);
    char *end;

    if (store_subscription_get(db, application_id, id, &row) != DB_OK)
        return "none";
    CU_ASSERT_TRUE(row.created_at_us > 0 &&
                   row.updated_at_us >= row.created_at_us);
    subscription_print(&row, NULL, &json);
    memcpy(out, json.data, json.len + 1);
    end = strstr(out, ",\"created_at\":");
    CU_ASSERT_PTR_NOT_NULL_FATAL(end);
    *end = '\0';
    subscription_row_free(&row);
    buf_free(&json);
    return out;
}

/* What a sealed column of the row holds; false if it does not open. */
static bool
reveal(uint32_t application_id, uint32_t id, const char *column,
       struct buf *out)
{
    struct seal_place place = {"subscriptions", column, application_id, id};
    struct buf sql = BUF_INIT(256);
    struct db_rows *rows = NULL;
    const struct slice *row;
    bool good = false;

    buf_addf(&sql, "SELECT %s FROM subscriptions WHERE id = %u", column,
             (unsigned)id);
    CU_ASSERT_EQUAL_FATAL(db_query(db, buf_slice(&sql), &rows), DB_OK);
    row = db_rows_next(rows);
    buf_clear(out);
    if (row != NULL && row[0].ptr != NULL)
        good = seal_reveal(sealer, place, row[0], out) == SEAL_OK;
    db_rows_free(rows);
    buf_free(&sql);
    return good;
}

static void
test_made_shown_and_sealed(void)
{
    struct subscription_made made = insert(
        1, "{\"url\":\"https://e.example/\",\"events\":[\"b\",\"a.*\"],"
           "\"headers\":{\"X-K\":\"hush\"},\"metadata\":{ \"n\" : 1.50 },"
           "\"channels\":[\"x\"],\"retry_schedule\":[1, 2],"
           "\"secret\":\"12345678\",\"description\":\"it's\"}");
    struct buf text = BUF_INIT(1024);
    char want[2048];

    CU_ASSERT_STRING_EQUAL(made.secret, "12345678");
    snprintf(want, sizeof(want),
             "{\"id\":%u,\"url\":\"https://e.example/\","
             "\"description\":\"it's\",\"events\":[\"b\",\"a.*\"],"
             "\"event_types\":[\"b\",\"a.*\"],\"active\":true,"
             "\"paused\":false,\"paused_reason\":null,"
             "\"disabled_reason\":null,"
             "\"disabled_at\":null,\"health\":{\"state\":\"unknown\","
             "\"failing_since\":null,\"next_attempt_at\":null,"
             "\"last_success_at\":null},\"retry_count\":3,\"retry_delay\":2,"
             "\"retry_schedule\":[1,2],\"timeout\":10,"
             "\"timeout_seconds\":10,\"headers\":{\"X-K\":\"***\"},"
             "\"metadata\":{\"n\":1.50},\"format\":\"envelope\","
             "\"template\":null,\"template_type\":null,"
             "\"cloudevents_source\":null,\"filter\":null,\"auth\":null,"
             "\"client_certificate\":null,\"ed25519\":false,"
             "\"public_key\":null,\"signature_headers\":\"webhook\","
             "\"channels\":[\"x\"],\"max_concurrency\":0,"
             "\"rate_limit\":0,\"ordering\":\"none\","
             "\"on_exhausted\":\"skip\",\"batch\":null,"
             "\"ttl_seconds\":null,\"capture_responses\":true,"
             "\"application\":\"app_0000000000001\"",
             (unsigned)made.id);
    CU_ASSERT_STRING_EQUAL(shown(0, made.id), want);
    CU_ASSERT_TRUE(reveal(1, made.id, "secret", &text));
    CU_ASSERT_STRING_EQUAL(text.data, "12345678");
    CU_ASSERT_TRUE(reveal(1, made.id, "headers", &text));
    CU_ASSERT_STRING_EQUAL(text.data, "{\"X-K\":\"hush\"}");
    CU_ASSERT_FALSE(reveal(2, made.id, "secret", &text));
    buf_free(&text);
}

static void
test_every_change_takes_a_version(void)
{
    struct subscription_made made =
        insert(1, "{\"url\":\"https://e.example/\",\"events\":[\"a\"]}");
    struct subscription_made rotated;
    uint64_t before, after, row;
    char sql[128];
    unsigned step;

    snprintf(sql, sizeof(sql),
             "SELECT config_version FROM subscriptions WHERE id = %u",
             (unsigned)made.id);
    for (step = 0; step < 5; step++) {
        before = testdb_u64(db, "SELECT version FROM config_version");
        if (step == 0)
            CU_ASSERT_EQUAL(update(1, made.id, "{\"timeout\":5}"), DB_OK);
        if (step == 1)
            CU_ASSERT_EQUAL(store_subscription_pause(db, 0, made.id, true),
                            DB_OK);
        if (step == 2)
            CU_ASSERT_EQUAL(
                store_subscription_rotate(db, sealer, 1, made.id, 60, &rotated),
                DB_OK);
        if (step == 3)
            CU_ASSERT_EQUAL(store_subscription_delete(db, 2, made.id), DB_NONE);
        if (step == 4)
            CU_ASSERT_EQUAL(store_subscription_delete(db, 1, made.id), DB_OK);
        after = testdb_u64(db, "SELECT version FROM config_version");
        row = testdb_u64(db, sql);
        CU_ASSERT_EQUAL(after, step == 3 ? before : before + 1);
        CU_ASSERT_EQUAL(row, after);
    }
    CU_ASSERT_STRING_EQUAL(shown(1, made.id), "none");
    CU_ASSERT_EQUAL(update(1, made.id, "{}"), DB_NONE);
}

static void
test_a_patch_changes_what_it_names(void)
{
    struct subscription_made made = insert(
        1, "{\"url\":\"https://e.example/\",\"events\":[\"a\"],"
           "\"retry_count\":7,\"retry_schedule\":[5],\"channels\":[\"x\"],"
           "\"headers\":{\"X-K\":\"v\"},\"secret\":\"12345678\"}");
    struct buf text = BUF_INIT(1024);

    testdb_exec(db, "UPDATE subscriptions SET disabled_reason = 'gone', "
                    "disabled_at = UTC_TIMESTAMP(6)");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(shown(1, made.id), "\"disabled_reason\":\"gone\""));
    CU_ASSERT_EQUAL(update(1, made.id,
                           "{\"events\":[\"c\",\"d\"],\"active\":true,"
                           "\"retry_count\":null,\"retry_schedule\":[],"
                           "\"channels\":null,\"headers\":null}"),
                    DB_OK);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(shown(1, made.id), "\"events\":[\"c\",\"d\"]"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(shown(1, made.id), "\"disabled_reason\":null"));
    CU_ASSERT_PTR_NOT_NULL(strstr(shown(1, made.id), "\"retry_count\":3"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(shown(1, made.id), "\"retry_schedule\":null"));
    CU_ASSERT_PTR_NOT_NULL(strstr(shown(1, made.id), "\"channels\":[]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(shown(1, made.id), "\"headers\":{}"));
    CU_ASSERT_TRUE(reveal(1, made.id, "secret", &text));
    CU_ASSERT_STRING_EQUAL(text.data, "12345678");
    CU_ASSERT_EQUAL(update(2, made.id, "{\"active\":false}"), DB_NONE);
    CU_ASSERT_PTR_NOT_NULL(strstr(shown(1, made.id), "\"active\":true"));
    buf_free(&text);
}

static void
test_rotation_keeps_the_old_secret_for_a_while(void)
{
    struct subscription_made made =
        insert(1, "{\"url\":\"https://e.example/\",\"events\":[\"a\"]}");
    struct subscription_made rotated;
    struct buf text = BUF_INIT(1024);
    struct sealer *stranger = seal_from_key(other_key);
    char sql[256];

    CU_ASSERT_EQUAL(strncmp(made.secret, "whsec_", 6), 0);
    CU_ASSERT_EQUAL_FATAL(
        store_subscription_rotate(db, sealer, 1, made.id, 60, &rotated), DB_OK);
    CU_ASSERT_STRING_NOT_EQUAL(rotated.secret, made.secret);
    CU_ASSERT_TRUE(reveal(1, made.id, "secret", &text));
    CU_ASSERT_STRING_EQUAL(text.data, rotated.secret);
    CU_ASSERT_TRUE(reveal(1, made.id, "old_secret", &text));
    CU_ASSERT_STRING_EQUAL(text.data, made.secret);
    snprintf(sql, sizeof(sql),
             "SELECT COUNT(*) FROM subscriptions WHERE id = %u AND "
             "old_secret_expires_at BETWEEN NOW() + INTERVAL 50 SECOND "
             "AND NOW() + INTERVAL 61 SECOND",
             (unsigned)made.id);
    CU_ASSERT_EQUAL(testdb_u64(db, sql), 1);
    CU_ASSERT_EQUAL(
        store_subscription_rotate(db, sealer, 1, made.id, 0, &rotated), DB_OK);
    CU_ASSERT_FALSE(reveal(1, made.id, "old_secret", &text));
    /* Whose key does not open the present secret can still replace it. */
    CU_ASSERT_EQUAL(
        store_subscription_rotate(db, stranger, 1, made.id, 60, &rotated),
        DB_OK);
    CU_ASSERT_FALSE(reveal(1, made.id, "secret", &text));
    CU_ASSERT_FALSE(reveal(1, made.id, "old_secret", &text));
    CU_ASSERT_EQUAL(
        store_subscription_rotate(db, sealer, 2, made.id, 60, &rotated),
        DB_NONE);
    seal_close(stranger);
    buf_free(&text);
}

static void
test_pages(void)
{
    struct subscription_form form =
        form_of("{\"url\":\"https://e.example/\",\"events\":[\"a\"]}", false);
    struct subscription_made adhoc;
    struct subscription_list list;
    uint32_t id[3];
    size_t i;

    for (i = 0; i < 3; i++)
        id[i] = insert(2, "{\"url\":\"https://e.example/\","
                          "\"events\":[\"a\",\"b\"]}")
                    .id;
    CU_ASSERT_EQUAL(
        store_subscription_insert(db, sealer, &form, 2, true, &adhoc), DB_OK);
    CU_ASSERT_STRING_EQUAL(shown(2, adhoc.id), "none");
    CU_ASSERT_EQUAL_FATAL(store_subscription_list(db, 2, 0, 2, &list), DB_OK);
    CU_ASSERT_EQUAL_FATAL(list.count, 2);
    CU_ASSERT_TRUE(list.more);
    CU_ASSERT_EQUAL(list.rows[1].id, id[1]);
    CU_ASSERT_STRING_EQUAL(list.rows[1].events, "[\"a\",\"b\"]");
    subscription_list_free(&list);
    CU_ASSERT_EQUAL_FATAL(store_subscription_list(db, 2, id[1], 2, &list),
                          DB_OK);
    CU_ASSERT_EQUAL_FATAL(list.count, 1);
    CU_ASSERT_FALSE(list.more);
    CU_ASSERT_EQUAL(list.rows[0].id, id[2]);
    subscription_list_free(&list);
    CU_ASSERT_EQUAL_FATAL(store_subscription_list(db, 99, 0, 2, &list), DB_OK);
    CU_ASSERT_EQUAL(list.count, 0);
    subscription_list_free(&list);
    subscription_form_free(&form);
}

static void
test_applications(void)
{
    uint32_t id = 0;

    CU_ASSERT_EQUAL(store_application_find(db, SLICE("default"), &id), DB_OK);
    CU_ASSERT_EQUAL(id, 1);
    CU_ASSERT_EQUAL(store_application_find(db, SLICE("app_0000000000002"), &id),
                    DB_OK);
    CU_ASSERT_EQUAL(id, 2);
    CU_ASSERT_EQUAL(store_application_find(db, SLICE("Default"), &id), DB_NONE);
    CU_ASSERT_EQUAL(store_application_find(db, SLICE("' OR 1 -- "), &id),
                    DB_NONE);
    CU_ASSERT_EQUAL(store_application_find(db, SLICE("app_0000000000009"), &id),
                    DB_NONE);
    CU_ASSERT_EQUAL(id, 2);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"made, shown and sealed", test_made_shown_and_sealed},
        {"every change takes a version", test_every_change_takes_a_version},
        {"a patch changes what it names", test_a_patch_changes_what_it_names},
        {"rotation keeps the old secret for a while",
         test_rotation_keeps_the_old_secret_for_a_while},
        {"pages", test_pages},
        {"applications", test_applications},
        CU_TEST_INFO_NULL,
    };
    int status = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        sealer = seal_from_key(key);
        if (db_exec(db,
                    SLICE("INSERT INTO applications (id, name) "
                          "VALUES (2, 'two')"),
                    NULL) == DB_OK)
            status = unit_run("store_subscription", tests);
        seal_close(sealer);
        db_free(db);
    }
    testdb_stop();
    return status;
}
