/*
 * test_trigger.c - tests for worker/process/trigger.c and refresh.c against a
 * real database.
 */
#include "trigger.h"

#include "emit_fixture.h"

static struct triggers *triggers;
static struct source source;
static char source_name[] = "crm";

static void
begin_with(const char *rules)
{
    begin();
    triggers = triggers_new();
    source = (struct source){
        .id = 7,
        .application_id = 1,
        .name = source_name,
        .version = 1,
        .options = {.fetch = true, .triggers = slice_of(rules)},
    };
}

static void
finish(void)
{
    triggers_free(triggers);
    end();
}

static struct processed
processed_of(const char *old, const char *now)
{
    return (struct processed){
        .source = &source,
        .event_id = 1,
        .job_id = 5,
        .type = SLICE("crm.tasks.update"),
        .payload = SLICE("{\"by\":\"ann\"}"),
        .metadata = SLICE("{\"source\":\"crm\",\"table\":\"tasks\"}"),
        .table = "tasks",
        .record_id = "42",
        .action = now == NULL ? INBOUND_DELETE : INBOUND_UPDATE,
        .old = slice_of(old),
        .now = slice_of(now),
    };
}

#define RULE(members) "[{\"name\":\"r\",\"on\":[\"crm.tasks.*\"]," members "}]"

static void
test_conditions(void)
{
    static const struct {
        const char *claim;
        const char *rules;
        const char *old, *now;
        size_t want;
    } rows[] = {
        {"old and new value",
         RULE("\"when\":{\"old\":{\"s\":{\"$neq\":\"Done\"}},"
              "\"new\":{\"s\":\"Done\"}}"),
         "{\"s\":\"Open\"}", "{\"s\":\"Done\"}", 1},
        {"it was so before",
         RULE("\"when\":{\"old\":{\"s\":{\"$neq\":\"Done\"}},"
              "\"new\":{\"s\":\"Done\"}}"),
         "{\"s\":\"Done\"}", "{\"s\":\"Done\"}", 0},
        {"a record that was not there is null", RULE("\"when\":{\"old\":null}"),
         NULL, "{\"s\":1}", 1},
        {"one that was there is not", RULE("\"when\":{\"old\":null}"),
         "{\"s\":1}", "{\"s\":1}", 0},
        {"a record that is gone is null", RULE("\"when\":{\"new\":null}"),
         "{\"s\":1}", NULL, 1},
        {"what came in",
         RULE("\"when\":{\"event\":{\"action\":\"update\",\"record_id\":\"42\","
              "\"verified\":false,\"data\":{\"by\":\"ann\"}}}"),
         NULL, "{}", 1},
        {"what came in was something else",
         RULE("\"when\":{\"event\":{\"data\":{\"by\":\"bob\"}}}"), NULL, "{}",
         0},
        {"a field that changed", RULE("\"changed\":[\"a\",\"p.s\"]"),
         "{\"a\":1,\"p\":{\"s\":1}}", "{\"a\":1,\"p\":{\"s\":2}}", 1},
        {"fields that did not", RULE("\"changed\":[\"a\",\"p.s\"]"),
         "{\"a\":1,\"p\":{\"s\":1},\"b\":1}",
         "{\"a\": 1,\"p\":{ \"s\":1},\"b\":2}", 0},
        {"the same, written otherwise", RULE("\"changed\":[\"a\",\"p\"]"),
         "{\"a\":1,\"p\":{\"s\":\"A\",\"t\":2}}",
         "{\"a\":1.0,\"p\":{\"t\":2,\"s\":\"\\u0041\"}}", 0},
        {"a field that is new", RULE("\"changed\":[\"a\"]"), NULL,
         "{\"a\":null}", 1},
        {"a field that is gone", RULE("\"changed\":[\"a\"]"), "{\"a\":1}", "{}",
         1},
        {"a field that never was", RULE("\"changed\":[\"a\"]"), "{}", "{}", 0},
        {"both have to hold",
         RULE("\"changed\":[\"a\"],\"when\":{\"new\":{\"a\":3}}"), "{\"a\":1}",
         "{\"a\":2}", 0},
        {"another table", RULE("\"tables\":[\"users\"]"), NULL, "{}", 0},
        {"another type", "[{\"name\":\"r\",\"on\":[\"crm.users.*\"]}]", NULL,
         "{}", 0},
        {"two rules",
         "[{\"name\":\"r\",\"on\":[\"*\"]},"
         "{\"name\":\"s\",\"on\":[\"*\"]}]",
         NULL, "{}", 2},
        {"no rules", NULL, NULL, "{}", 0},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct processed processed =
            processed_of(rows[i].old, rows[i].now);
        size_t got;

        begin_with(rows[i].rules);
        got = triggers_add(triggers, emit, &processed);
        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %zu\n", rows[i].claim, got);
        CU_ASSERT_EQUAL(got, rows[i].want);
        finish();
    }
}

static void
test_what_is_emitted(void)
{
    const struct processed processed =
        processed_of("{ \"s\": 1 }", "{\"s\":2}");

    begin_with("[{\"name\":\"r\",\"on\":[\"*\"],\"emit\":\"task.done\","
               "\"action\":\"notify\"},{\"name\":\"q\",\"on\":[\"*\"]}]");
    CU_ASSERT_EQUAL(triggers_add(triggers, emit, &processed), 2);
    write_all();
    expect_cell("its channel", "SELECT channels FROM events LIMIT 1",
                "[\"source:crm\"]");
    expect_cell("its subscription", "SELECT COUNT(*) FROM jobs", "1");
    testdb_exec(t.late, "DELETE FROM jobs");
    testdb_exec(t.late, "DELETE FROM events");
    expect_events(
        "old and new",
        "task.done {\"trigger\":\"r\",\"action\":\"notify\",\"source\":\"crm\","
        "\"table\":\"tasks\",\"record_id\":\"42\",\"old\":{\"s\":1},"
        "\"new\":{\"s\":2},\"event_id\":\"evt_0000000000001\","
        "\"event_type\":\"crm.tasks.update\"}\n"
        "trigger.q {\"trigger\":\"q\",\"action\":null,\"source\":\"crm\","
        "\"table\":\"tasks\",\"record_id\":\"42\",\"old\":{\"s\":1},"
        "\"new\":{\"s\":2},\"event_id\":\"evt_0000000000001\","
        "\"event_type\":\"crm.tasks.update\"}");
    finish();
}

static void
test_rules_follow_the_source(void)
{
    const struct processed processed = processed_of(NULL, "{}");

    begin_with(RULE("\"emit\":\"task.a\",\"wait\":true"));
    CU_ASSERT_EQUAL(triggers_add(triggers, emit, &processed), 1);
    write_all();
    CU_ASSERT_TRUE(emit_has_waiter(emit, 5));
    emit_begin(emit, t.follower.snapshot);
    source.options.triggers = SLICE("[]");
    CU_ASSERT_EQUAL(triggers_add(triggers, emit, &processed), 1); /* as read */
    source.version = 2;
    CU_ASSERT_EQUAL(triggers_add(triggers, emit, &processed), 0);
    source.version = 3;
    source.options.triggers = SLICE("[{\"name\":1}]"); /* past the checks */
    CU_ASSERT_EQUAL(triggers_add(triggers, emit, &processed), 0);
    finish();
}

/* -- refreshing ----------------------------------------------------------------------- */

/* The record ids of the events that were made. */
static void
expect_refreshed(const char *claim, const char *want)
{
    write_all();
    expect_cell(claim,
                "SELECT COALESCE(GROUP_CONCAT(JSON_VALUE(metadata,"
                "'$.record_id') ORDER BY id),'') FROM events"
                " WHERE JSON_VALUE(metadata,'$.refresh')",
                want);
    testdb_exec(t.late, "DELETE FROM jobs");
    testdb_exec(t.late, "DELETE FROM events");
    emit_begin(emit, t.follower.snapshot);
}

static void
test_related_records_are_refreshed(void)
{
    static const struct {
        const char *claim;
        const char *old, *now;
        const char *want;
    } rows[] = {
        {"one id", NULL, "{\"rel\":\"a\"}", "a"},
        {"a number", NULL, "{\"rel\":7}", "7"},
        {"a list", NULL, "{\"rel\":[\"a\",7,\"a\"]}", "a,7"},
        {"objects with ids", NULL, "{\"rel\":[{\"id\":\"a\"},{\"id\":8}]}",
         "a,8"},
        {"Notion's way", NULL,
         "{\"rel\":{\"id\":\"x%3A\",\"type\":\"relation\","
         "\"relation\":[{\"id\":\"a\"},{\"id\":\"b\"}]}}",
         "a,b"},
        {"what it named before as well", "{\"rel\":[\"a\",\"b\"]}",
         "{\"rel\":[\"b\",\"c\"]}", "a,b,c"},
        {"what it named before it was deleted", "{\"rel\":\"a\"}", NULL, "a"},
        {"nothing where nothing changed", "{\"rel\":\"a\"}", "{\"rel\":\"a\"}",
         ""},
        {"not itself", NULL, "{\"rel\":[\"42\",\"a\"]}", "a"},
        {"nothing that is no id", NULL,
         "{\"rel\":[null,true,\"\",{\"x\":1},[\"b\"]]}", ""},
        {"no such member", NULL, "{\"s\":1}", ""},
    };
    size_t i;

    begin_with(RULE("\"refresh\":\"rel\""));
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct processed processed =
            processed_of(rows[i].old, rows[i].now);

        (void)triggers_add(triggers, emit, &processed);
        expect_refreshed(rows[i].claim, rows[i].want);
    }
    finish();
}

static void
test_what_a_refresh_looks_like(void)
{
    struct processed processed = processed_of(NULL, "{\"rel\":\"a\"}");

    begin_with(RULE("\"refresh\":\"rel\",\"refresh_table\":\"my people\""));
    CU_ASSERT_EQUAL(triggers_add(triggers, emit, &processed), 1);
    write_all();
    expect_cell("its type", "SELECT type FROM events", "crm.my_people.refresh");
    expect_cell("what it says",
                "SELECT CONCAT_WS(' ',JSON_VALUE(payload,'$.event_type'),"
                "JSON_VALUE(payload,'$.source'),"
                "JSON_VALUE(payload,'$.table_name'),"
                "JSON_VALUE(payload,'$.record_id')) FROM events",
                "update crm my people a");
    expect_cell("what is known of it",
                "SELECT CONCAT_WS(' ',JSON_VALUE(metadata,'$.action'),"
                "JSON_VALUE(metadata,'$.table'),"
                "JSON_VALUE(metadata,'$.timestamp') IS NOT NULL) FROM events",
                "update my people 1");
    expect_cell("its job", "SELECT CONCAT_WS(' ',kind,lane>>32) FROM jobs",
                "2 7");
    testdb_exec(t.late, "DELETE FROM events");
    emit_begin(emit, t.follower.snapshot);
    processed.metadata = SLICE("{\"entity\":\"page\"}");
    CU_ASSERT_EQUAL(triggers_add(triggers, emit, &processed), 1);
    write_all();
    expect_cell("of an entity",
                "SELECT CONCAT_WS(' ',type,JSON_VALUE(metadata,'$.entity'))"
                " FROM events",
                "crm.page.refresh page");
    finish();
}

static void
test_a_refresh_ends(void)
{
    struct processed processed = processed_of(NULL, "{\"rel\":\"a\"}");

    begin_with(RULE("\"refresh\":\"rel\""));
    processed.metadata = SLICE("{\"refresh\":true}");
    (void)triggers_add(triggers, emit, &processed);
    expect_refreshed("a refresh causes none", "");
    processed.metadata = SLICE_NONE;
    source.options.fetch = false;
    (void)triggers_add(triggers, emit, &processed);
    expect_refreshed("a source that cannot be asked", "");
    finish();
}

static void
test_refreshes_are_bounded(void)
{
    struct buf record = BUF_INIT(65536);
    struct processed processed;
    int i;

    for (i = 0; i < 300; i++)
        buf_addf(&record, "%s%d", i == 0 ? "{\"rel\":[" : ",", i + 1000);
    buf_add_text(&record, "]}");
    begin_with(RULE("\"refresh\":\"rel\""));
    processed = processed_of(NULL, record.data);
    CU_ASSERT_EQUAL(triggers_add(triggers, emit, &processed), 1);
    write_all();
    expect_cell("a hundred", "SELECT COUNT(*) FROM events", "100");
    finish();
    buf_free(&record);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"conditions", test_conditions},
        {"what is emitted", test_what_is_emitted},
        {"rules follow the source", test_rules_follow_the_source},
        {"related records are refreshed", test_related_records_are_refreshed},
        {"what a refresh looks like", test_what_a_refresh_looks_like},
        {"a refresh ends", test_a_refresh_ends},
        {"refreshes are bounded", test_refreshes_are_bounded},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    if (!testdb_start() || !log_open(LOG_FORMAT_TEXT, LOG_ERROR, "/dev/null"))
        return EXIT_FAILURE;
    if (testdb_migrate())
        code = unit_run("trigger", tests);
    testdb_stop();
    return code;
}
