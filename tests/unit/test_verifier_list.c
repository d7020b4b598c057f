/*
 * test_verifier_list.c - unit tests for core/source/verifier_list.c
 */
#include "unit.h"
#include "verifier_list.h"

#include <string.h>

#define FULL                                                                   \
    "[{\"kind\":\"hmac\",\"header\":\"X-Sig\",\"prefix\":\"v=\","              \
    "\"signed\":\"{id}.{timestamp}.{body}\",\"timestamp_header\":\"X-Time\","  \
    "\"id_header\":\"X-Id\",\"prefix_optional\":true,"                         \
    "\"encoding\":\"base64\",\"digest\":\"sha512\",\"window\":-1,"             \
    "\"secrets\":[\"new \\\"one\\\"\",\"old\"]},"                              \
    "{\"kind\":\"github\",\"secrets\":[]}]"

static bool
prints(const struct verifier_list *list, const char *want)
{
    struct buf text = BUF_INIT(8192);
    bool same;

    verifier_list_print(list, &text);
    same = slice_is(buf_slice(&text), want);
    if (!same)
        fprintf(stderr, "\n got  %s\n want %s\n", text.data, want);
    buf_free(&text);
    return same;
}

static void
test_round_trip(void)
{
    struct verifier_list list;
    struct buf shown = BUF_INIT(8192);

    CU_ASSERT_TRUE_FATAL(verifier_list_read(SLICE(FULL), &list));
    CU_ASSERT_EQUAL_FATAL(list.count, 2);
    CU_ASSERT_STRING_EQUAL(list.list[0].header, "X-Sig");
    CU_ASSERT_TRUE(list.list[0].base64);
    CU_ASSERT_EQUAL(list.list[0].digest, VERIFY_SHA512);
    CU_ASSERT_EQUAL(list.list[0].window_s, VERIFY_ANY_TIME);
    CU_ASSERT_EQUAL(list.list[0].secret_count, 2);
    CU_ASSERT_TRUE(slice_is(list.list[0].secrets[0], "new \"one\""));
    CU_ASSERT_EQUAL(verifier_list_secrets(&list), 2);
    CU_ASSERT_PTR_NULL(verifier_problem(&list.list[0]));
    CU_ASSERT_TRUE(prints(&list, FULL));

    /* For people there are no secrets in it. */
    verifier_list_show(&list, &shown);
    CU_ASSERT_PTR_NOT_NULL(strstr(shown.data, "\"secrets\":2}"));
    CU_ASSERT_PTR_NULL(strstr(shown.data, "old"));
    buf_free(&shown);
    verifier_list_free(&list);
    CU_ASSERT_EQUAL(list.count, 0);
}

static void
test_what_cannot_be_read(void)
{
    static const struct {
        const char *claim, *json;
        bool want;
    } rows[] = {
        {"an empty list is a list", "[]", true},
        {"an object is none", "{}", false},
        {"a list of texts is none", "[\"a\"]", false},
        {"nor is broken JSON", "[", false},
        {"nor eight verifiers", "[{},{},{},{},{},{},{},{}]", false},
        {"a verifier of an unknown kind stays, for it refuses",
         "[{\"kind\":\"next_year\",\"secrets\":[\"a\"]}]", true},
        {"and one without a kind", "[{\"secrets\":[7,null]}]", true},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct verifier_list list;
        bool got = verifier_list_read(slice_of(rows[i].json), &list);

        if (got != rows[i].want)
            fprintf(stderr, "\n%s\n", rows[i].claim);
        CU_ASSERT_EQUAL(got, rows[i].want);
        verifier_list_free(&list);
    }
}

static void
test_presets(void)
{
    struct verifier_list list;
    struct verifier *array;
    size_t count;

    /* As the first version wrote it. */
    CU_ASSERT_TRUE_FATAL(verifier_list_read(
        SLICE("[{\"kind\":\"hmac\",\"secrets\":[\"a\",\"b\"]},"
              "{\"kind\":\"token\",\"secrets\":[\"c\"]}]"),
        &list));
    CU_ASSERT_STRING_EQUAL(list.list[0].kind, VERIFIER_PRESET);
    array = verifier_list_expand(&list, "notion", &count);
    verifier_list_free(&list); /* the array has copies */
    CU_ASSERT_EQUAL_FATAL(count, 3);
    CU_ASSERT_STRING_EQUAL(array[0].kind, "notion");
    CU_ASSERT_STRING_EQUAL(array[1].kind, "hmac");
    CU_ASSERT_STRING_EQUAL(array[1].header, "X-Webhook-Signature");
    CU_ASSERT_TRUE(slice_is(array[1].secrets[1], "b"));
    CU_ASSERT_STRING_EQUAL(array[2].kind, "token");
    verifier_array_free(array, count);

    CU_ASSERT_TRUE(verifier_list_read(SLICE("[]"), &list));
    CU_ASSERT_PTR_NULL(verifier_list_expand(&list, "notion", &count));
    CU_ASSERT_EQUAL(count, 0);
}

/* A member that cannot be read must not leave a verifier that checks less. */
static void
test_broken_members(void)
{
    static const char *const rows[] = {
        "[{\"kind\":\"hmac\",\"header\":7,\"secrets\":[\"a\"]}]",
        "[{\"kind\":\"hmac\",\"header\":\"X\\u0000\",\"secrets\":[\"a\"]}]",
        "[{\"kind\":\"hmac\",\"header\":\"X\",\"signed\":[],\"secrets\":"
        "[\"a\"]}]",
        "[{\"kind\":null,\"secrets\":[\"a\"]}]",
    };
    size_t i, count;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct verifier_list list;
        struct verifier *array;

        CU_ASSERT_TRUE_FATAL(verifier_list_read(slice_of(rows[i]), &list));
        array = verifier_list_expand(&list, "hmac", &count);
        CU_ASSERT_EQUAL_FATAL(count, 1);
        CU_ASSERT_PTR_NOT_NULL(verifier_problem(&array[0]));
        verifier_array_free(array, count);
        verifier_list_free(&list);
    }
}

/* However many presets a hand-made list has, a source has room for them. */
static void
test_bounds(void)
{
    struct verifier_list list;
    struct verifier *array;
    size_t count;

    CU_ASSERT_TRUE_FATAL(verifier_list_read(
        SLICE("[{\"kind\":\"preset\"},{\"kind\":\"preset\"},"
              "{\"kind\":\"preset\"},{\"kind\":\"preset\"},"
              "{\"kind\":\"preset\"},{\"kind\":\"preset\"}]"),
        &list));
    array = verifier_list_expand(&list, "notion", &count);
    CU_ASSERT_TRUE(count <= SOURCE_VERIFIERS_MAX);
    verifier_array_free(array, count);
    verifier_list_free(&list);
}

static void
test_secrets(void)
{
    const struct verifier bare = {.kind = VERIFIER_PRESET};
    struct verifier_list list = {.count = 0};
    struct verifier *one = &list.list[0];
    char text[2] = "0";
    size_t i;

    CU_ASSERT_TRUE_FATAL(verifier_list_add(&list, &bare));
    verifier_set_secret(one, SLICE("a"), false);
    verifier_set_secret(one, SLICE("b"), true);
    CU_ASSERT_TRUE(
        prints(&list, "[{\"kind\":\"preset\",\"secrets\":[\"b\",\"a\"]}]"));
    /* One that is there comes to the front and is not there twice. */
    verifier_set_secret(one, SLICE("a"), true);
    CU_ASSERT_TRUE(
        prints(&list, "[{\"kind\":\"preset\",\"secrets\":[\"a\",\"b\"]}]"));
    /* The oldest goes when there are too many. */
    for (i = 0; i < VERIFIER_SECRETS_MAX; i++) {
        text[0] = (char)('0' + i);
        verifier_set_secret(one, slice_of(text), true);
    }
    CU_ASSERT_EQUAL(one->secret_count, VERIFIER_SECRETS_MAX);
    CU_ASSERT_TRUE(slice_is(one->secrets[0], "4"));
    CU_ASSERT_TRUE(slice_is(one->secrets[VERIFIER_SECRETS_MAX - 1], "0"));
    verifier_set_secret(one, SLICE("z"), false);
    CU_ASSERT_EQUAL(one->secret_count, 1);
    verifier_drop_secrets(one);
    CU_ASSERT_EQUAL(verifier_list_secrets(&list), 0);

    for (i = 1; i < VERIFIER_ENTRIES_MAX; i++)
        CU_ASSERT_TRUE(verifier_list_add(&list, &bare));
    CU_ASSERT_FALSE(verifier_list_add(&list, &bare));
    verifier_list_free(&list);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"round trip", test_round_trip},
        {"what cannot be read", test_what_cannot_be_read},
        {"presets", test_presets},
        {"broken members", test_broken_members},
        {"bounds", test_bounds},
        {"secrets", test_secrets},
        CU_TEST_INFO_NULL,
    };

    return unit_run("verifier_list", tests);
}
