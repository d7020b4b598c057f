/*
 * member.h - writing members of a JSON object into a buffer.
 *
 * A member adds the comma it needs by itself: none after an opening bracket.
 */
#ifndef MEMBER_H
#define MEMBER_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

/* ,"name": - a value or an opening bracket follows. */
void member_name(struct buf *out, const char *name);
void member_text(struct buf *out, const char *name, const char *text);
/* Bytes that are not UTF-8 become U+FFFD; absent gives null. */
void member_slice(struct buf *out, const char *name, struct slice text);
void member_u64(struct buf *out, const char *name, uint64_t value);
void member_u64_or_null(struct buf *out, const char *name,
                        uint64_t value); /* null for 0 */
void member_bool(struct buf *out, const char *name, bool value);
/* JSON as it stands; `otherwise` when text is NULL or "". */
void member_raw(struct buf *out, const char *name, struct slice json,
                const char *otherwise);
/* RFC 3339, or null for 0. */
void member_time(struct buf *out, const char *name, int64_t wall_us);
/* "dlv_...", or null for 0. */
void member_id(struct buf *out, const char *name, const char *prefix,
               uint64_t id);
/* At most three decimals, none that are zero. */
void member_real(struct buf *out, const char *name, double value);

/* The comma before the next item of an array, where one is needed. */
void member_next(struct buf *out);

#endif /* MEMBER_H */
