/*
 * test_ring.c - unit tests for worker/schedule/ring.c
 */
#include "ring.h"
#include "unit.h"

#define MEMBERS 4

static struct ring_link links[MEMBERS];
static int owners[MEMBERS];

static void
fill(struct ring *ring)
{
    size_t i;

    for (i = 0; i < MEMBERS; i++) {
        links[i] = (struct ring_link){.ring = NULL};
        ring_add(ring, &links[i], &owners[i]);
    }
}

/* The owners from the first to the last are those of this list. */
static void
check(const struct ring *ring, const size_t *want, size_t count)
{
    const struct ring_link *link = ring->head;
    size_t i;

    CU_ASSERT_EQUAL(ring->count, count);
    for (i = 0; i < count; i++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(link);
        CU_ASSERT_PTR_EQUAL(link->owner, &owners[want[i]]);
        link = link->next;
    }
    CU_ASSERT_PTR_NULL(link);
    CU_ASSERT_PTR_EQUAL(ring_first(ring), count == 0 ? NULL : &owners[want[0]]);
    CU_ASSERT_PTR_EQUAL(ring_last(ring),
                        count == 0 ? NULL : &owners[want[count - 1]]);
}

static void
test_behind_all_others(void)
{
    struct ring ring = {NULL, NULL, 0};

    check(&ring, NULL, 0);
    fill(&ring);
    check(&ring, (const size_t[]){0, 1, 2, 3}, 4);
    ring_remove(&links[0]);
    ring_add(&ring, &links[0], &owners[0]);
    check(&ring, (const size_t[]){1, 2, 3, 0}, 4);
}

static void
test_leaves_from_anywhere(void)
{
    struct ring ring = {NULL, NULL, 0};

    fill(&ring);
    ring_remove(&links[1]);
    check(&ring, (const size_t[]){0, 2, 3}, 3);
    ring_remove(&links[1]); /* it is in none: harmless */
    check(&ring, (const size_t[]){0, 2, 3}, 3);
    ring_remove(&links[0]);
    ring_remove(&links[3]);
    check(&ring, (const size_t[]){2}, 1);
    ring_remove(&links[2]);
    check(&ring, NULL, 0);
}

static void
test_keeps_its_place_where_it_is(void)
{
    struct ring ring = {NULL, NULL, 0}, other = {NULL, NULL, 0};

    fill(&ring);
    ring_set(&ring, &links[0], &owners[0]);
    check(&ring, (const size_t[]){0, 1, 2, 3}, 4);
    ring_set(&other, &links[2], &owners[2]);
    check(&ring, (const size_t[]){0, 1, 3}, 3);
    check(&other, (const size_t[]){2}, 1);
    ring_set(NULL, &links[2], &owners[2]);
    check(&other, NULL, 0);
    ring_set(NULL, &links[2], &owners[2]);
    ring_set(&ring, &links[2], &owners[2]);
    check(&ring, (const size_t[]){0, 1, 3, 2}, 4);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"who joins stands behind all others", test_behind_all_others},
        {"leaves from anywhere", test_leaves_from_anywhere},
        {"keeps its place where it is", test_keeps_its_place_where_it_is},
        CU_TEST_INFO_NULL,
    };

    return unit_run("ring", tests);
}
