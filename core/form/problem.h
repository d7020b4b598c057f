/*
 * problem.h - what is wrong with a body, in FastAPI's 422 shape.
 *
 *   {"detail":[{"loc":["body","record_id"],"msg":"field required",
 *               "type":"value_error.missing"}]}
 *
 * Wording and type names are those of Pydantic 1; all problems of a body are
 * gathered, in field order. A list starts with count 0.
 */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "buf.h"
#include "json.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>

#define PROBLEM_MAX 32 /* more are not reported */
#define PROBLEM_LOC_PARTS 4
#define PROBLEM_DEEP_MAX 380 /* bytes */

struct problem {
    char loc[PROBLEM_LOC_PARTS][128];     /* after "body"; unused ones are "" */
    bool loc_is_index[PROBLEM_LOC_PARTS]; /* printed as a number */
    /* What follows behind loc, as JSON with a comma before each part:
       ,"order",3 */
    char deep[PROBLEM_DEEP_MAX + 1];
    char msg[512];
    char type[48];
};

struct problems {
    struct problem list[PROBLEM_MAX];
    size_t count;
};

/* field (and sub: a member within it, may be NULL) is where; field NULL is the
   body as a whole. Texts that do not fit are cut. */
void problem_add(struct problems *problems, const char *field, const char *sub,
                 const char *type, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The same deeper within a field: deep as in struct problem. */
void problem_add_deep(struct problems *problems, const char *field,
                      struct slice deep, const char *type, const char *format,
                      ...) __attribute__((format(printf, 5, 6)));

/* Appends where it is, for people: data.order.3 */
void problem_add_where(const struct problem *problem, struct buf *out);

/* The usual ones. */
void problem_missing(struct problems *problems, const char *field,
                     const char *sub);
void problem_null(struct problems *problems, const char *field,
                  const char *sub);
/* want: "str", "int", "dict", "list", "bool". */
void problem_type(struct problems *problems, const char *field, const char *sub,
                  const char *want);
/* permitted: "'insert', 'update', 'delete'". */
void problem_enum(struct problems *problems, const char *field, const char *sub,
                  const char *permitted);
void problem_extra(struct problems *problems, const char *field);
/* A text of len bytes is empty, or longer than max. */
void problem_length(struct problems *problems, const char *field,
                    const char *sub, size_t len, size_t max);
/* The body is JSON, but no object: loc ["body"]. */
void problem_not_object(struct problems *problems);
/* Broken JSON: loc ["body",OFFSET]. */
void problem_json(struct problems *problems, const struct json_error *error);

/* Puts a number in front of the loc of the problems from `first` on: what was
   found in item `index` of an array, ["body",3,"event"]. A full loc loses
   its last part. */
void problem_put_index(struct problems *problems, size_t first, size_t index);
/* The same with a name: of the list that the item is in. */
void problem_put_name(struct problems *problems, size_t first,
                      const char *name);

/* Appends what others have found, as far as there is room. */
void problem_join(struct problems *problems, const struct problems *others);

/* Appends the whole 422 body. */
void problem_print(const struct problems *problems, struct buf *out);

#endif /* PROBLEM_H */
