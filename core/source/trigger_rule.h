/*
 * trigger_rule.h - what happens when a record becomes what somebody waits for:
 * the rules of a source's option `triggers`, read once.
 *
 * A JSON array of rules, at most TRIGGER_RULES_MAX:
 *
 *   [{"name": "task_completed",
 *     "on": ["notion.page.*"],
 *     "tables": ["1f0d..."],
 *     "when": {"old": {"properties": {"Status": {"$neq": "Done"}}},
 *              "new": {"properties": {"Status": "Done"}}},
 *     "changed": ["properties.Status"],
 *     "emit": "task.completed",
 *     "action": "notify_assignee",
 *     "wait": true}]
 *
 *   name      letters, digits, '_' and '-'; each name once
 *   on        event types or patterns (pattern.h); at least one
 *   tables    of these alone; absent = all
 *   when      a filter (filter.h) over {"old", "new", "event"}: the record
 *             before and after, null where there is none, and {"id", "type",
 *             "action", "source", "table", "record_id", "verified", "data"}
 *             with what came in as data
 *   changed   members of the record ("status", "properties.Status") of which
 *             one at least is not what it was
 *   emit      type of the event that is made; "trigger.NAME" unless given
 *   action    any text, handed on in the event
 *   wait      the inbound event is done when the deliveries of the made one are
 *   refresh   a member that names other records of the source (an id, a list of
 *             ids, or of objects with "id"; Notion's relation): they are
 *             fetched again. With it nothing is emitted, unless asked for.
 *   refresh_table   where those are; absent = the same table
 */
#ifndef TRIGGER_RULE_H
#define TRIGGER_RULE_H

#include "filter.h"
#include "problem.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>

#define TRIGGER_RULES_MAX 50
#define TRIGGER_NAME_MAX 64    /* bytes */
#define TRIGGER_LIST_MAX 50    /* entries of a list */
#define TRIGGER_ACTION_MAX 255 /* bytes */
#define TRIGGER_PATH_MAX 255   /* bytes of a member's path */

struct trigger_texts {
    char **list;
    size_t count;
};

struct trigger_rule {
    char *name;
    struct trigger_texts on;
    struct trigger_texts tables;
    struct trigger_texts changed;
    struct filter *when; /* or NULL */
    char *emit;          /* NULL: nothing is emitted */
    char *action;        /* or NULL */
    char *refresh;       /* or NULL */
    char *refresh_table; /* or NULL */
    bool wait;
};

struct trigger_rule_list {
    struct trigger_rule *list;
    size_t count;
};

/* NULL: problems say why, each at [INDEX, member]; all of them at once. */
struct trigger_rule_list *trigger_rule_read(struct slice json,
                                            struct problems *problems)
    __attribute__((warn_unused_result));
void trigger_rule_list_free(struct trigger_rule_list *rules);

/* Is the rule about events of that type, of that table? title: the table's
   name for people, or absent. Ids with and without dashes are the same. */
bool trigger_rule_is_for(const struct trigger_rule *rule, struct slice type,
                         struct slice table, struct slice title);

#endif /* TRIGGER_RULE_H */
