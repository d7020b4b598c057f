/*
 * test_nameset.c - unit tests for base/nameset.c
 */
#include "nameset.h"

#include "unit.h"

#define MANY 50000

static void
test_few(void)
{
    struct nameset set;

    nameset_init(&set);
    CU_ASSERT(nameset_add(&set, SLICE("a")));
    CU_ASSERT(nameset_add(&set, SLICE("")));
    CU_ASSERT(nameset_add(&set, SLICE("a\0")));
    CU_ASSERT(nameset_add(&set, SLICE("A")));
    CU_ASSERT(!nameset_add(&set, SLICE("a")));
    CU_ASSERT(!nameset_add(&set, SLICE("")));
    CU_ASSERT(!nameset_add(&set, SLICE("a\0")));
    CU_ASSERT_EQUAL(set.count, 4);
    CU_ASSERT_PTR_NULL(set.table);
    nameset_free(&set);
}

static char texts[MANY][8];

static struct slice
name(size_t i)
{
    return slice_of(texts[i]);
}

static void
test_every_size(void)
{
    struct nameset set;
    size_t i;

    for (i = 0; i < MANY; i++)
        (void)snprintf(texts[i], sizeof(texts[i]), "%zx", i);
    nameset_init(&set);
    for (i = 0; i < MANY; i++) {
        CU_ASSERT_FATAL(nameset_add(&set, name(i)));
        CU_ASSERT_FATAL(!nameset_add(&set, name(i / 2)));
        CU_ASSERT_FATAL(!nameset_add(&set, name(i)));
    }
    CU_ASSERT_EQUAL(set.count, MANY);
    nameset_free(&set);
    CU_ASSERT_EQUAL(set.count, 0);
}

/* Two sets differ in their hash function, so prepared collisions fail. */
static void
test_the_function_is_drawn_anew(void)
{
    struct nameset a, b;
    size_t i;

    nameset_init(&a);
    nameset_init(&b);
    for (i = 0; i <= NAMESET_FEW; i++) {
        CU_ASSERT(nameset_add(&a, name(i)));
        CU_ASSERT(nameset_add(&b, name(i)));
    }
    CU_ASSERT_PTR_NOT_NULL(a.table);
    CU_ASSERT_PTR_NOT_NULL(b.table);
    CU_ASSERT_NOT_EQUAL(a.key, b.key);
    nameset_free(&a);
    nameset_free(&b);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a few names", test_few},
        {"sets of every size", test_every_size},
        {"the hash function is drawn anew", test_the_function_is_drawn_anew},
        CU_TEST_INFO_NULL,
    };

    return unit_run("nameset", tests);
}
