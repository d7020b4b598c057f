/*
 * test_source_defaults.c - unit tests for core/source/source_defaults.c
 */
#include "source_defaults.h"
#include "unit.h"

#include <string.h>

static struct settings settings = {
    .webhook_secret = "",
    .supabase_url = "",
    .supabase_key = "",
    .notion_api_key = "",
    .notion_api_url = "",
    .notion_database_id = "",
    .confidence_threshold = 0.85,
};

static struct source
source_of(const char *provider)
{
    struct source source = {.application_id = 1, .name = (char[]){"s"}};

    source.provider = strdup(provider);
    source_options_init(&source.options, provider);
    return source;
}

static void
end(struct source *source)
{
    free(source->provider);
    source_options_free(&source->options);
}

static void
test_api(void)
{
    struct source notion = source_of("notion"), mine = source_of("hmac");
    struct source supabase = source_of("supabase");
    struct settings full = settings;

    full.supabase_url = "https://x.supabase.co";
    full.supabase_key = "sb_secret";
    full.notion_api_key = "ntn_1";

    /* Without a key nobody can be asked, whoever it is. */
    CU_ASSERT_STRING_EQUAL(source_effective_api_url(&notion, &settings),
                           "https://api.notion.com");
    CU_ASSERT_PTR_NULL(source_effective_api_key(&notion, &settings));
    CU_ASSERT_FALSE(source_effective_fetch(&notion, &settings));
    CU_ASSERT_PTR_NULL(source_effective_api_url(&supabase, &settings));
    CU_ASSERT_FALSE(source_effective_fetch(&supabase, &settings));

    CU_ASSERT_STRING_EQUAL(source_effective_api_key(&notion, &full), "ntn_1");
    CU_ASSERT_TRUE(source_effective_fetch(&notion, &full));
    CU_ASSERT_STRING_EQUAL(source_effective_api_url(&supabase, &full),
                           "https://x.supabase.co");
    CU_ASSERT_STRING_EQUAL(source_effective_api_key(&supabase, &full),
                           "sb_secret");
    CU_ASSERT_TRUE(source_effective_fetch(&supabase, &full));

    /* Those keys are nobody else's. */
    CU_ASSERT_PTR_NULL(source_effective_api_url(&mine, &full));
    CU_ASSERT_PTR_NULL(source_effective_api_key(&mine, &full));

    /* The configuration may say where Notion is. */
    full.notion_api_url = "http://127.0.0.1:2";
    CU_ASSERT_STRING_EQUAL(source_effective_api_url(&notion, &full),
                           "http://127.0.0.1:2");

    /* The operator's keys go to no address that a source names, and serve no
       other application. */
    notion.options.api_url = strdup("http://127.0.0.1:1");
    CU_ASSERT_PTR_NULL(source_effective_api_key(&notion, &full));
    CU_ASSERT_FALSE(source_effective_fetch(&notion, &full));
    supabase.application_id = 2;
    CU_ASSERT_PTR_NULL(source_effective_api_key(&supabase, &full));
    CU_ASSERT_PTR_NULL(source_effective_api_url(&supabase, &full));

    /* What the source says itself comes first. */
    notion.api_key = (char[]){"own"};
    CU_ASSERT_STRING_EQUAL(source_effective_api_key(&notion, &full), "own");
    CU_ASSERT_STRING_EQUAL(source_effective_api_url(&notion, &full),
                           "http://127.0.0.1:1");
    notion.options.fetch = false;
    CU_ASSERT_FALSE(source_effective_fetch(&notion, &full));
    end(&notion);
    end(&mine);
    end(&supabase);
}

static void
test_debounce(void)
{
    struct source notion = source_of("notion");
    struct settings full = settings;

    full.notion_api_key = "ntn_1";
    /* An event that is not fetched is all there will be of it. */
    CU_ASSERT_EQUAL(source_effective_debounce_ms(&notion, &settings), 0);
    CU_ASSERT_EQUAL(source_effective_debounce_ms(&notion, &full),
                    notion.options.debounce_ms);
    end(&notion);
}

static void
test_confidence(void)
{
    struct source source = source_of("hmac");

    CU_ASSERT_EQUAL(source_effective_confidence(&source, &settings), 85);
    source.options.confidence_percent = 0;
    CU_ASSERT_EQUAL(source_effective_confidence(&source, &settings), 0);
    end(&source);
}

static void
test_watch(void)
{
    struct source notion = source_of("notion"), other = source_of("hmac");
    struct settings one = settings;
    char *list[] = {(char[]){"a"}, (char[]){"b"}};

    one.notion_database_id = "db1";
    CU_ASSERT_PTR_NULL(source_effective_watch(&notion, &settings, 0));
    CU_ASSERT_STRING_EQUAL(source_effective_watch(&notion, &one, 0), "db1");
    CU_ASSERT_PTR_NULL(source_effective_watch(&notion, &one, 1));
    CU_ASSERT_PTR_NULL(source_effective_watch(&other, &one, 0));
    notion.options.watch = (struct source_texts){list, 2};
    CU_ASSERT_STRING_EQUAL(source_effective_watch(&notion, &one, 1), "b");
    CU_ASSERT_PTR_NULL(source_effective_watch(&notion, &one, 2));
    notion.options.watch = (struct source_texts){NULL, 0};
    end(&notion);
    end(&other);
}

static bool
all_have(const struct source_verifiers *verifiers, const char *secret)
{
    size_t i;

    for (i = 0; i < verifiers->count; i++)
        if (verifiers->list[i].secret_count != 1 ||
            !slice_is(verifiers->list[i].secrets[0], secret))
            return false;
    return verifiers->count > 0;
}

static void
test_secrets(void)
{
    static const struct slice own = {"own secret", 10};
    struct source supabase = source_of("supabase"),
                  github = source_of("github");
    struct verifier listed[] = {{.kind = "token"}, {.kind = "github"}};
    struct source_verifiers got;
    struct settings set = settings;

    source_effective_verifiers(&supabase, &set, &got);
    CU_ASSERT_EQUAL(got.count, 1);
    CU_ASSERT_EQUAL(got.list[0].secret_count, 0);

    /* SUPABASE_KEY signs for Supabase alone, and last. */
    set.supabase_key = "service key";
    source_effective_verifiers(&supabase, &set, &got);
    CU_ASSERT_TRUE(all_have(&got, "service key"));
    CU_ASSERT_TRUE(got.borrowed);
    source_effective_verifiers(&github, &set, &got);
    CU_ASSERT_EQUAL(got.list[0].secret_count, 0);
    CU_ASSERT_FALSE(got.borrowed);

    set.webhook_secret = "everybody's";
    source_effective_verifiers(&supabase, &set, &got);
    CU_ASSERT_TRUE(all_have(&got, "everybody's"));
    CU_ASSERT_FALSE(got.borrowed);
    source_effective_verifiers(&github, &set, &got);
    CU_ASSERT_TRUE(all_have(&got, "everybody's"));

    /* A list of its own, without secrets, is checked with the same. */
    github.verifiers = listed;
    github.verifier_count = 2;
    source_effective_verifiers(&github, &set, &got);
    CU_ASSERT_EQUAL(got.count, 2);
    CU_ASSERT_TRUE(all_have(&got, "everybody's"));

    /* But where one of them has its own, the others have none. */
    listed[1].secrets = &own;
    listed[1].secret_count = 1;
    source_effective_verifiers(&github, &set, &got);
    CU_ASSERT_EQUAL(got.list[0].secret_count, 0);
    CU_ASSERT_TRUE(slice_is(got.list[1].secrets[0], "own secret"));

    /* They are strangers to the sources of another application. */
    listed[1].secret_count = 0;
    github.application_id = supabase.application_id = 2;
    source_effective_verifiers(&github, &set, &got);
    CU_ASSERT_EQUAL(got.list[0].secret_count, 0);
    CU_ASSERT_EQUAL(got.list[1].secret_count, 0);
    CU_ASSERT_PTR_NULL(got.shared.ptr);
    set.webhook_secret = "";
    source_effective_verifiers(&supabase, &set, &got);
    CU_ASSERT_EQUAL(got.list[0].secret_count, 0);
    CU_ASSERT_FALSE(got.borrowed);
    github.application_id = supabase.application_id = 1;

    /* And nothing stands in for secrets that are lost. */
    supabase.secrets_unreadable = true;
    source_effective_verifiers(&supabase, &set, &got);
    CU_ASSERT_EQUAL(got.list[0].secret_count, 0);
    end(&supabase);
    end(&github);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"api", test_api},
        {"debounce", test_debounce},
        {"confidence", test_confidence},
        {"watch", test_watch},
        {"secrets", test_secrets},
        CU_TEST_INFO_NULL,
    };

    return unit_run("source_defaults", tests);
}
