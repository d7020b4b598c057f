/*
 * test_provider.c - unit tests for core/source/provider.c
 */
#include "provider.h"
#include "unit.h"
#include "verify_preset.h"

#include "json.h"
#include "source_options.h"

#include <string.h>

static void
test_names(void)
{
    CU_ASSERT_STRING_EQUAL(provider_named("github")->title, "GitHub");
    CU_ASSERT_TRUE(provider_known("hmac"));
    CU_ASSERT_FALSE(provider_known("nobody"));
    CU_ASSERT_FALSE(provider_known(NULL));
    /* An unknown one is like hmac, so that nothing ends without a row. */
    CU_ASSERT_STRING_EQUAL(provider_named("nobody")->name, "hmac");
}

/* Who can be chosen can be checked, and the other way round. */
static void
test_each_has_a_preset(void)
{
    const struct provider *provider;
    const struct preset *preset;
    unsigned i;
    size_t k;

    for (i = 0; (provider = provider_at(i)) != NULL; i++) {
        if (preset_find(provider->name) == NULL)
            fprintf(stderr, "\n%s has no preset\n", provider->name);
        CU_ASSERT_PTR_NOT_NULL(preset_find(provider->name));
    }
    for (k = 0; (preset = preset_at(k)) != NULL; k++) {
        if (!provider_known(preset->provider))
            fprintf(stderr, "\n%s is no provider\n", preset->provider);
        CU_ASSERT_TRUE(provider_known(preset->provider));
    }
}

static void
test_rows_are_usable(void)
{
    const struct provider *provider;
    unsigned i;

    for (i = 0; (provider = provider_at(i)) != NULL; i++) {
        struct source_options options;
        struct problems problems = {.count = 0};
        struct buf rule = BUF_INIT(256);
        struct json_value value;

        CU_ASSERT_TRUE(provider->status >= 200 && provider->status < 300);
        CU_ASSERT_PTR_NULL(strchr(provider->name, '.'));
        CU_ASSERT_TRUE(strlen(provider->title) > 0);
        if (provider->answer != NULL && provider->answer[0] != '\0')
            CU_ASSERT_TRUE(json_read(slice_of(provider->answer), &value, NULL));
        /* The rule to tell repeats by is one that a source could have. */
        source_options_init(&options, provider->name);
        buf_addf(&rule, "{\"dedupe\":\"%s\"}", provider->dedupe);
        source_options_read(&options, provider->name, buf_slice(&rule), NULL,
                            &problems);
        CU_ASSERT_EQUAL(problems.count, 0);
        CU_ASSERT_TRUE(options.debounce_max_ms >= options.debounce_ms);
        source_options_free(&options);
        buf_free(&rule);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"names", test_names},
        {"each has a preset", test_each_has_a_preset},
        {"rows are usable", test_rows_are_usable},
        CU_TEST_INFO_NULL,
    };

    return unit_run("provider", tests);
}
