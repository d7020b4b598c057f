/*
 * test_trigger_rule.c - unit tests for core/source/trigger_rule.c
 */
#include "trigger_rule.h"

#include "alloc.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* *why: "WHERE: MESSAGE (TYPE)" of each problem, with "; " between. */
static struct trigger_rule_list *
read_rules(const char *json, struct buf *why)
{
    struct problems *problems = xcalloc(1, sizeof(*problems));
    struct trigger_rule_list *rules =
        trigger_rule_read(slice_of(json), problems);
    size_t i;

    buf_clear(why);
    for (i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];

        buf_add_text(why, i == 0 ? "" : "; ");
        problem_add_where(problem, why);
        buf_addf(why, ": %s (%s)", problem->msg, problem->type);
    }
    CU_ASSERT_EQUAL(rules == NULL, problems->count > 0);
    free(problems);
    return rules;
}

static void
test_a_whole_rule(void)
{
    struct buf why = BUF_INIT(4096);
    struct trigger_rule_list *rules =
        read_rules("[{\"name\":\"task_completed\",\"on\":[\"notion.page.*\"],"
                   "\"tables\":[\"tasks\"],"
                   "\"when\":{\"new\":{\"status\":\"Done\"}},"
                   "\"changed\":[\"status\"],\"emit\":\"task.completed\","
                   "\"action\":\"notify_assignee\",\"wait\":true},"
                   "{\"name\":\"links\",\"on\":[\"*\"],\"refresh\":\"related\","
                   "\"refresh_table\":\"people\",\"action\":null},"
                   "{\"name\":\"plain-1\",\"on\":[\"a.b\"]}]",
                   &why);

    CU_ASSERT_STRING_EQUAL(buf_slice(&why).ptr, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(rules);
    CU_ASSERT_EQUAL_FATAL(rules->count, 3);
    CU_ASSERT_STRING_EQUAL(rules->list[0].name, "task_completed");
    CU_ASSERT_STRING_EQUAL(rules->list[0].emit, "task.completed");
    CU_ASSERT_STRING_EQUAL(rules->list[0].action, "notify_assignee");
    CU_ASSERT_STRING_EQUAL(rules->list[0].changed.list[0], "status");
    CU_ASSERT_PTR_NOT_NULL(rules->list[0].when);
    CU_ASSERT_TRUE(rules->list[0].wait);
    CU_ASSERT_PTR_NULL(rules->list[1].emit); /* it refreshes */
    CU_ASSERT_PTR_NULL(rules->list[1].action);
    CU_ASSERT_STRING_EQUAL(rules->list[1].refresh, "related");
    CU_ASSERT_STRING_EQUAL(rules->list[1].refresh_table, "people");
    CU_ASSERT_STRING_EQUAL(rules->list[2].emit, "trigger.plain-1");
    CU_ASSERT_FALSE(rules->list[2].wait);
    trigger_rule_list_free(rules);
    rules = read_rules(" [] ", &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rules);
    CU_ASSERT_EQUAL(rules->count, 0);
    trigger_rule_list_free(rules);
    buf_free(&why);
}

static void
test_what_is_wrong(void)
{
    static const struct {
        const char *claim;
        const char *json;
        const char *want; /* stands in the reason */
    } rows[] = {
        {"no JSON", "[", "(value_error.jsondecode)"},
        {"no list", "{\"name\":\"a\",\"on\":[\"a\"]}",
         "list type expected (type_error.list)"},
        {"an item that is no object", "[1]",
         "0: value is not a valid dict (type_error.dict)"},
        {"no name", "[{\"on\":[\"a\"]}]", "0.name: field required"},
        {"a name with a space", "[{\"name\":\"a b\",\"on\":[\"a\"]}]",
         "0.name: has letters"},
        {"no types", "[{\"name\":\"a\"}]", "0.on: field required"},
        {"an empty list of types", "[{\"name\":\"a\",\"on\":[]}]", "0.on: "},
        {"a pattern that is none", "[{\"name\":\"a\",\"on\":[\"a.*.b\"]}]",
         "0.on.0: is no event type"},
        {"a filter that is none",
         "[{\"name\":\"a\",\"on\":[\"a\"]},"
         "{\"name\":\"b\",\"on\":[\"a\"],\"when\":{\"new\":{\"x\":{\"$no\":1}}}"
         "}]",
         "1.when: $.new.x.$no"},
        {"a type to emit that is a pattern",
         "[{\"name\":\"a\",\"on\":[\"a\"],\"emit\":\"a.*\"}]",
         "0.emit: is no event type"},
        {"a name twice",
         "[{\"name\":\"a\",\"on\":[\"a\"]},{\"name\":\"a\",\"on\":[\"b\"]}]",
         "1.name: another rule has it"},
        {"to wait for nothing",
         "[{\"name\":\"a\",\"on\":[\"a\"],\"refresh\":\"x\",\"wait\":true}]",
         "0.wait: needs \"emit\""},
        {"a table without a refresh",
         "[{\"name\":\"a\",\"on\":[\"a\"],\"refresh_table\":\"x\"}]",
         "0.refresh_table: needs \"refresh\""},
        {"an unknown member", "[{\"name\":\"a\",\"on\":[\"a\"],\"if\":1}]",
         "0.if: extra fields not permitted"},
        {"wait as a text", "[{\"name\":\"a\",\"on\":[\"a\"],\"wait\":\"yes\"}]",
         "0.wait: "},
        {"several at once, of several rules",
         "[{\"on\":[\"a\"],\"emit\":\"a.*\",\"if\":1},"
         "{\"name\":\"b\",\"on\":[\"a\"]},"
         "{\"name\":\"b\",\"on\":[\"a\"],\"refresh_table\":\"x\",\"when\":1}]",
         "0.name: field required (value_error.missing); "
         "0.emit: is no event type (value_error.event_type); "
         "0.if: extra fields not permitted (value_error.extra); "
         "2.when: dict type expected (type_error.dict)"},
        {"a rule that fits no other, twice",
         "[{\"name\":\"b\",\"on\":[\"a\"]},"
         "{\"name\":\"b\",\"on\":[\"a\"],\"refresh_table\":\"x\","
         "\"when\":{\"a\":{\"$no\":1}}}]",
         "1.name: another rule has it (value_error.trigger); "
         "1.refresh_table: needs \"refresh\" (value_error.trigger); "
         "1.when: $.a.$no"},
    };
    struct buf why = BUF_INIT(4096);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct trigger_rule_list *rules = read_rules(rows[i].json, &why);

        if (rules != NULL || strstr(buf_slice(&why).ptr, rows[i].want) == NULL)
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim,
                    buf_slice(&why).ptr);
        CU_ASSERT_PTR_NULL(rules);
        CU_ASSERT_PTR_NOT_NULL(strstr(buf_slice(&why).ptr, rows[i].want));
        trigger_rule_list_free(rules);
    }
    buf_free(&why);
}

static void
test_rules_are_bounded(void)
{
    struct buf json = BUF_INIT(65536), why = BUF_INIT(4096);
    struct trigger_rule_list *rules;
    int i;

    for (i = 0; i <= TRIGGER_RULES_MAX; i++)
        buf_addf(&json, "%s{\"name\":\"r%d\",\"on\":[\"a\"]}",
                 i == 0 ? "[" : ",", i);
    buf_add_char(&json, ']');
    rules = read_rules(json.data, &why);
    CU_ASSERT_PTR_NULL(rules);
    CU_ASSERT_STRING_EQUAL(why.data, ": ensure this value has at most 50 items "
                                     "(value_error.list.max_items)");
    trigger_rule_list_free(rules);
    buf_free(&json);
    buf_free(&why);
}

static void
test_what_a_rule_is_for(void)
{
    static const struct {
        const char *claim;
        const char *rule;
        const char *type, *table, *title;
        bool want;
    } rows[] = {
        {"its type", "\"on\":[\"crm.users.insert\"]", "crm.users.insert",
         "users", NULL, true},
        {"another type", "\"on\":[\"crm.users.insert\"]", "crm.users.update",
         "users", NULL, false},
        {"a pattern", "\"on\":[\"x\",\"crm.*\"]", "crm.users.update", "users",
         NULL, true},
        {"its table", "\"on\":[\"*\"],\"tables\":[\"users\"]", "a", "users",
         NULL, true},
        {"another table", "\"on\":[\"*\"],\"tables\":[\"users\"]", "a",
         "orders", NULL, false},
        {"its table by the name people know",
         "\"on\":[\"*\"],\"tables\":[\"Tasks\"]", "a", "1f0d", "Tasks", true},
        {"an id with dashes, one without",
         "\"on\":[\"*\"],\"tables\":[\"1F0D9A2B-0000-4000-8000-00000000ABCD\"]",
         "a", "1f0d9a2b00004000800000000000abcd", NULL, true},
        {"dashes matter where it is no such id",
         "\"on\":[\"*\"],\"tables\":[\"a-b\"]", "a", "ab", NULL, false},
        {"no table where one is wanted",
         "\"on\":[\"*\"],\"tables\":[\"users\"]", "a", "", NULL, false},
    };
    struct buf why = BUF_INIT(4096), json = BUF_INIT(4096);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct trigger_rule_list *rules;
        bool got;

        buf_clear(&json);
        buf_addf(&json, "[{\"name\":\"r\",%s}]", rows[i].rule);
        rules = read_rules(json.data, &why);
        CU_ASSERT_PTR_NOT_NULL_FATAL(rules);
        got = trigger_rule_is_for(&rules->list[0], slice_of(rows[i].type),
                                  slice_of(rows[i].table),
                                  slice_of(rows[i].title));
        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %d\n", rows[i].claim, got);
        CU_ASSERT_EQUAL(got, rows[i].want);
        trigger_rule_list_free(rules);
    }
    buf_free(&why);
    buf_free(&json);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a whole rule", test_a_whole_rule},
        {"what is wrong", test_what_is_wrong},
        {"rules are bounded", test_rules_are_bounded},
        {"what a rule is for", test_what_a_rule_is_for},
        CU_TEST_INFO_NULL,
    };

    return unit_run("trigger_rule", tests);
}
