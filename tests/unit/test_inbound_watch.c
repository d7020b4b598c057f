/*
 * test_inbound_watch.c - unit tests for core/inbound/inbound_watch.c and
 * inbound_names.c
 */
#include "inbound_case.h"
#include "inbound_watch.h"

#define PAGE "153104cd-477e-809d-8dc4-ff2d96ae3090"
#define DATABASE "36cc9195-760f-4fff-a67e-3a46c559b176"
#define DATA_SOURCE "98024e3c-b1b6-4a4b-a4b0-2e9f1c0e5b11"
#define PERSON "c7c11cca-1d73-471d-9b6e-bdef51470190"
#define BOT "0ef2e755-4912-8096-91c1-00376a88a5ca"

#define LISTS 4

/* What a source is told to watch; lists end with NULL. */
struct lists {
    const char *watch[LISTS], *types[LISTS], *authors[LISTS];
};

static struct source_texts
texts_of(const char *const from[LISTS], char store[LISTS][256],
         char *pointers[LISTS])
{
    struct source_texts texts = {.list = pointers};

    for (; texts.count < LISTS && from[texts.count] != NULL; texts.count++) {
        snprintf(store[texts.count], 256, "%s", from[texts.count]);
        pointers[texts.count] = store[texts.count];
    }
    return texts;
}

/* The reason why the body is ignored, or "" if it is watched. */
static const char *
judge(const char *provider, const struct lists *lists, struct slice body,
      const char *header, const struct inbound_names *names, char unnamed[64])
{
    static char name[64], store[3][LISTS][256], *pointers[3][LISTS];
    const char *headers[2] = {header, NULL}, *entity = "", *reason;
    struct source source = {.id = 5, .name = name, .provider = name};
    const struct inbound_request request = {
        .body = body, .header = case_header, .arg = headers, .now_us = NOW_US};
    char id[INBOUND_ID_LEN + 1] = "";
    const struct outcome *got;

    snprintf(name, sizeof(name), "%s", provider);
    source.options.watch = texts_of(lists->watch, store[0], pointers[0]);
    source.options.watch_types = texts_of(lists->types, store[1], pointers[1]);
    source.options.ignore_authors =
        texts_of(lists->authors, store[2], pointers[2]);
    got = read_request(&source, &request);
    expect_problems(name, got, "");
    reason = inbound_ignored(&source, &got->in, names);
    if (unnamed != NULL) {
        unnamed[0] = '\0';
        if (inbound_unnamed(&source, &got->in, names, id, &entity))
            snprintf(unnamed, 64, "%s %s", entity, id);
    }
    return reason == NULL ? "" : reason;
}

static void
test_notion(void)
{
    static const struct {
        const char *claim, *file;
        struct lists lists;
        const char *want;
    } rows[] = {
        {"no list watches all", "page_created", {.watch = {NULL}}, ""},
        {"the database", "page_created", {.watch = {DATABASE}}, ""},
        {"without dashes, in capitals",
         "page_created",
         {.watch = {"x", "36CC9195760F4FFFA67E3A46C559B176"}},
         ""},
        {"the page itself", "page_created", {.watch = {PAGE}}, ""},
        {"another database",
         "page_created",
         {.watch = {DATA_SOURCE}},
         "database not watched"},
        {"its data source",
         "page_properties_updated",
         {.watch = {DATA_SOURCE}},
         ""},
        {"the page that a page lies in",
         "page_content_updated",
         {.watch = {"0d2104cd477e80e18571cfd10e923aaa"}},
         ""},
        {"the page that a comment is about",
         "comment_created",
         {.watch = {"0ef104cd-477e-80e1-8571-cfd10e92339a"}},
         ""},
        {"the database of a data source",
         "data_source_schema_updated",
         {.watch = {DATABASE}},
         ""},
        {"a deleted database", "database_deleted", {.watch = {DATABASE}}, ""},
        {"a file lies nowhere",
         "file_upload_completed",
         {.watch = {DATABASE}},
         "database not watched"},
        {"the short body", "short", {.watch = {DATABASE}}, ""},
        {"the short body, another one",
         "short",
         {.watch = {DATA_SOURCE}},
         "database not watched"},

        {"that type", "page_created", {.types = {"page.created"}}, ""},
        {"with the source's name",
         "page_created",
         {.types = {"notion.page.created"}},
         ""},
        {"a pattern", "page_created", {.types = {"page.*"}}, ""},
        {"a pattern with the source's name",
         "page_created",
         {.types = {"notion.*"}},
         ""},
        {"everything", "page_created", {.types = {"*"}}, ""},
        {"another type",
         "page_created",
         {.types = {"page.deleted", "database.*"}},
         "type not watched"},
        {"page.updated is two types",
         "page_properties_updated",
         {.types = {"page.updated"}},
         ""},
        {"the other of them",
         "page_content_updated",
         {.types = {"notion.page.updated"}},
         ""},
        {"and itself", "short", {.types = {"page.updated"}}, ""},
        {"but not a deletion",
         "page_deleted",
         {.types = {"page.updated"}},
         "type not watched"},
        {"database.updated is also that of data sources",
         "data_source_schema_updated",
         {.types = {"database.updated"}},
         ""},

        {"all authors are ours",
         "file_upload_completed",
         {.authors = {"x", "0EF2E75549128096"
                           "91C100376A88A5CA"}},
         "own change"},
        {"one of them is not",
         "page_properties_updated",
         {.authors = {BOT}},
         ""},
        {"both are",
         "page_properties_updated",
         {.authors = {BOT, PERSON}},
         "own change"},
        {"no authors are not ours", "unknown_type", {.authors = {BOT}}, ""},
        {"the user of the short body",
         "short",
         {.authors = {PERSON}},
         "own change"},
        {"what nobody watches is not ours either",
         "file_upload_completed",
         {.watch = {DATABASE}, .authors = {BOT}},
         "database not watched"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char file[128];
        struct buf body;
        const char *got;

        snprintf(file, sizeof(file), "inbound_notion_%s.json", rows[i].file);
        body = golden_read(file);
        got =
            judge("notion", &rows[i].lists, buf_slice(&body), NULL, NULL, NULL);
        if (strcmp(got, rows[i].want) != 0)
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim, got);
        CU_ASSERT_STRING_EQUAL(got, rows[i].want);
        buf_free(&body);
    }
}

/* Names have to be asked for; until then nobody can say no. */
static void
test_names(void)
{
    static const struct {
        const char *claim, *file, *watch[LISTS];
        const char *name; /* of the database; NULL: not known */
        const char *want, *unnamed;
    } rows[] = {
        {"not known",
         "page_created",
         {"People & Contacts"},
         NULL,
         "",
         "database 36cc9195760f4fffa67e3a46c559b176"},
        {"known",
         "page_created",
         {"People & Contacts"},
         "People & Contacts",
         "",
         ""},
        {"known as another",
         "page_created",
         {"People & Contacts"},
         "Actionable Tasks",
         "database not watched",
         ""},
        {"compared exactly",
         "page_created",
         {"People & Contacts"},
         "people & contacts",
         "database not watched",
         ""},
        {"known to have none",
         "page_created",
         {"x"},
         "",
         "database not watched",
         ""},
        {"only ids are listed: nothing to ask",
         "page_created",
         {PAGE "0", DATA_SOURCE},
         "PAGE",
         "database not watched",
         ""},
        {"the id decides", "page_created", {"x", DATABASE}, NULL, "", ""},
        {"a page in a page has no name to ask for",
         "page_content_updated",
         {"x"},
         NULL,
         "database not watched",
         ""},
        {"a data source has one of its own",
         "data_source_schema_updated",
         {"x"},
         NULL,
         "",
         "data_source 98024e3cb1b64a4ba4b02e9f1c0e5b11"},
        {"a database has its own", "database_deleted", {"x"}, "x", "", ""},
        {"the short body",
         "short",
         {"x"},
         NULL,
         "",
         "database 36cc9195760f4fffa67e3a46c559b176"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct inbound_names *names = inbound_names_new();
        struct lists lists = {.watch = {NULL}};
        char file[128], unnamed[64];
        struct buf body;
        const char *got;

        memcpy(lists.watch, rows[i].watch, sizeof(lists.watch));
        inbound_names_add(names, 4, SLICE(DATABASE),
                          SLICE("of another source"));
        if (rows[i].name != NULL)
            inbound_names_add(names, 5, SLICE(DATABASE),
                              slice_of(rows[i].name));
        snprintf(file, sizeof(file), "inbound_notion_%s.json", rows[i].file);
        body = golden_read(file);
        got = judge("notion", &lists, buf_slice(&body), NULL, names, unnamed);
        if (strcmp(got, rows[i].want) != 0 ||
            strcmp(unnamed, rows[i].unnamed) != 0)
            fprintf(stderr, "\n%s: got %s, %s\n", rows[i].claim, got, unnamed);
        CU_ASSERT_STRING_EQUAL(got, rows[i].want);
        CU_ASSERT_STRING_EQUAL(unnamed, rows[i].unnamed);
        buf_free(&body);
        inbound_names_free(names);
    }
}

/* A data source may have a name where its database has another one. */
static void
test_name_of_a_data_source(void)
{
    struct lists lists = {.watch = {"Tasks"}};
    struct inbound_names *names = inbound_names_new();
    struct buf body =
        golden_read("inbound_notion_page_properties_updated.json");

    inbound_names_add(names, 5, SLICE(DATABASE), SLICE("Everything"));
    CU_ASSERT_STRING_EQUAL(
        judge("notion", &lists, buf_slice(&body), NULL, names, NULL),
        "database not watched");
    inbound_names_add(names, 5, SLICE(DATA_SOURCE), SLICE("Tasks"));
    CU_ASSERT_STRING_EQUAL(
        judge("notion", &lists, buf_slice(&body), NULL, names, NULL), "");
    buf_free(&body);
    inbound_names_free(names);
}

static void
test_other_providers(void)
{
    static const struct {
        const char *claim, *provider, *body, *header;
        struct lists lists;
        const char *want;
    } rows[] = {
        {"a table", "supabase", "users", NULL, {.watch = {"users"}}, ""},
        {"with its schema",
         "supabase",
         "users",
         NULL,
         {.watch = {"public.users"}},
         ""},
        {"another table",
         "supabase",
         "users",
         NULL,
         {.watch = {"user", "Users", "auth.users"}},
         "table not watched"},
        {"a type", "supabase", "users", NULL, {.types = {"users.insert"}}, ""},
        {"another type",
         "supabase",
         "users",
         NULL,
         {.types = {"*.delete", "page.updated"}},
         "type not watched"},
        {"an alias of another provider",
         "supabase",
         "page",
         NULL,
         {.types = {"page.updated"}},
         "type not watched"},
        {"what GitHub's event is about",
         "github",
         "{\"repository\":{\"full_name\":\"a/"
         "b\"},\"sender\":{\"login\":\"me\"}}",
         "X-GitHub-Event: push",
         {.watch = {"a/b"}},
         ""},
        {"another repository",
         "github",
         "{\"repository\":{\"full_name\":\"a/c\"}}",
         "X-GitHub-Event: push",
         {.watch = {"a/b"}},
         "table not watched"},
        {"its kind of record",
         "github",
         "{\"action\":\"opened\",\"issue\":{\"id\":1}}",
         "X-GitHub-Event: issues",
         {.watch = {"issues"}},
         ""},
        {"who did it",
         "github",
         "{\"sender\":{\"login\":\"me\",\"id\":7}}",
         "X-GitHub-Event: push",
         {.authors = {"7"}},
         "own change"},
        {"somebody else did it",
         "github",
         "{\"sender\":{\"login\":\"you\",\"id\":8}}",
         "X-GitHub-Event: push",
         {.authors = {"me", "7"}},
         ""},
        {"nobody says who did it",
         "github",
         "{}",
         "X-GitHub-Event: push",
         {.authors = {"me"}},
         ""},
        {"a provider that never says",
         "stripe",
         "{\"type\":\"a.b\"}",
         NULL,
         {.authors = {"me"}},
         ""},
        {"nothing to compare with",
         "hmac",
         "{}",
         NULL,
         {.watch = {"x"}},
         "table not watched"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf body = BUF_INIT(MAX);
        const char *got;

        if (strcmp(rows[i].provider, "supabase") == 0)
            buf_addf(&body,
                     "{\"type\":\"%s\",\"table\":\"%s\",\"record\":"
                     "{\"id\":1}}",
                     strcmp(rows[i].body, "page") == 0 ? "UPDATE" : "INSERT",
                     rows[i].body);
        else
            buf_add_text(&body, rows[i].body);
        got = judge(rows[i].provider, &rows[i].lists, buf_slice(&body),
                    rows[i].header, NULL, NULL);
        if (strcmp(got, rows[i].want) != 0)
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim, got);
        CU_ASSERT_STRING_EQUAL(got, rows[i].want);
        buf_free(&body);
    }
}

static void
test_remembering_names(void)
{
    struct inbound_names *names = inbound_names_new();
    char id[32];
    size_t i;

    CU_ASSERT_PTR_NULL(inbound_names_find(NULL, 1, SLICE("a")).ptr);
    CU_ASSERT_PTR_NULL(inbound_names_find(names, 1, SLICE("a")).ptr);
    inbound_names_add(names, 1, SLICE(DATABASE), SLICE("first"));
    inbound_names_add(names, 1, SLICE("36CC9195760F4FFFA67E3A46C559B176"),
                      SLICE("second"));
    CU_ASSERT(
        slice_is(inbound_names_find(names, 1, SLICE(DATABASE)), "second"));
    CU_ASSERT_PTR_NULL(inbound_names_find(names, 2, SLICE(DATABASE)).ptr);
    inbound_names_add(names, 1, SLICE("gone"), SLICE_NONE);
    CU_ASSERT(slice_is(inbound_names_find(names, 1, SLICE("gone")), ""));

    for (i = 0; i < INBOUND_NAMES_MAX; i++) {
        snprintf(id, sizeof(id), "%zu", (i * 7919) % INBOUND_NAMES_MAX);
        inbound_names_add(names, 3, slice_of(id), slice_of(id));
    }
    /* Two were there, so two had no room. */
    CU_ASSERT(slice_is(inbound_names_find(names, 3, SLICE("7919")), "7919"));
    CU_ASSERT_PTR_NULL(inbound_names_find(names, 3, slice_of(id)).ptr);
    inbound_names_add(names, 3, SLICE("0"), SLICE("new"));
    CU_ASSERT(slice_is(inbound_names_find(names, 3, SLICE("0")), "new"));
    inbound_names_free(names);
    inbound_names_free(NULL);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"Notion", test_notion},
        {"names", test_names},
        {"the name of a data source", test_name_of_a_data_source},
        {"other providers", test_other_providers},
        {"remembering names", test_remembering_names},
        CU_TEST_INFO_NULL,
    };

    return unit_run("inbound_watch", tests);
}
