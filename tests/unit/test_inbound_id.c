/*
 * test_inbound_id.c - unit tests for core/inbound/inbound_id.c
 */
#include "inbound_id.h"
#include "unit.h"

#define CLEAN "153104cd477e809d8dc4ff2d96ae3090"

static void
test_ids(void)
{
    static const struct {
        const char *claim, *text;
        bool is_id;
    } rows[] = {
        {"with dashes", "153104cd-477e-809d-8dc4-ff2d96ae3090", true},
        {"without", CLEAN, true},
        {"in capitals", "153104CD-477E-809D-8DC4-FF2D96AE3090", true},
        {"one digit less", "153104cd-477e-809d-8dc4-ff2d96ae309", false},
        {"one more", "153104cd-477e-809d-8dc4-ff2d96ae30900", false},
        {"no digit", "153104cd-477e-809d-8dc4-ff2d96ae309g", false},
        {"a name", "People & Contacts", false},
        {"nothing", "", false},
        {"dashes alone", "------------------------------------", false},
    };
    char out[INBOUND_ID_LEN + 1];
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice text = slice_of(rows[i].text);
        bool ok;

        memcpy(out, "untouched", sizeof("untouched"));
        ok = inbound_id(text, out) == rows[i].is_id &&
             strcmp(out, rows[i].is_id ? CLEAN : "untouched") == 0 &&
             inbound_id_equal(text, SLICE(CLEAN)) == rows[i].is_id &&
             inbound_id_equal(text, text);
        if (!ok)
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim, out);
        CU_ASSERT(ok);
    }
    CU_ASSERT_FALSE(inbound_id_equal(SLICE("users"), SLICE("Users")));
    CU_ASSERT_FALSE(inbound_id_equal(SLICE("a-b"), SLICE("ab")));
}

static void
test_cleaning(void)
{
    char id[] = "153104CD-477E-809D-8DC4-FF2D96AE3090", name[] = "page-id";

    inbound_id_clean(id);
    CU_ASSERT_STRING_EQUAL(id, CLEAN);
    inbound_id_clean(name);
    CU_ASSERT_STRING_EQUAL(name, "page-id");
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"ids", test_ids},
        {"cleaning", test_cleaning},
        CU_TEST_INFO_NULL,
    };

    return unit_run("inbound_id", tests);
}
