/*
 * test_inbound_field.c - unit tests for core/inbound/inbound_field.c
 */
#include "inbound_case.h"

/* Each row breaks one field; the others are right. */
static void
test_fields_of_the_own_shape(void)
{
    static const struct {
        const char *claim;
        const char *body;
        const char *want;
    } rows[] = {
        {"all there", OWN(INSERT REST), ""},
        {"capital letters", OWN("\"event_type\":\"InSeRt\"," REST), ""},
        {"unknown fields are ignored", OWN(INSERT REST ",\"colour\":[1]"), ""},
        {"names may be written with escapes",
         OWN("\"event\\u005ftype\":\"insert\"," REST), ""},
        {"so may values", OWN("\"event_type\":\"\\u0069nsert\"," REST), ""},

        {"no event_type", OWN(REST), "event_type: value_error.missing"},
        {"event_type null", OWN("\"event_type\":null," REST),
         "event_type: type_error.none.not_allowed"},
        {"event_type a number", OWN("\"event_type\":1," REST),
         "event_type: type_error.str"},
        {"event_type unknown", OWN("\"event_type\":\"upsert\"," REST),
         "event_type: type_error.enum"},
        {"`other` is our word, not a sender's",
         OWN("\"event_type\":\"other\"," REST), "event_type: type_error.enum"},
        {"event_type empty", OWN("\"event_type\":\"\"," REST),
         "event_type: type_error.enum"},
        {"event_type with a space", OWN("\"event_type\":\"insert \"," REST),
         "event_type: type_error.enum"},
        {"event_type with a NUL", OWN("\"event_type\":\"insert\\u0000\"," REST),
         "event_type: type_error.enum"},

        {"no source", "{" INSERT REST "}", "source: value_error.missing"},
        {"source a list", "{\"source\":[]," INSERT REST "}",
         "source: type_error.str"},

        {"table_name empty",
         OWN(INSERT "\"table_name\":\"\",\"record_id\":1,\"data\":{}"),
         "table_name: value_error.any_str.min_length"},
        {"table_name a number",
         OWN(INSERT "\"table_name\":1,\"record_id\":1,\"data\":{}"),
         "table_name: type_error.str"},
        {"table_name with a NUL",
         OWN(INSERT "\"table_name\":\"a\\u0000b\",\"record_id\":1,"
                    "\"data\":{}"),
         "table_name: value_error.str.nul"},

        {"no record_id", OWN(INSERT "\"table_name\":\"t\",\"data\":{}"),
         "record_id: value_error.missing"},
        {"record_id null",
         OWN(INSERT "\"table_name\":\"t\",\"record_id\":null,\"data\":{}"),
         "record_id: type_error.none.not_allowed"},
        {"record_id a bool",
         OWN(INSERT "\"table_name\":\"t\",\"record_id\":true,\"data\":{}"),
         "record_id: type_error.str"},
        {"record_id an object",
         OWN(INSERT "\"table_name\":\"t\",\"record_id\":{},\"data\":{}"),
         "record_id: type_error.str"},
        {"record_id empty",
         OWN(INSERT "\"table_name\":\"t\",\"record_id\":\"\",\"data\":{}"),
         "record_id: value_error.any_str.min_length"},
        {"delete without record_id", OWN(DELETE "\"table_name\":\"t\""),
         "record_id: value_error.missing"},

        {"no data", OWN(INSERT "\"table_name\":\"t\",\"record_id\":1"),
         "data: value_error.missing"},
        {"data null",
         OWN(INSERT "\"table_name\":\"t\",\"record_id\":1,\"data\":null"),
         "data: type_error.none.not_allowed"},
        {"data a list",
         OWN(INSERT "\"table_name\":\"t\",\"record_id\":1,\"data\":[]"),
         "data: type_error.dict"},
        {"delete without data",
         OWN(DELETE "\"table_name\":\"t\",\"record_id\":1"), ""},
        {"delete with data null",
         OWN(DELETE "\"table_name\":\"t\",\"record_id\":1,\"data\":null"), ""},
        {"delete with data", OWN(DELETE REST), ""},
        {"delete with a list as data",
         OWN(DELETE "\"table_name\":\"t\",\"record_id\":1,\"data\":[]"),
         "data: type_error.dict"},

        {"timestamp as PostgreSQL prints it",
         OWN(INSERT REST ",\"timestamp\":\"2026-01-01 15:00:00+00\""), ""},
        {"timestamp null", OWN(INSERT REST ",\"timestamp\":null"), ""},
        {"timestamp a number", OWN(INSERT REST ",\"timestamp\":1767279600"),
         "timestamp: type_error.str"},
        {"timestamp a word", OWN(INSERT REST ",\"timestamp\":\"yesterday\""),
         "timestamp: value_error.datetime"},
        {"timestamp of no day",
         OWN(INSERT REST ",\"timestamp\":\"2026-02-30T00:00:00Z\""),
         "timestamp: value_error.datetime"},

        {"metadata null", OWN(INSERT REST ",\"metadata\":null"), ""},
        {"metadata a string", OWN(INSERT REST ",\"metadata\":\"x\""),
         "metadata: type_error.dict"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_problems(rows[i].claim,
                        read_body(&supabase, slice_of(rows[i].body)),
                        rows[i].want);
}

static void
test_all_problems_in_field_order(void)
{
    struct buf out = BUF_INIT(MAX);
    const struct outcome *got = read_body(
        &supabase,
        SLICE("{\"metadata\":[],\"timestamp\":\"x\",\"data\":\"x\","
              "\"table_name\":{},\"source\":null,\"event_type\":\"merge\"}"));

    CU_ASSERT_EQUAL(got->result, INBOUND_INVALID);
    problem_print(&got->problems, &out);
    golden_compare("problems_fields.json", buf_slice(&out));
    buf_free(&out);
    expect_problems("an empty object", read_body(&supabase, SLICE("{}")),
                    "event_type: value_error.missing; "
                    "source: value_error.missing; "
                    "table_name: value_error.missing; "
                    "record_id: value_error.missing; "
                    "data: value_error.missing");
}

static void
test_what_is_no_object(void)
{
    static const char *const others[] = {"[]", "\"x\"", "1", "null", " true "};
    struct buf out = BUF_INIT(MAX);
    const struct outcome *got;
    size_t i;

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        got = read_body(&supabase, slice_of(others[i]));
        CU_ASSERT_EQUAL(got->result, INBOUND_INVALID);
        CU_ASSERT_EQUAL(got->problems.count, 1);
        buf_clear(&out);
        problem_print(&got->problems, &out);
        golden_compare("problems_not_object.json", buf_slice(&out));
    }
    got = read_body(&supabase, SLICE("{\"a\": 1,\n\"timestamp\":}"));
    CU_ASSERT_EQUAL(got->result, INBOUND_INVALID);
    CU_ASSERT_EQUAL(got->problems.count, 1);
    CU_ASSERT_STRING_EQUAL(got->problems.list[0].loc[0], "21");
    CU_ASSERT_TRUE(got->problems.list[0].loc_is_index[0]);
    CU_ASSERT_STRING_EQUAL(got->problems.list[0].type,
                           "value_error.jsondecode");
    got = read_body(&supabase, SLICE(""));
    CU_ASSERT_STRING_EQUAL(got->problems.list[0].msg,
                           "Expecting value: line 1 column 1 (char 0)");
    got = read_body(&supabase, SLICE("{\"a\":1,\"a\":1}"));
    CU_ASSERT_STRING_EQUAL(got->problems.list[0].type,
                           "value_error.jsondecode");
    buf_free(&out);
}

static void
test_fields_of_the_supabase_shape(void)
{
    static const struct {
        const char *claim;
        const char *body;
        const char *want;
    } rows[] = {
        {"small letters",
         "{\"type\":\"update\",\"table\":\"t\",\"record\":{\"id\":1}}", ""},
        {"schema null",
         "{\"type\":\"INSERT\",\"table\":\"t\",\"schema\":null,"
         "\"record\":{\"id\":1}}",
         ""},
        {"unknown fields are ignored",
         "{\"type\":\"INSERT\",\"table\":\"t\",\"user_id\":null,"
         "\"record\":{\"id\":1}}",
         ""},
        {"source is no field of it",
         "{\"type\":\"INSERT\",\"table\":\"t\",\"source\":\"x\","
         "\"record\":{\"id\":1}}",
         ""},
        {"type unknown",
         "{\"type\":\"TRUNCATE\",\"table\":\"t\",\"record\":{\"id\":1}}",
         "type: type_error.enum"},
        {"type null", "{\"type\":null,\"table\":\"t\",\"record\":{\"id\":1}}",
         "type: type_error.none.not_allowed"},
        {"no table", "{\"type\":\"INSERT\",\"record\":{\"id\":1}}",
         "table: value_error.missing"},
        {"schema empty",
         "{\"type\":\"INSERT\",\"table\":\"t\",\"schema\":\"\","
         "\"record\":{\"id\":1}}",
         "schema: value_error.any_str.min_length"},
        {"schema a number",
         "{\"type\":\"INSERT\",\"table\":\"t\",\"schema\":1,"
         "\"record\":{\"id\":1}}",
         "schema: type_error.str"},
        {"insert without record", "{\"type\":\"INSERT\",\"table\":\"t\"}",
         "record: value_error.missing"},
        {"insert with record null",
         "{\"type\":\"INSERT\",\"table\":\"t\",\"record\":null,"
         "\"old_record\":{\"id\":1}}",
         "record: type_error.none.not_allowed"},
        {"delete without old_record",
         "{\"type\":\"DELETE\",\"table\":\"t\",\"record\":{\"id\":1}}",
         "old_record: value_error.missing"},
        {"delete with old_record null",
         "{\"type\":\"DELETE\",\"table\":\"t\",\"old_record\":null}",
         "old_record: type_error.none.not_allowed"},
        {"record a list", "{\"type\":\"INSERT\",\"table\":\"t\",\"record\":[]}",
         "record: type_error.dict"},
        {"record without id",
         "{\"type\":\"INSERT\",\"table\":\"t\",\"record\":{\"a\":1}}",
         "record.id: value_error.missing"},
        {"old_record without id",
         "{\"type\":\"DELETE\",\"table\":\"t\",\"old_record\":{}}",
         "old_record.id: value_error.missing"},
        {"id null",
         "{\"type\":\"INSERT\",\"table\":\"t\",\"record\":{\"id\":null}}",
         "record.id: type_error.none.not_allowed"},
        {"id a bool",
         "{\"type\":\"INSERT\",\"table\":\"t\",\"record\":{\"id\":false}}",
         "record.id: type_error.str"},
        {"id a list",
         "{\"type\":\"INSERT\",\"table\":\"t\",\"record\":{\"id\":[1]}}",
         "record.id: type_error.str"},
        {"id empty",
         "{\"type\":\"INSERT\",\"table\":\"t\",\"record\":{\"id\":\"\"}}",
         "record.id: value_error.any_str.min_length"},
        {"several at once",
         "{\"type\":\"x\",\"table\":\"\",\"record\":{},\"old_record\":1}",
         "type: type_error.enum; table: value_error.any_str.min_length; "
         "record.id: value_error.missing; old_record: type_error.dict"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_problems(rows[i].claim,
                        read_body(&supabase, slice_of(rows[i].body)),
                        rows[i].want);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"fields of the own shape", test_fields_of_the_own_shape},
        {"all problems in field order", test_all_problems_in_field_order},
        {"what is no object", test_what_is_no_object},
        {"fields of the supabase shape", test_fields_of_the_supabase_shape},
        CU_TEST_INFO_NULL,
    };

    return unit_run("inbound_field", tests);
}
