/*
 * catalog_event_type.c - event types whose data is checked: schemas, compiled
 * once for each version of a row.
 */
#include "catalog_impl.h"

#include "json_schema.h"
#include "log.h"
#include "store_catalog.h"

#include <stdlib.h>

#define LOGGER "postern.catalog"

static void
tell_unusable(const struct event_type *type, const struct problems *problems)
{
    struct buf where = BUF_INIT(1024);

    if (problems->count > 0)
        problem_add_where(&problems->list[0], &where);
    log_warning(LOGGER,
                LOG_FIELDS(LOG_TEXT("event_type", type->name),
                           LOG_SLICE("where", buf_slice(&where))),
                "The schema of an event type cannot be used, so no event of "
                "that type is accepted: %s",
                problems->count > 0 ? problems->list[0].msg : "it is no JSON");
    buf_free(&where);
}

void
catalog_event_type_fill(struct catalog_row *row,
                        const struct catalog_means *means,
                        const struct slice *cells)
{
    struct event_type *type = &row->event_type;
    struct problems problems;
    struct json_value json;

    (void)means;
    row->gone = db_u64(cells[TYPE_GONE], 0) != 0;
    type->id = row->id;
    type->version = db_u64(cells[TYPE_VERSION], 0);
    if (row->gone)
        return;
    type->name = catalog_text_of(cells[TYPE_NAME]);
    problems.count = 0;
    if (json_read(cells[TYPE_SCHEMA], &json, NULL))
        type->schema = json_schema_compile(json.text, "schema", &problems);
    if (type->schema == NULL)
        tell_unusable(type, &problems);
}

void
catalog_event_type_free(struct event_type *type)
{
    free(type->name);
    json_schema_free(type->schema);
}

bool
catalog_event_type_check(const struct event_type *type, struct slice data,
                         const char *field, struct problems *problems)
{
    if (type->schema != NULL)
        return json_schema_check(type->schema, json_accepted(data), field,
                                 problems);
    problem_add(problems, field, NULL, "value_error.json_schema",
                "the schema of this event type cannot be used");
    return false;
}
