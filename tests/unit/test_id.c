/*
 * test_id.c - unit tests for base/id.c
 */
#include "id.h"

#include "clock.h"
#include "unit.h"

#include <string.h>

#define UNTOUCHED 4711
#define THREADS 4
#define IDS_EACH 20000

static void
test_parts_of_an_id(void)
{
    struct id_source source;
    int64_t before_ms = clock_wall_us() / 1000, made_ms;
    uint64_t id;

    id_source_init(&source, ID_NODES - 1);
    id = id_next(&source);
    made_ms = id_time_us(id) / 1000;
    CU_ASSERT(made_ms >= before_ms);
    CU_ASSERT(made_ms <= clock_wall_us() / 1000);
    CU_ASSERT_EQUAL(id >> 12 & 1023, ID_NODES - 1);
    CU_ASSERT_EQUAL(id >> 63, 0);
}

static void
test_always_greater(void)
{
    struct id_source source;
    uint64_t last = 0;
    int i;

    id_source_init(&source, 3);
    for (i = 0; i < 50000; i++) {
        uint64_t id = id_next(&source);

        CU_ASSERT_FATAL(id > last);
        CU_ASSERT_EQUAL(id >> 12 & 1023, 3);
        last = id;
    }
}

/* As if an hour ago the clock had been set back by two. */
static void
test_clock_stepping_back(void)
{
    struct id_source source;
    uint64_t ahead = id_floor(clock_wall_us() + 3600 * CLOCK_US_PER_S);

    id_source_init(&source, 5);
    source.last = ahead | 5 << 12 | 10;
    CU_ASSERT_EQUAL(id_next(&source), (ahead | 5 << 12 | 11));
    CU_ASSERT_EQUAL(id_next(&source), (ahead | 5 << 12 | 12));
}

static void
test_full_millisecond_borrows_from_the_next(void)
{
    struct id_source source;
    uint64_t ahead = id_floor(clock_wall_us() + 3600 * CLOCK_US_PER_S);

    id_source_init(&source, 5);
    source.last = ahead | 5 << 12 | 4095;
    CU_ASSERT_EQUAL(id_next(&source), ((ahead + (1 << 22)) | 5 << 12));
}

static void *
make_ids(void *arg)
{
    uint64_t *ids = arg;
    struct id_source *source = (struct id_source *)(uintptr_t)ids[0];
    int i;

    for (i = 0; i < IDS_EACH; i++)
        ids[i] = id_next(source);
    return NULL;
}

static int
compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void
test_threads_get_different_ids(void)
{
    static uint64_t ids[THREADS * IDS_EACH];
    pthread_t threads[THREADS];
    struct id_source source;
    size_t i;

    id_source_init(&source, 1);
    for (i = 0; i < THREADS; i++) {
        ids[i * IDS_EACH] = (uintptr_t)&source;
        CU_ASSERT_EQUAL_FATAL(
            pthread_create(&threads[i], NULL, make_ids, &ids[i * IDS_EACH]), 0);
    }
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    qsort(ids, THREADS * IDS_EACH, sizeof(ids[0]), compare);
    for (i = 1; i < THREADS * IDS_EACH; i++)
        CU_ASSERT_FATAL(ids[i] > ids[i - 1]);
}

static void
test_floor(void)
{
    int64_t epoch_us = ID_EPOCH_MS * 1000;

    CU_ASSERT_EQUAL(id_floor(epoch_us), 0);
    CU_ASSERT_EQUAL(id_floor(epoch_us - 1), 0);
    CU_ASSERT_EQUAL(id_floor(0), 0);
    CU_ASSERT_EQUAL(id_floor(INT64_MIN), 0);
    CU_ASSERT_EQUAL(id_floor(epoch_us + 999), 0);
    CU_ASSERT_EQUAL(id_floor(epoch_us + 1000), 1 << 22);
    CU_ASSERT_EQUAL(id_time_us(id_floor(epoch_us + 86400123999)),
                    epoch_us + 86400123000);
    CU_ASSERT_EQUAL(id_floor(INT64_MAX) >> 63, 0);
}

static void
test_text_and_back(void)
{
    static const uint64_t ids[] = {0, 1, UINT64_C(0x0123456789abcdef),
                                   INT64_MAX};
    size_t i;

    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        char text[ID_TEXT_MAX];
        uint64_t back = UNTOUCHED;

        id_format(ID_DELIVERY, ids[i], text);
        CU_ASSERT_EQUAL(strlen(text), 17);
        CU_ASSERT_EQUAL(strncmp(text, "dlv_", 4), 0);
        CU_ASSERT(id_parse(ID_DELIVERY, slice_of(text), &back));
        CU_ASSERT_EQUAL(back, ids[i]);
    }
}

static void
test_parse(void)
{
    static const struct {
        const char *claim, *text;
        bool good;
        uint64_t want;
    } rows[] = {
        {"as written", "evt_0000000000010", true, 32},
        {"capital letters", "EVT_000000000000Z", true, 31},
        {"I, L and O as people read them", "evt_oooooooooooIL", true, 33},
        {"another prefix", "dlv_0000000000010", false, UNTOUCHED},
        {"no prefix", "0000000000010", false, UNTOUCHED},
        {"prefix only", "evt_", false, UNTOUCHED},
        {"prefix without its line", "evt", false, UNTOUCHED},
        {"a hyphen", "evt-0000000000010", false, UNTOUCHED},
        {"too short", "evt_000000000010", false, UNTOUCHED},
        {"too long", "evt_00000000000010", false, UNTOUCHED},
        {"more than 63 bits", "evt_8000000000000", false, UNTOUCHED},
        {"a letter that is not in the alphabet", "evt_000000000001u", false,
         UNTOUCHED},
        {"white space", "evt_0000000000010 ", false, UNTOUCHED},
        {"nothing", "", false, UNTOUCHED},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t got = UNTOUCHED;
        bool good = id_parse(ID_EVENT, slice_of(rows[i].text), &got);

        if (good != rows[i].good || got != rows[i].want)
            fprintf(stderr, "\n%s: got %d, %llu\n", rows[i].claim, good,
                    (unsigned long long)got);
        CU_ASSERT_EQUAL(good, rows[i].good);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

static void
test_text_sorts_like_the_number(void)
{
    char a[ID_TEXT_MAX], b[ID_TEXT_MAX];
    uint64_t id = 1;

    for (; id < UINT64_C(1) << 61; id = id * 3 + 1) {
        id_format(ID_EVENT, id, a);
        id_format(ID_EVENT, id + 1, b);
        CU_ASSERT(strcmp(a, b) < 0);
        id_format(ID_EVENT, id * 3 + 1, b);
        CU_ASSERT(strcmp(a, b) < 0);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"time and node stand in an id", test_parts_of_an_id},
        {"each id is greater than the one before", test_always_greater},
        {"a clock stepping back does not matter", test_clock_stepping_back},
        {"a full millisecond borrows from the next",
         test_full_millisecond_borrows_from_the_next},
        {"threads get different ids", test_threads_get_different_ids},
        {"floor", test_floor},
        {"text and back", test_text_and_back},
        {"parse", test_parse},
        {"text sorts like the number", test_text_sorts_like_the_number},
        CU_TEST_INFO_NULL,
    };

    return unit_run("id", tests);
}
