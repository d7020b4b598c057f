/*
 * json_schema.h - does a JSON value have the form that a JSON Schema says?
 *
 * A schema is compiled once, and never changes then. Known are, with the
 * meaning of JSON Schema 2020-12:
 *
 *   any value  type (a word or a list), enum, const
 *   number     minimum maximum exclusiveMinimum exclusiveMaximum multipleOf
 *   string     minLength maxLength (code points), pattern (regexp.h)
 *   array      items prefixItems minItems maxItems uniqueItems
 *   object     properties required additionalProperties patternProperties
 *              propertyNames minProperties maxProperties
 *   together   allOf anyOf oneOf not, if then else, $ref to a place in the
 *              same schema ("#", "#/$defs/name"), true and false as schemas
 *
 * What only describes is read over: title, description, default, examples,
 * format, $comment, $schema, $id at the top, readOnly, writeOnly, deprecated,
 * contentEncoding, contentMediaType, and names that begin with "x-". Every
 * other word is refused when the schema is compiled: a check that somebody has
 * asked for is never left out silently.
 *
 * Numbers are compared exactly, with all their digits: 1 and 1.0 are equal,
 * and both are integers. Of a name that stands twice in an object every value
 * is checked. How much work a check may be is bounded by the size of the value;
 * what needs more is refused.
 */
#ifndef JSON_SCHEMA_H
#define JSON_SCHEMA_H

#include "json.h"
#include "problem.h"
#include "slice.h"

#include <stdbool.h>

#define JSON_SCHEMA_TEXT_MAX 65536   /* bytes, without white space */
#define JSON_SCHEMA_NODES_MAX 2000   /* schemas within the schema */
#define JSON_SCHEMA_STEPS_MAX 500000 /* of all its expressions (regexp.h) */

struct json_schema; /* opaque, for any number of threads */

/*
 * text: accepted by json_read(). NULL: problems say where in it and what, below
 * field: ["body","schema","properties","id"].
 */
struct json_schema *json_schema_compile(struct slice text, const char *field,
                                        struct problems *problems)
    __attribute__((warn_unused_result));
void json_schema_free(struct json_schema *schema);

/* False: problems say where in the value and what, below field. value: accepted
   by json_read(). */
bool json_schema_check(const struct json_schema *schema,
                       struct json_value value, const char *field,
                       struct problems *problems)
    __attribute__((warn_unused_result));

#endif /* JSON_SCHEMA_H */
