/*
 * record_key.c - see record_key.h.
 */
#include "record_key.h"

#include "sql.h"

#include <string.h>

static int
compare_text(struct slice a, struct slice b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.ptr, b.ptr, shorter);

    if (order != 0)
        return order;
    return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

int
record_key_compare(const struct record_key *a, const struct record_key *b)
{
    int order;

    if (a->source_id != b->source_id)
        return a->source_id < b->source_id ? -1 : 1;
    order = compare_text(a->table, b->table);
    return order != 0 ? order : compare_text(a->record_id, b->record_id);
}

void
record_key_add(struct buf *sql, const struct record_key *key, bool first)
{
    sql_raw(sql, first ? "(SELECT " : " UNION ALL SELECT ");
    sql_u64(sql, key->source_id);
    sql_raw(sql, first ? " s," : ",");
    sql_text(sql, key->table);
    sql_raw(sql, first ? " COLLATE utf8mb4_nopad_bin t," : ",");
    sql_text(sql, key->record_id);
    sql_raw(sql, first ? " COLLATE utf8mb4_nopad_bin r" : "");
}
