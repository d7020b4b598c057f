/*
 * problem.h - what is wrong with a body, in FastAPI's 422 shape.
 *
 *   {"detail":[{"loc":["body","record_id"],"msg":"field required",
 *               "type":"value_error.missing"}]}
 *
 * Wording and type names are those of Pydantic 1; all problems of a body are
 * gathered, in field order.
 */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "buf.h"
#include "json.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>

#define PROBLEM_MAX 32 /* more are not reported */

struct problem {
    char loc[3][128];  /* parts after "body"; unused ones are "" */
    bool loc_is_index[3]; /* printed as a number */
    char msg[256];
    char type[48];
};

struct problems {
    struct problem list[PROBLEM_MAX];
    size_t count;
};

/* field (and sub: a member within it, may be NULL) is where. msg may be a
   format. */
void problem_add(struct problems *problems, const char *field, const char *sub,
                 const char *type, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The usual ones. */
void problem_missing(struct problems *problems, const char *field,
                     const char *sub);
void problem_null(struct problems *problems, const char *field,
                  const char *sub);
/* want: "str", "int", "dict", "list", "bool". */
void problem_type(struct problems *problems, const char *field,
                  const char *sub, const char *want);
/* permitted: "'insert', 'update', 'delete'". */
void problem_enum(struct problems *problems, const char *field,
                  const char *sub, const char *permitted);
void problem_extra(struct problems *problems, const char *field);
/* Broken JSON: loc ["body",OFFSET]. */
void problem_json(struct problems *problems, const struct json_error *error);

/* Appends the whole 422 body. */
void problem_print(const struct problems *problems, struct buf *out);

#endif /* PROBLEM_H */
