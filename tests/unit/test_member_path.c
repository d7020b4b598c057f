/*
 * test_member_path.c - unit tests for core/source/member_path.c
 */
#include "member_path.h"

#include "unit.h"

static void
test_paths(void)
{
    static const struct {
        const char *claim;
        const char *record;
        const char *path;
        const char *want; /* NULL: there is none */
    } rows[] = {
        {"a member", "{\"a\":1,\"b\":[2]}", "b", "[2]"},
        {"a member of a member", "{\"properties\":{\"S\":{\"x\":1}}}",
         "properties.S", "{\"x\":1}"},
        {"three steps", "{\"a\":{\"b\":{\"c\":null}}}", "a.b.c", "null"},
        {"a name with dots", "{\"a.b\":1}", "a.b", "1"},
        {"a name with dots comes before the way in",
         "{\"a\":{\"b\":1},\"a.b\":2}", "a.b", "2"},
        {"a name with dots further in", "{\"p\":{\"v1.0\":3}}", "p.v1.0", "3"},
        {"a name beyond ASCII, escaped there", "{\"gr\\u00f6\\u00dfe\":4}",
         "gr\xc3\xb6\xc3\x9f"
         "e",
         "4"},
        {"of a name that stands twice the last counts",
         "{\"p\":{\"a\":1,\"a\":2}}", "p.a", "2"},
        {"no such member", "{\"a\":1}", "b", NULL},
        {"no way into a number", "{\"a\":1}", "a.b", NULL},
        {"items of lists have no names", "[{\"a\":1}]", "a", NULL},
        {"a text is no record", "\"a\"", "a", NULL},
        {"nothing is no record", NULL, "a", NULL},
        {"an empty path", "{\"a\":1}", "", NULL},
        {"a dot in front", "{\"a\":1}", ".a", NULL},
        {"a dot behind", "{\"a\":{\"b\":1}}", "a.", NULL},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json_value got = {JSON_NULL, SLICE_NONE};
        bool found = member_path_find(slice_of(rows[i].record),
                                      slice_of(rows[i].path), &got);
        bool good = rows[i].want == NULL
                        ? !found
                        : found && slice_is(got.text, rows[i].want);

        if (!good)
            fprintf(stderr, "\n%s: got %.*s\n", rows[i].claim,
                    (int)got.text.len,
                    got.text.ptr == NULL ? "" : got.text.ptr);
        CU_ASSERT(good);
    }
}

static void
test_hostile_paths_end(void)
{
    struct buf path = BUF_INIT(4096), record = BUF_INIT(65536);
    struct json_value got;
    int i;

    /* {"a":{"a":...}} and a path with as many ways through it. */
    for (i = 0; i < 60; i++)
        buf_add_text(&record, "{\"a\":");
    buf_add_text(&record, "1");
    for (i = 0; i < 60; i++) {
        buf_add_char(&record, '}');
        buf_add_text(&path, i == 0 ? "a" : ".a");
    }
    CU_ASSERT_FALSE(
        member_path_find(buf_slice(&record), buf_slice(&path), &got));
    buf_free(&path);
    buf_free(&record);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"paths", test_paths},
        {"hostile paths end", test_hostile_paths_end},
        CU_TEST_INFO_NULL,
    };

    return unit_run("member_path", tests);
}
