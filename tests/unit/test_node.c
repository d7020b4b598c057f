/*
 * test_node.c - unit tests for core/node.c
 */
#include "node.h"

#include "dbproxy.h"
#include "testdb.h"
#include "unit.h"

#include "clock.h"

#define NODES 200

static void
test_numbers_differ(void)
{
    static struct node nodes[NODES];
    static bool taken[ID_NODES];
    struct db *db = db_new(&testdb_settings);
    struct id_source ids;
    uint32_t first;
    size_t i;

    for (i = 0; i < NODES; i++) {
        CU_ASSERT_EQUAL_FATAL(node_lease(db,
                                         i % 2 == 0 ? NODE_RESPONDER : NODE_CLI,
                                         &nodes[i], &ids),
                              DB_OK);
        CU_ASSERT_FATAL(nodes[i].number < ID_NODES);
        CU_ASSERT_FALSE(taken[nodes[i].number]);
        CU_ASSERT_EQUAL(ids.node, nodes[i].number);
        taken[nodes[i].number] = true;
    }
    /* A number given back is not the next one taken. */
    first = nodes[0].number;
    for (i = 0; i < NODES; i++)
        node_release(db, &nodes[i]);
    CU_ASSERT_EQUAL(nodes[0].token, 0);
    for (i = 0; i < NODES; i++) {
        CU_ASSERT_EQUAL_FATAL(node_lease(db, NODE_CLI, &nodes[i], &ids), DB_OK);
        CU_ASSERT_NOT_EQUAL(nodes[i].number, first);
        node_release(db, &nodes[i]);
    }
    db_free(db);
}

static void
test_lengths(void)
{
    struct db *db = db_new(&testdb_settings);
    struct node responder, worker;
    struct id_source ids;

    CU_ASSERT_EQUAL_FATAL(node_lease(db, NODE_RESPONDER, &responder, &ids),
                          DB_OK);
    CU_ASSERT_EQUAL_FATAL(node_lease(db, NODE_WORKER, &worker, &ids), DB_OK);
    CU_ASSERT_EQUAL(
        testdb_u64(db, "SELECT COUNT(*) FROM nodes WHERE role = 'worker' AND "
                       "lease_until BETWEEN UTC_TIMESTAMP(6) + INTERVAL 10 "
                       "SECOND AND UTC_TIMESTAMP(6) + INTERVAL 15 SECOND"),
        1);
    CU_ASSERT_EQUAL(
        testdb_u64(db, "SELECT COUNT(*) FROM nodes WHERE role = 'responder' "
                       "AND lease_until > UTC_TIMESTAMP(6) + INTERVAL 59 "
                       "MINUTE AND pid > 0 AND host <> ''"),
        1);
    node_release(db, &responder);
    node_release(db, &worker);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM nodes WHERE "
                                   "lease_until > UTC_TIMESTAMP(6)"),
                    0);
    db_free(db);
}

static void
test_renewal(void)
{
    struct db *db = db_new(&testdb_settings);
    struct node node = {.role = NODE_WORKER};
    struct id_source ids;
    uint64_t statements, id;
    uint32_t number;

    CU_ASSERT_EQUAL_FATAL(node_lease(db, NODE_WORKER, &node, &ids), DB_OK);
    number = node.number;

    /* Fresh: nothing is asked. */
    statements = db_statements(db);
    CU_ASSERT_EQUAL(node_renew(db, &node, &ids), DB_OK);
    CU_ASSERT_EQUAL(db_statements(db), statements);

    /* Past half time: renewed. */
    node.lease_until_mono_us = clock_mono_us() + CLOCK_US_PER_S;
    testdb_exec(db, "UPDATE nodes SET lease_until = UTC_TIMESTAMP(6) + "
                    "INTERVAL 1 SECOND WHERE token <> 0");
    CU_ASSERT_EQUAL(node_renew(db, &node, &ids), DB_OK);
    CU_ASSERT_EQUAL(node.number, number);
    CU_ASSERT(node.lease_until_mono_us > clock_mono_us() + 10 * CLOCK_US_PER_S);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM nodes WHERE "
                                   "lease_until > UTC_TIMESTAMP(6) + INTERVAL "
                                   "10 SECOND"),
                    1);

    /* Overslept, but nobody took it: it is still ours. */
    node.lease_until_mono_us = clock_mono_us() - CLOCK_US_PER_S;
    testdb_exec(db, "UPDATE nodes SET lease_until = UTC_TIMESTAMP(6) - "
                    "INTERVAL 1 SECOND WHERE token <> 0");
    CU_ASSERT_EQUAL(node_renew(db, &node, &ids), DB_OK);
    CU_ASSERT_EQUAL(node.number, number);

    /* Overslept, and somebody took it: another number, and ids go on. */
    id = id_next(&ids);
    node.lease_until_mono_us = clock_mono_us() - CLOCK_US_PER_S;
    testdb_exec(db, "UPDATE nodes SET token = token + 2 WHERE token <> 0");
    CU_ASSERT_EQUAL(node_renew(db, &node, &ids), DB_OK);
    CU_ASSERT_NOT_EQUAL(node.number, number);
    CU_ASSERT_EQUAL(ids.node, node.number);
    CU_ASSERT(id_next(&ids) > id);
    node_release(db, &node);

    /* Without a number yet: one is drawn. */
    node = (struct node){.role = NODE_CLI};
    CU_ASSERT_EQUAL(node_renew(db, &node, &ids), DB_OK);
    CU_ASSERT_NOT_EQUAL(node.token, 0);
    node_release(db, &node);
    db_free(db);
}

static void
test_all_taken(void)
{
    struct db *db = db_new(&testdb_settings);
    struct id_source ids;
    struct node node;

    testdb_exec(db, "UPDATE nodes SET lease_until = UTC_TIMESTAMP(6) + "
                    "INTERVAL 1 HOUR");
    CU_ASSERT_EQUAL(node_lease(db, NODE_CLI, &node, &ids), DB_NONE);
    testdb_exec(db, "UPDATE nodes SET lease_until = '1971-01-01'");
    db_free(db);
}

static void
test_database_away(void)
{
    char *extra[] = {(char[]){"db_socket=/nonexistent/s.sock"}};
    struct settings settings;
    struct node node = {.number = 5,
                        .token = 7,
                        .role = NODE_WORKER,
                        .lease_until_mono_us =
                            clock_mono_us() + CLOCK_US_PER_S};
    struct id_source ids;
    struct db *db;

    id_source_init(&ids, 5);
    CU_ASSERT_FATAL(testdb_load(&settings, extra, 1));
    db = db_new(&settings);
    CU_ASSERT_EQUAL(node_renew(db, &node, &ids), DB_OK); /* still leased */
    node.lease_until_mono_us = clock_mono_us() - 1;
    CU_ASSERT_EQUAL(node_renew(db, &node, &ids), DB_AWAY);
    CU_ASSERT_EQUAL(node.number, 5);
    db_free(db);
    settings_free(&settings);
}

/* The server hears the UPDATE that takes a number, or does not; we hear nothing
   in either case. */
static void
test_a_lost_answer_leaves_no_phantom(void)
{
    static const enum dbproxy_when whens[] = {DBPROXY_BEFORE, DBPROXY_AFTER};
    struct settings through = testdb_settings;
    struct id_source ids;
    size_t i;

    through.db_socket = dbproxy.path;
    for (i = 0; i < sizeof(whens) / sizeof(whens[0]); i++) {
        struct db *db = db_new(&through), *other = db_new(&testdb_settings);
        struct node node;

        testdb_exec(other, "UPDATE nodes SET lease_until = '1971-01-01'");
        CU_ASSERT_EQUAL_FATAL(db_connect(db), DB_OK);
        dbproxy_fail("UPDATE nodes SET token", whens[i], 1);
        CU_ASSERT_EQUAL(node_lease(db, NODE_WORKER, &node, &ids), DB_OK);
        dbproxy_fail(NULL, DBPROXY_BEFORE, 0);
        CU_ASSERT_EQUAL(testdb_u64(other, "SELECT COUNT(*) FROM nodes WHERE "
                                          "lease_until > UTC_TIMESTAMP(6)"),
                        1);
        CU_ASSERT_EQUAL(testdb_u64(other, "SELECT node FROM nodes WHERE "
                                          "lease_until > UTC_TIMESTAMP(6)"),
                        node.number);
        node_release(db, &node);
        db_free(db);
        db_free(other);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"numbers differ and come back late", test_numbers_differ},
        {"a worker's lease is short", test_lengths},
        {"renewal", test_renewal},
        {"all are taken", test_all_taken},
        {"the database is away", test_database_away},
        {"a lost answer leaves no phantom",
         test_a_lost_answer_leaves_no_phantom},
        CU_TEST_INFO_NULL,
    };
    int rc;

    if (!testdb_start() || !dbproxy_open(testdb_settings.db_socket))
        return EXIT_FAILURE;
    if (!testdb_migrate()) {
        testdb_stop();
        return EXIT_FAILURE;
    }
    rc = unit_run("node", tests);
    dbproxy_end();
    testdb_stop();
    return rc;
}
