/*
 * test_object_id.c - unit tests for cli/object_id.c
 */
#include "object_id.h"

#include "id.h"
#include "unit.h"

#include <stdbool.h>

#define UNTOUCHED 0xdeadbeefu

static void
test_webhook_ids(void)
{
    char endpoint[ID_TEXT_MAX];
    const struct {
        const char *claim, *text;
        bool want;
        uint32_t want_id;
    } rows[] = {
        {"a small number", "12", true, 12},
        {"the ep_ form", endpoint, true, 12},
        {"0 is none", "0", false, UNTOUCHED},
        {"a delivery is none", "dlv_000000000000c", false, UNTOUCHED},
        {"too large", "4294967296", false, UNTOUCHED},
        {"words are none", "twelve", false, UNTOUCHED},
        {"nothing is none", "", false, UNTOUCHED},
    };
    size_t i;

    id_format(ID_ENDPOINT, 12, endpoint);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t got = UNTOUCHED;

        if (object_id_webhook(rows[i].text, &got) != rows[i].want ||
            got != rows[i].want_id)
            fprintf(stderr, "\n%s: '%s' gave %u, want %u\n", rows[i].claim,
                    rows[i].text, got, rows[i].want_id);
        CU_ASSERT_EQUAL(got, rows[i].want_id);
    }
}

static void
test_delivery_ids(void)
{
    char text[ID_TEXT_MAX];
    uint64_t id = UNTOUCHED;

    id_format(ID_DELIVERY, UINT64_C(123456789012345), text);
    CU_ASSERT(object_id_delivery(text, &id));
    CU_ASSERT_EQUAL(id, UINT64_C(123456789012345));
    CU_ASSERT(object_id_delivery("77", &id));
    CU_ASSERT_EQUAL(id, 77);
    CU_ASSERT_FALSE(object_id_delivery("evt_0000000000001", &id));
    CU_ASSERT_FALSE(object_id_delivery("-", &id));
    CU_ASSERT_EQUAL(id, 77);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"webhook ids", test_webhook_ids},
        {"delivery ids", test_delivery_ids},
        CU_TEST_INFO_NULL,
    };

    return unit_run("object_id", tests);
}
