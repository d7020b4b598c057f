/*
 * test_contact.c - tests for fcgi/contact.c against a real database.
 */
#include "contact.h"

#include "testdb.h"
#include "unit.h"

/* A responder as far as first contact needs it. */
static struct {
    struct settings settings;
    struct app app;
    struct buf why;
} t;

static void
set_up(void)
{
    static const uint8_t key[32] = {1};

    CU_ASSERT_FATAL(testdb_load(&t.settings, NULL, 0));
    t.app = (struct app){.settings = &t.settings};
    t.app.sealer = seal_from_key(key);
    t.app.catalog = catalog_new(t.app.sealer);
    t.app.pool = db_pool_new(&t.settings, 1);
    t.app.contact = contact_new(true);
    id_source_init(&t.app.ids, 0);
    buf_init(&t.why, 1024);
}

static void
tear_down(void)
{
    contact_release(&t.app);
    contact_free(t.app.contact);
    db_pool_free(t.app.pool);
    catalog_free(t.app.catalog);
    seal_close(t.app.sealer);
    settings_free(&t.settings);
    buf_free(&t.why);
}

static void
test_first_contact(void)
{
    const struct catalog_snapshot *snapshot;

    set_up();
    CU_ASSERT_EQUAL(contact_make(&t.app, &t.why), CONTACT_READY);
    CU_ASSERT_EQUAL(t.why.len, 0);
    CU_ASSERT_NOT_EQUAL(t.app.node.token, 0);
    snapshot = catalog_take(t.app.catalog);
    CU_ASSERT_PTR_NOT_NULL(catalog_source_named(snapshot, SLICE("supabase")));
    catalog_release(snapshot);
    CU_ASSERT_EQUAL(contact_make(&t.app, &t.why), CONTACT_READY);
    tear_down();
}

/* An event that the configuration allows must fit into a statement. */
static void
test_packet_too_small(void)
{
    set_up();
    t.settings.max_body = INT64_C(1) << 30;
    CU_ASSERT_EQUAL(contact_make(&t.app, &t.why), CONTACT_REFUSED);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t.why.data);
    CU_ASSERT_PTR_NOT_NULL(strstr(t.why.data, "max_body = 1073741824 needs "
                                              "max_allowed_packet = "));
    CU_ASSERT_EQUAL(t.app.node.token, 0);
    tear_down();
}

static void
test_nobody_there(void)
{
    set_up();
    t.settings.db_socket = "/nonexistent/socket";
    CU_ASSERT_EQUAL(contact_make(&t.app, &t.why), CONTACT_AWAY);
    CU_ASSERT(t.why.len > 0);
    tear_down();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"first contact", test_first_contact},
        {"a packet that is too small", test_packet_too_small},
        {"nobody there", test_nobody_there},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate())
        rc = unit_run("contact", tests);
    testdb_stop();
    return rc;
}
