/*
 * test_cache.c - tests for worker/process/cache.c against a real database.
 */
#include "cache.h"

#include "emit_fixture.h"

static char crm_name[] = "crm", shop_name[] = "shop";
static char by_id[] = "user:{id}", by_mail[] = "mail:{record.email}";
static char *templates[] = {by_id, by_mail};

static struct source
crm(size_t keys)
{
    return (struct source){
        .id = 7,
        .application_id = 1,
        .name = crm_name,
        .options = {.cache_keys = {templates, keys}},
    };
}

static struct processed
processed_of(const struct source *source, const char *old, const char *now)
{
    return (struct processed){
        .source = source,
        .event_id = 1,
        .type = SLICE("crm.users.update"),
        .table = "users",
        .record_id = "42",
        .action = INBOUND_UPDATE,
        .old = slice_of(old),
        .now = slice_of(now),
    };
}

#define EVENT(keys, reason)                                                    \
    "cache.invalidated {\"source\":\"crm\",\"table\":\"users\","               \
    "\"record_id\":\"42\",\"keys\":[" keys "],\"reason\":\"" reason "\","      \
    "\"event_id\":\"evt_0000000000001\"}"

static void
test_the_usual_key(void)
{
    struct source source = crm(0);
    struct processed processed = processed_of(&source, NULL, "{}");

    begin();
    cache_add(emit, &processed, CACHE_CHANGED);
    expect_events("somebody wants it", EVENT("\"crm:users:42\"", "changed"));
    cache_add(emit, &processed, CACHE_SOURCE_DOWN);
    expect_events("a source that is down",
                  EVENT("\"crm:users:42\"", "source_down"));
    end();
}

static void
test_nobody_wants_it(void)
{
    struct source source = crm(0);
    struct processed processed = processed_of(&source, NULL, "{}");

    begin();
    source.name = shop_name; /* another channel */
    cache_add(emit, &processed, CACHE_CHANGED);
    expect_events("no event for nobody", "");
    source = crm(1);
    source.name = shop_name;
    cache_add(emit, &processed, CACHE_CHANGED);
    expect_events("unless its source names keys",
                  "cache.invalidated {\"source\":\"shop\",\"table\":\"users\","
                  "\"record_id\":\"42\",\"keys\":[\"user:42\"],\"reason\":"
                  "\"changed\",\"event_id\":\"evt_0000000000001\"}");
    source = crm(1);
    processed.record_id = "";
    cache_add(emit, &processed, CACHE_CHANGED);
    expect_events("an event about no record", "");
    end();
}

static void
test_keys_of_old_and_new(void)
{
    struct source source = crm(2);
    struct processed processed =
        processed_of(&source, "{\"email\":\"a@b\"}", "{\"email\":\"c@d\"}");

    begin();
    cache_add(emit, &processed, CACHE_CHANGED);
    expect_events("both",
                  EVENT("\"user:42\",\"mail:a@b\",\"mail:c@d\"", "changed"));
    processed.old = processed.now;
    cache_add(emit, &processed, CACHE_CHANGED);
    expect_events("once where they are the same",
                  EVENT("\"user:42\",\"mail:c@d\"", "changed"));
    processed.now = SLICE_NONE;
    cache_add(emit, &processed, CACHE_DELETED);
    expect_events("of a deleted record",
                  EVENT("\"user:42\",\"mail:c@d\"", "deleted"));
    processed.old = SLICE_NONE;
    cache_add(emit, &processed, CACHE_SOURCE_DOWN);
    expect_events("of an unknown one", EVENT("\"user:42\"", "source_down"));
    end();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"the usual key", test_the_usual_key},
        {"nobody wants it", test_nobody_wants_it},
        {"keys of old and new", test_keys_of_old_and_new},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    if (!testdb_start() || !log_open(LOG_FORMAT_TEXT, LOG_ERROR, "/dev/null"))
        return EXIT_FAILURE;
    if (testdb_migrate())
        code = unit_run("cache", tests);
    testdb_stop();
    return code;
}
