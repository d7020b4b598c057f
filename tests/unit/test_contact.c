/*
 * test_contact.c - tests for fcgi/contact.c against a real database.
 */
#include "contact.h"

#include "asker.h"
#include "testdb.h"
#include "unit.h"

#include <time.h>

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
    t.app.pool = db_pool_new(&t.settings, 4);
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

static void
make_contact(struct asker *asker)
{
    enum contact_state *state = asker->what;

    *state = contact_make(&t.app, NULL);
}

/* The database hangs at the first contact: one waits for it, who comes then is
   told what is known. */
static void
test_nobody_waits_for_him_who_tries(void)
{
    enum contact_state state = CONTACT_REFUSED;
    struct asker first;

    set_up();
    asker_stall("schema_migrations");
    asker_start(&first, make_contact, &state);
    CU_ASSERT(waits_for(asker_stall_state.db, "SELECT"));
    CU_ASSERT_EQUAL(contact_make(&t.app, NULL), CONTACT_AWAY);
    CU_ASSERT(!atomic_load(&first.done));
    asker_go_on();
    pthread_join(first.thread, NULL);
    CU_ASSERT_EQUAL(state, CONTACT_READY);
    CU_ASSERT_EQUAL(contact_make(&t.app, NULL), CONTACT_READY);
    asker_end_stall();
    tear_down();
}

static void
look(struct asker *asker)
{
    enum contact_news *news = asker->what;
    struct exchange exchange = {.app = &t.app,
                                .catalog = catalog_take(t.app.catalog),
                                .may_wait = true};

    *news = contact_refresh(&exchange);
    catalog_release(exchange.catalog);
}

/* A flood of bad requests does not take all threads when the database hangs. */
static void
test_few_look_at_once(void)
{
    enum { ASKERS = 4, STUCK = 2 };
    enum contact_news news[ASKERS];
    struct asker askers[ASKERS];
    size_t i, done = 0;

    set_up();
    CU_ASSERT_EQUAL(contact_make(&t.app, NULL), CONTACT_READY);
    asker_stall("config_version");
    for (i = 0; i < ASKERS; i++)
        asker_start(&askers[i], look, &news[i]);
    for (i = STUCK; i < ASKERS; i++)
        CU_ASSERT(asker_await_one());
    for (i = 0; i < ASKERS; i++) {
        if (!atomic_load(&askers[i].done))
            continue;
        done++;
        CU_ASSERT_NOT_EQUAL(news[i], CONTACT_NEWER);
    }
    CU_ASSERT_EQUAL(done, ASKERS - STUCK);
    asker_go_on();
    for (i = 0; i < ASKERS; i++)
        pthread_join(askers[i].thread, NULL);
    look(&(struct asker){.what = &news[0]});
    CU_ASSERT_EQUAL(news[0], CONTACT_SAME);
    asker_end_stall();
    tear_down();
}

static void
make_and_see(struct asker *asker)
{
    const struct catalog_snapshot *seen;
    uint64_t *version = asker->what;

    CU_ASSERT_EQUAL(contact_make(&t.app, NULL), CONTACT_READY);
    seen = catalog_take(t.app.catalog);
    *version = catalog_version(seen);
    catalog_release(seen);
}

/* So long that requests refresh the catalog themselves. */
static void
let_it_get_old(void)
{
    const struct timespec a_little = {.tv_nsec = 20 * 1000000};
    int i;

    for (i = 0; contact_is_fresh(&t.app) && i < 500; i++)
        nanosleep(&a_little, NULL);
    CU_ASSERT_FALSE_FATAL(contact_is_fresh(&t.app));
}

/* What was changed in a pause counts for all who come after it, not only for
   him who looks. */
static void
test_after_a_pause(void)
{
    uint64_t before = 0, versions[2] = {0};
    struct asker askers[2];
    struct asker me = {.what = &before};

    set_up();
    make_and_see(&me);
    let_it_get_old();
    asker_stall("config_version");
    testdb_exec(asker_stall_state.db,
                "UPDATE config_version SET version = version + 1");
    asker_start(&askers[0], make_and_see, &versions[0]);
    CU_ASSERT(waits_for(asker_stall_state.db, "SELECT"));
    asker_start(&askers[1], make_and_see, &versions[1]);
    asker_go_on();
    pthread_join(askers[0].thread, NULL);
    pthread_join(askers[1].thread, NULL);
    CU_ASSERT(versions[0] > before);
    CU_ASSERT(versions[1] > before);
    asker_end_stall();
    tear_down();
}

/* A database that hangs holds him who looks, and nobody else for long. */
static void
test_after_a_pause_without_an_answer(void)
{
    uint64_t before = 0, versions[2] = {0};
    struct asker askers[2];
    struct asker me = {.what = &before};

    set_up();
    make_and_see(&me);
    let_it_get_old();
    asker_stall("config_version");
    asker_start(&askers[0], make_and_see, &versions[0]);
    CU_ASSERT(waits_for(asker_stall_state.db, "SELECT"));
    asker_start(&askers[1], make_and_see, &versions[1]);
    CU_ASSERT(asker_await_one());
    CU_ASSERT(atomic_load(&askers[1].done));
    CU_ASSERT_FALSE(atomic_load(&askers[0].done));
    asker_go_on();
    pthread_join(askers[0].thread, NULL);
    pthread_join(askers[1].thread, NULL);
    CU_ASSERT_EQUAL(versions[1], before);
    asker_end_stall();
    tear_down();
}

/* Who may not wait goes where he can, but of a flood only the first: the others
   are told at once what is known. */
static void
test_a_flood_is_not_sent_to_wait(void)
{
    enum { FLOOD = 1000, FEW = 100 };
    struct exchange exchange = {.app = &t.app};
    struct db *db = db_new(&testdb_settings);
    enum contact_news news = CONTACT_UNKNOWN;
    size_t i, sent = 0;

    set_up();
    CU_ASSERT_EQUAL(contact_make(&t.app, NULL), CONTACT_READY);
    exchange.catalog = catalog_take(t.app.catalog);
    for (i = 0; i < FLOOD; i++) {
        news = contact_refresh(&exchange);
        sent += exchange.must_wait;
        CU_ASSERT_EQUAL(news,
                        exchange.must_wait ? CONTACT_UNKNOWN : CONTACT_SAME);
    }
    CU_ASSERT(sent > 0);
    CU_ASSERT(sent <= FEW);
    CU_ASSERT_FALSE(exchange.must_wait);

    /* What somebody else has found counts for them, too. */
    testdb_exec(db, "UPDATE config_version SET version = version + 1");
    CU_ASSERT_EQUAL(catalog_refresh(t.app.catalog, db), DB_OK);
    CU_ASSERT_EQUAL(contact_refresh(&exchange), CONTACT_NEWER);
    CU_ASSERT_FALSE(exchange.must_wait);
    catalog_release(exchange.catalog);
    db_free(db);
    tear_down();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"first contact", test_first_contact},
        {"a packet that is too small", test_packet_too_small},
        {"nobody there", test_nobody_there},
        {"nobody waits for him who tries", test_nobody_waits_for_him_who_tries},
        {"few look at once", test_few_look_at_once},
        {"after a pause", test_after_a_pause},
        {"after a pause without an answer",
         test_after_a_pause_without_an_answer},
        {"a flood is not sent to wait", test_a_flood_is_not_sent_to_wait},
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
