/*
 * member_path.h - members of a record by path: "status", "properties.Status".
 */
#ifndef MEMBER_PATH_H
#define MEMBER_PATH_H

#include "json.h"
#include "slice.h"

#include <stdbool.h>

/*
 * A dot leads into a member that is an object; a member whose own name has
 * dots is found as well, and first. record: text that json_read() has
 * accepted, or absent. False, *value untouched: there is none.
 */
bool member_path_find(struct slice record, struct slice path,
                      struct json_value *value);

#endif /* MEMBER_PATH_H */
