/*
 * test_inbound_key.c - unit tests for core/inbound/inbound_key.c
 */
#include "inbound_case.h"

static void
test_key_columns(void)
{
    static const struct {
        const char *claim;
        const char *columns;
        const char *record;
        const char *want; /* the record id, or the problems */
    } rows[] = {
        {"another column", "{\"t\":[\"uuid\"]}", "{\"id\":1,\"uuid\":\"u-1\"}",
         "u-1"},
        {"another table's columns do not matter", "{\"x\":[\"uuid\"]}",
         "{\"id\":1}", "1"},
        {"several columns, in the order configured", "{\"t\":[\"b\",\"a\"]}",
         "{\"a\":1,\"b\":\"x\"}", "b=x,a=1"},
        {"a comma cannot make two keys equal", "{\"t\":[\"a\",\"b\"]}",
         "{\"a\":\"1,b=2\",\"b\":\"3\"}", "a=1\\,b=2,b=3"},
        {"nor can a backslash", "{\"t\":[\"a\",\"b\"]}",
         "{\"a\":\"1\\\\\",\"b\":\"3\"}", "a=1\\\\,b=3"},
        {"one column is taken as it is", "{\"t\":[\"a\"]}",
         "{\"a\":\"1,b=2\\\\\"}", "1,b=2\\"},
        {"names beyond ASCII", "{\"t\":[\"schl\xc3\xbcssel\"]}",
         "{\"schl\\u00fcssel\":7}", "7"},
        {"every missing column is named", "{\"t\":[\"a\",\"b\",\"c\"]}",
         "{\"b\":null}",
         "record.a: value_error.missing; "
         "record.b: type_error.none.not_allowed; "
         "record.c: value_error.missing"},
        {"an empty part", "{\"t\":[\"a\",\"b\"]}", "{\"a\":\"\",\"b\":1}",
         "record.a: value_error.any_str.min_length"},
        {"no columns: id", "{\"t\":[]}", "{\"id\":1}", "1"},
        {"no list: id", "{\"t\":\"uuid\"}", "{\"id\":1}", "1"},
        {"no object: id", "[\"uuid\"]", "{\"id\":1}", "1"},
        {"no JSON: id", "uuid", "{\"id\":1}", "1"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct source source = supabase;
        struct buf body = BUF_INIT(MAX);
        const struct outcome *got;

        source.key_columns = slice_of(rows[i].columns);
        buf_addf(&body, "{\"type\":\"INSERT\",\"table\":\"t\",\"record\":%s}",
                 rows[i].record);
        got = read_body(&source, buf_slice(&body));
        if (got->result != INBOUND_OK)
            expect_problems(rows[i].claim, got, rows[i].want);
        else if (strcmp(got->in.record_id, rows[i].want) != 0)
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim, got->in.record_id);
        CU_ASSERT(got->result == INBOUND_INVALID ||
                  strcmp(got->in.record_id, rows[i].want) == 0);
        buf_free(&body);
    }
}

/* The name of the table decides, with its schema where it is not public. */
static void
test_key_columns_of_a_schema(void)
{
    struct source source = supabase;
    const struct outcome *got;

    source.key_columns = SLICE("{\"auth.t\":[\"uuid\"]}");
    got = read_body(&source, SLICE("{\"type\":\"DELETE\",\"table\":\"t\","
                                   "\"schema\":\"auth\","
                                   "\"old_record\":{\"uuid\":\"u\"}}"));
    expect_problems("auth.t", got, "");
    CU_ASSERT_STRING_EQUAL(got->in.table, "auth.t");
    CU_ASSERT_STRING_EQUAL(got->in.record_id, "u");
    got = read_body(&source, SLICE("{\"type\":\"DELETE\",\"table\":\"t\","
                                   "\"old_record\":{\"uuid\":\"u\"}}"));
    expect_problems("t of public", got, "old_record.id: value_error.missing");
}

static void
test_composite_keys_have_a_bound(void)
{
    struct source source = supabase;
    struct buf body = BUF_INIT(MAX);
    unsigned i;

    source.key_columns = SLICE("{\"t\":[\"a\",\"b\"]}");
    buf_add_text(&body, "{\"type\":\"INSERT\",\"table\":\"t\",\"record\":"
                        "{\"a\":1,\"b\":\"");
    for (i = 0; i < 250; i++)
        buf_add_char(&body, 'x');
    buf_add_text(&body, "\"}}");
    expect_problems("both together are too long",
                    read_body(&source, buf_slice(&body)),
                    "record: value_error.any_str.max_length");
    buf_free(&body);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"key columns", test_key_columns},
        {"key columns of a schema", test_key_columns_of_a_schema},
        {"composite keys have a bound", test_composite_keys_have_a_bound},
        CU_TEST_INFO_NULL,
    };

    return unit_run("inbound_key", tests);
}
