/*
 * cache_key.h - the names under which others keep copies of a record: the
 * templates of a source's option `cache_keys`.
 *
 *   {source} {table} {id}         of the record
 *   {record.email}                a member of it: text, number, true or false
 *   {record.properties.Slug}      a member of a member
 *   {{                            a brace; '}' stands for itself
 */
#ifndef CACHE_KEY_H
#define CACHE_KEY_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>

#define CACHE_KEY_DEFAULT "{source}:{table}:{id}"
#define CACHE_KEY_MAX 1024 /* bytes of a key that is filled in */

/* What there is to fill in. */
struct cache_key_values {
    struct slice source;
    struct slice table;
    struct slice id;
    struct slice record; /* JSON that json_read() has accepted; or absent */
};

/* Appends the key. False, out as it was: the record has no such member or it
   holds something else, or the key is longer than CACHE_KEY_MAX. */
bool cache_key_add(const char *template, const struct cache_key_values *values,
                   struct buf *out) __attribute__((warn_unused_result));

/* NULL, or what is wrong with a template: one line. */
const char *cache_key_fault(const char *template);

#endif /* CACHE_KEY_H */
