/*
 * test_inbound_notion.c - unit tests for core/inbound/inbound_notion.c
 */
#include "inbound_case.h"

#define PAGE "153104cd477e809d8dc4ff2d96ae3090"
#define DATABASE "36cc9195760f4fffa67e3a46c559b176"

static void
test_documented_events(void)
{
    static const struct {
        const char *file;
        enum inbound_action action;
        const char *entity, *table, *record_id, *type;
    } rows[] = {
        {"page_created", INBOUND_INSERT, "page", DATABASE, PAGE,
         "notion.page.created"},
        {"page_properties_updated", INBOUND_UPDATE, "page", DATABASE, PAGE,
         "notion.page.properties_updated"},
        {"page_content_updated", INBOUND_UPDATE, "page", "page",
         "0ef104cd477e80e18571cfd10e92339a", "notion.page.content_updated"},
        {"page_deleted", INBOUND_DELETE, "page", DATABASE, PAGE,
         "notion.page.deleted"},
        {"data_source_schema_updated", INBOUND_UPDATE, "data_source",
         "data_source", "98024e3cb1b64a4ba4b02e9f1c0e5b11",
         "notion.data_source.schema_updated"},
        {"database_deleted", INBOUND_DELETE, "database", "database", DATABASE,
         "notion.database.deleted"},
        {"database_moved", INBOUND_UPDATE, "block", "block",
         "17a104cd477e80c29d0b000c1b2d3e4f", "notion.database.moved"},
        {"comment_created", INBOUND_INSERT, "comment", "comment",
         "153104cd477e80eca87d001d9b3b0d6e", "notion.comment.created"},
        {"view_updated", INBOUND_UPDATE, "view", "view",
         "2b0104cd477e8011b3c4000c2e0f9a8b", "notion.view.updated"},
        {"file_upload_completed", INBOUND_UPDATE, "file_upload", "file_upload",
         "2c1104cd477e81d28e9f00b2a1c0d9e8", "notion.file_upload.completed"},
        {"unknown_type", INBOUND_UPDATE, "page", DATABASE, PAGE,
         "notion.page.transcription_block.transcript_deleted"},
        {"short", INBOUND_UPDATE, "page", DATABASE, PAGE,
         "notion.page.updated"},
    };
    struct buf name = BUF_INIT(MAX);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct outcome *got;
        struct buf body;

        buf_clear(&name);
        buf_addf(&name, "inbound_notion_%s.json", rows[i].file);
        body = golden_read(name.data);
        got = read_body(&notion, buf_slice(&body));
        expect_problems(rows[i].file, got, "");
        CU_ASSERT_EQUAL(got->in.action, rows[i].action);
        CU_ASSERT_STRING_EQUAL(got->in.entity, rows[i].entity);
        CU_ASSERT_STRING_EQUAL(got->in.table, rows[i].table);
        CU_ASSERT_STRING_EQUAL(got->in.record_id, rows[i].record_id);
        CU_ASSERT_STRING_EQUAL(got->in.type, rows[i].type);
        CU_ASSERT_TRUE(got->in.has_timestamp);
        CU_ASSERT_EQUAL(got->in.version_us, SENT_US);
        /* Events say that something changed, not what it is now. */
        CU_ASSERT_PTR_NULL(got->in.data.ptr);
        buf_free(&body);
    }
    buf_free(&name);
}

#define ENTITY "\"entity\":{\"id\":\"" PAGE "\",\"type\":\"page\"}"

static void
test_actions(void)
{
    static const struct {
        const char *type;
        enum inbound_action want;
    } rows[] = {
        {"page.created", INBOUND_INSERT},
        {"page.undeleted", INBOUND_INSERT},
        {"page.deleted", INBOUND_DELETE},
        {"page.locked", INBOUND_UPDATE},
        {"page.moved", INBOUND_UPDATE},
        {"file_upload.upload_failed", INBOUND_UPDATE},
        {"view.deleted", INBOUND_DELETE},
        {"something", INBOUND_UPDATE},
        {"created", INBOUND_INSERT},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf body = BUF_INIT(MAX);
        const struct outcome *got;

        buf_addf(&body, "{\"type\":\"%s\"," ENTITY "}", rows[i].type);
        got = read_body(&notion, buf_slice(&body));
        expect_problems(rows[i].type, got, "");
        CU_ASSERT_EQUAL(got->in.action, rows[i].want);
        CU_ASSERT_FALSE(got->in.has_timestamp);
        CU_ASSERT_EQUAL(got->in.version_us, NOW_US);
        buf_free(&body);
    }
}

/* Where a page lies: in a database, or nowhere that matters. */
static void
test_parents(void)
{
    static const struct {
        const char *claim, *data, *want;
    } rows[] = {
        {"a database",
         "{\"parent\":{\"type\":\"database\",\"id\":\"" DATABASE "\"}}",
         DATABASE},
        {"written with dashes",
         "{\"parent\":{\"type\":\"database\","
         "\"id\":\"36CC9195-760F-4FFF-A67E-3A46C559B176\"}}",
         DATABASE},
        {"a data source of a database",
         "{\"parent\":{\"type\":\"data_source\",\"id\":\"d\","
         "\"database_id\":\"" DATABASE "\"}}",
         DATABASE},
        {"a data source of nobody knows which",
         "{\"parent\":{\"type\":\"data_source\",\"id\":\"d\"}}", "d"},
        {"a page", "{\"parent\":{\"type\":\"page\",\"id\":\"x\"}}", "page"},
        {"a block", "{\"parent\":{\"type\":\"block\",\"id\":\"x\"}}", "page"},
        {"the workspace", "{\"parent\":{\"type\":\"space\",\"id\":\"x\"}}",
         "page"},
        {"a team", "{\"parent\":{\"type\":\"team\",\"id\":\"x\"}}", "page"},
        {"no parent", "{}", "page"},
        {"a parent that is a text", "{\"parent\":\"x\"}", "page"},
        {"a parent without an id", "{\"parent\":{\"type\":\"database\"}}",
         "page"},
        {"a parent whose id is a list",
         "{\"parent\":{\"type\":\"database\",\"id\":[]}}", "page"},
        {"no data", "null", "page"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf body = BUF_INIT(MAX);
        const struct outcome *got;

        buf_addf(&body, "{\"type\":\"page.created\"," ENTITY ",\"data\":%s}",
                 rows[i].data);
        got = read_body(&notion, buf_slice(&body));
        expect_problems(rows[i].claim, got, "");
        if (strcmp(got->in.table, rows[i].want) != 0)
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim, got->in.table);
        CU_ASSERT_STRING_EQUAL(got->in.table, rows[i].want);
        buf_free(&body);
    }
}

/* What is about nothing is stored all the same. */
static void
test_without_an_entity(void)
{
    const struct outcome *got = read_body(
        &notion, SLICE("{\"type\":\"workspace.renamed\",\"workspace_id\":\"w\","
                       "\"data\":{\"parent\":{\"type\":\"database\"}}}"));

    expect_problems("no entity", got, "");
    CU_ASSERT_EQUAL(got->in.action, INBOUND_OTHER);
    CU_ASSERT_STRING_EQUAL(got->in.table, "");
    CU_ASSERT_STRING_EQUAL(got->in.record_id, "");
    CU_ASSERT_STRING_EQUAL(got->in.entity, "");
    CU_ASSERT_STRING_EQUAL(got->in.type, "notion.workspace.renamed");
}

static void
test_wrong_fields(void)
{
    static const struct {
        const char *claim, *body, *want;
    } rows[] = {
        {"type empty", "{\"type\":\"\"," ENTITY "}",
         "type: value_error.any_str.min_length"},
        {"type a number", "{\"type\":1," ENTITY "}", "type: type_error.str"},
        {"type null", "{\"type\":null," ENTITY "}",
         "type: type_error.none.not_allowed"},
        {"entity a text", "{\"type\":\"page.created\",\"entity\":\"x\"}",
         "entity: type_error.dict"},
        {"entity without its members",
         "{\"type\":\"page.created\",\"entity\":{}}",
         "entity.id: value_error.missing; entity.type: value_error.missing"},
        {"its id null",
         "{\"type\":\"page.created\",\"entity\":{\"id\":null,\"type\":\"\"}}",
         "entity.id: type_error.none.not_allowed; "
         "entity.type: value_error.any_str.min_length"},
        {"its id a number",
         "{\"type\":\"page.created\",\"entity\":{\"id\":1,\"type\":{}}}",
         "entity.id: type_error.str; entity.type: type_error.str"},
        {"a kind longer than any",
         "{\"type\":\"page.created\",\"entity\":{\"id\":\"1\",\"type\":"
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}}",
         "entity.type: value_error.any_str.max_length"},
        {"timestamp no time",
         "{\"type\":\"page.created\",\"timestamp\":\"soon\"," ENTITY "}",
         "timestamp: value_error.datetime"},
        {"data a list", "{\"type\":\"page.created\",\"data\":[]," ENTITY "}",
         "data: type_error.dict"},
        {"an event_type makes it ours",
         "{\"type\":\"page.created\",\"event_type\":\"x\"," ENTITY "}",
         "event_type: type_error.enum; source: value_error.missing; "
         "table_name: value_error.missing; record_id: value_error.missing; "
         "data: value_error.missing"},
        {"the same name twice",
         "{\"type\":\"page.created\",\"type\":\"x\"," ENTITY "}",
         "23: value_error.jsondecode"},
        {"cut off", "{\"type\":\"page.created\",\"entity\":{\"id\":\"1",
         "38: value_error.jsondecode"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_problems(rows[i].claim,
                        read_body(&notion, slice_of(rows[i].body)),
                        rows[i].want);
}

static void
test_short_body(void)
{
    static const struct {
        const char *claim, *body, *want;
        const char *table, *record_id;
    } rows[] = {
        {"as a tester sends it",
         "{\"event_type\":\"page.created\",\"workspace_id\":\"test\","
         "\"page_id\":\"p\",\"timestamp\":\"2026-01-01T15:00:00.123456\"}",
         "", "page", "p"},
        {"of a database",
         "{\"event_type\":\"database.updated\",\"workspace_id\":\"w\","
         "\"database_id\":\"d\",\"user_id\":\"u\"}",
         "", "database", "d"},
        {"null where nothing is",
         "{\"event_type\":\"page.deleted\",\"workspace_id\":\"w\","
         "\"database_id\":null,\"page_id\":\"p\",\"user_id\":\"u\","
         "\"timestamp\":null,\"changes\":null}",
         "", "page", "p"},
        {"a type that is none of the four",
         "{\"event_type\":\"page.moved\",\"page_id\":\"p\"}",
         "event_type: type_error.enum", NULL, NULL},
        {"a page without its id",
         "{\"event_type\":\"page.updated\",\"database_id\":\"d\"}",
         "page_id: value_error.missing", NULL, NULL},
        {"a database without its id",
         "{\"event_type\":\"database.updated\",\"page_id\":\"d\"}",
         "database_id: value_error.missing", NULL, NULL},
        {"wrong all over",
         "{\"event_type\":\"page.updated\",\"workspace_id\":1,"
         "\"database_id\":[],\"page_id\":null,\"user_id\":{},"
         "\"timestamp\":\"x\",\"changes\":\"y\"}",
         "workspace_id: type_error.str; database_id: type_error.str; "
         "page_id: type_error.none.not_allowed; user_id: type_error.str; "
         "timestamp: value_error.datetime; changes: type_error.dict",
         NULL, NULL},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct outcome *got = read_body(&notion, slice_of(rows[i].body));

        expect_problems(rows[i].claim, got, rows[i].want);
        if (rows[i].table == NULL)
            continue;
        CU_ASSERT_STRING_EQUAL(got->in.table, rows[i].table);
        CU_ASSERT_STRING_EQUAL(got->in.record_id, rows[i].record_id);
    }
}

/* Pollers send our own body, with ids as they come. */
static void
test_ids_are_written_in_one_way(void)
{
    const struct outcome *got = read_body(
        &notion,
        SLICE("{\"event_type\":\"update\",\"source\":\"notion\","
              "\"table_name\":\"36CC9195-760F-4FFF-A67E-3A46C559B176\","
              "\"record_id\":\"153104cd-477e-809d-8dc4-ff2d96ae3090\","
              "\"data\":{}}"));

    expect_problems("own body", got, "");
    CU_ASSERT_STRING_EQUAL(got->in.table, DATABASE);
    CU_ASSERT_STRING_EQUAL(got->in.record_id, PAGE);
    CU_ASSERT_STRING_EQUAL(got->in.type, "notion." DATABASE ".update");
    CU_ASSERT_STRING_EQUAL(got->in.entity, "");
    got = read_body(
        &supabase,
        SLICE("{\"event_type\":\"update\",\"source\":\"supabase\","
              "\"table_name\":\"t\",\"data\":{},"
              "\"record_id\":\"153104cd-477e-809d-8dc4-ff2d96ae3090\"}"));
    CU_ASSERT_STRING_EQUAL(got->in.record_id,
                           "153104cd-477e-809d-8dc4-ff2d96ae3090");
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"documented events", test_documented_events},
        {"actions", test_actions},
        {"parents", test_parents},
        {"without an entity", test_without_an_entity},
        {"wrong fields", test_wrong_fields},
        {"short body", test_short_body},
        {"ids are written in one way", test_ids_are_written_in_one_way},
        CU_TEST_INFO_NULL,
    };

    return unit_run("inbound_notion", tests);
}
