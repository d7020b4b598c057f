/*
 * list_query.c - see list_query.h.
 */
#include "list_query.h"

#include "nearest.h"
#include "resource.h"

#include <stdio.h>
#include <string.h>

#define NAMES_MAX 16     /* of one list */
#define SHOWN_BYTES 100  /* of a name that is not known */
#define WORDING_MAX 1024 /* bytes of what is said about it */

#define PAGE "limit", "cursor"
#define RANGE "since", "until"
#define DELIVERIES                                                             \
    "status", "event_type", "event", "response_code", "error_class",           \
        "subscription", "subscription_id", "webhook_id", RANGE, PAGE

static const struct list {
    const char *path;
    const char *names[NAMES_MAX + 1]; /* ends with NULL */
} lists[] = {
    {"/api/applications", {PAGE}},
    {"/api/deliveries", {DELIVERIES}},
    {"/api/event-types", {"archived", PAGE}},
    {"/api/events/history", {"event_type", "event", "source", RANGE, PAGE}},
    {"/api/records",
     {"source", "table", "deleted", "updated_since", "record_id", PAGE}},
    {"/api/records/search", {"q", "source", "table", "limit"}},
    {"/api/records/{source}/{table}",
     {"deleted", "updated_since", "record_id", PAGE}},
    {"/api/replays", {"status", PAGE}},
    {"/api/sources", {PAGE}},
    {"/api/sources/{id}/rejections", {"reason", "status", PAGE}},
    {"/api/webhooks", {PAGE}},
    {"/api/webhooks/{id}/deliveries", {DELIVERIES}},
};

static const struct list *
find_list(const char *path)
{
    size_t i;

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        if (strcmp(lists[i].path, path) == 0)
            return &lists[i];
    return NULL;
}

static bool
knows(const struct list *list, const char *name)
{
    const char *const *known;

    for (known = list->names; *known != NULL; known++)
        if (strcmp(*known, name) == 0)
            return true;
    return false;
}

/* What may have been meant; nothing is like it: all there are. */
static void
refuse(struct exchange *exchange, const struct list *list, const char *name)
{
    struct buf msg = BUF_INIT(WORDING_MAX);
    char shown[SHOWN_BYTES + 1];
    const char *const *known;
    struct nearest nearest;

    (void)snprintf(shown, sizeof(shown), "%s", name);
    nearest_begin(&nearest, shown);
    for (known = list->names; *known != NULL; known++)
        nearest_offer(&nearest, *known);
    buf_add_text(&msg, "extra fields not permitted; ");
    if (nearest.found != NULL)
        buf_addf(&msg, "did you mean '%s'?", nearest.found);
    for (known = list->names; nearest.found == NULL && *known != NULL; known++)
        buf_addf(&msg, "%s'%s'", known == list->names ? "permitted: " : ", ",
                 *known);
    resource_bad_query(exchange, shown, "value_error.extra", msg.data);
    buf_free(&msg);
}

bool
list_query_check(struct exchange *exchange, const char *path)
{
    const struct slice pairs = exchange->request->query_pairs;
    const struct list *list = pairs.len == 0 ? NULL : find_list(path);
    const char *name = pairs.ptr;

    /* name NUL value NUL ... */
    while (list != NULL && name < pairs.ptr + pairs.len) {
        const char *value = name + strlen(name) + 1;

        if (!knows(list, name)) {
            refuse(exchange, list, name);
            return false;
        }
        name = value + strlen(value) + 1;
    }
    return true;
}
