/*
 * test_map.c - unit tests for base/map.c
 */
#include "map.h"

#include "unit.h"

#define MANY 5000

static char values[MANY];

/* Keys as they occur: near each other, and with the same low bits. */
static uint64_t
key_of(size_t i)
{
    return i % 2 == 0 ? (uint64_t)i : (uint64_t)i << 22;
}

static void
test_empty(void)
{
    struct map map = MAP_INIT;
    void *value;
    uint64_t key;
    size_t at = 0;

    CU_ASSERT_PTR_NULL(map_get(&map, 0));
    CU_ASSERT_PTR_NULL(map_remove(&map, 0));
    CU_ASSERT(!map_next(&map, &at, &key, &value));
    map_free(&map);
}

static void
test_put_gives_the_old_value(void)
{
    struct map map = MAP_INIT;

    CU_ASSERT_PTR_NULL(map_put(&map, 0, &values[0]));
    CU_ASSERT_PTR_NULL(map_put(&map, UINT64_MAX, &values[1]));
    CU_ASSERT_PTR_EQUAL(map_put(&map, 0, &values[2]), &values[0]);
    CU_ASSERT_PTR_EQUAL(map_get(&map, 0), &values[2]);
    CU_ASSERT_PTR_EQUAL(map_get(&map, UINT64_MAX), &values[1]);
    CU_ASSERT_EQUAL(map.used, 2);
    CU_ASSERT_PTR_EQUAL(map_remove(&map, 0), &values[2]);
    CU_ASSERT_PTR_NULL(map_get(&map, 0));
    CU_ASSERT_PTR_NULL(map_remove(&map, 0));
    CU_ASSERT_EQUAL(map.used, 1);
    map_free(&map);
    CU_ASSERT_PTR_NULL(map_get(&map, UINT64_MAX));
}

static void
test_many(void)
{
    struct map map = MAP_INIT;
    size_t i;

    for (i = 0; i < MANY; i++)
        CU_ASSERT_PTR_NULL(map_put(&map, key_of(i), &values[i]));
    for (i = 0; i < MANY; i += 3)
        CU_ASSERT_PTR_EQUAL(map_remove(&map, key_of(i)), &values[i]);
    for (i = 0; i < MANY; i++)
        CU_ASSERT_PTR_EQUAL(map_get(&map, key_of(i)),
                            i % 3 == 0 ? NULL : &values[i]);
    for (i = 0; i < MANY; i += 3)
        CU_ASSERT_PTR_NULL(map_put(&map, key_of(i), &values[i]));
    CU_ASSERT_EQUAL(map.used, MANY);
    for (i = 0; i < MANY; i++)
        CU_ASSERT_PTR_EQUAL(map_get(&map, key_of(i)), &values[i]);
    map_free(&map);
}

/* A queue of ids runs through the map: it must stay small. */
static void
test_passing_through_does_not_grow(void)
{
    struct map map = MAP_INIT;
    uint64_t key;

    for (key = 0; key < 200000; key++) {
        map_put(&map, key, &values[key % MANY]);
        if (key >= 10)
            CU_ASSERT_PTR_EQUAL(map_remove(&map, key - 10),
                                &values[(key - 10) % MANY]);
    }
    CU_ASSERT_EQUAL(map.used, 10);
    CU_ASSERT(map.cap <= 64);
    map_free(&map);
}

static void
test_walk_sees_each_entry_once(void)
{
    struct map map = MAP_INIT;
    bool seen[1000] = {false};
    size_t at = 0, count = 0, i;
    void *value;
    uint64_t key;

    for (i = 0; i < 1000; i++)
        map_put(&map, i, &values[i]);
    while (map_next(&map, &at, &key, &value)) {
        CU_ASSERT_FATAL(key < 1000 && !seen[key]);
        CU_ASSERT_PTR_EQUAL(value, &values[key]);
        seen[key] = true;
        count++;
        if (key % 2 == 0)
            map_remove(&map, key);
    }
    CU_ASSERT_EQUAL(count, 1000);
    CU_ASSERT_EQUAL(map.used, 500);
    map_free(&map);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"empty", test_empty},
        {"put gives the old value", test_put_gives_the_old_value},
        {"many keys", test_many},
        {"keys passing through do not make it grow",
         test_passing_through_does_not_grow},
        {"a walk sees each entry once, removals included",
         test_walk_sees_each_entry_once},
        CU_TEST_INFO_NULL,
    };

    return unit_run("map", tests);
}
