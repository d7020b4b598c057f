/*
 * insert.c - see insert.h.
 */
#include "insert.h"

#include "sql.h"

#include <string.h>

#define PIECE_BYTES 1000000 /* a statement is sent once it is that long */
#define ROW_BYTES 1024      /* more than the fixed columns of any row */

void
insert_begin(struct insert *insert, struct db *db, const char *head,
             const char *tail)
{
    *insert = (struct insert){
        .db = db,
        .head = head,
        .tail = tail,
        .packet = db_max_packet(db),
        .result = DB_OK,
    };
    buf_init(&insert->sql, insert->packet);
}

static void
send(struct insert *insert)
{
    if (insert->sql.len == 0 || insert->result != DB_OK)
        return;
    sql_raw(&insert->sql, insert->tail);
    insert->result = buf_ok(&insert->sql)
                         ? db_exec(insert->db, buf_slice(&insert->sql), NULL)
                         : DB_BROKEN;
    buf_clear(&insert->sql);
}

void
insert_row(struct insert *insert, size_t bytes)
{
    /* Every byte may need an escape. */
    size_t need = 2 * bytes + ROW_BYTES + strlen(insert->tail);

    if (insert->sql.len > PIECE_BYTES ||
        insert->sql.len + need > insert->packet)
        send(insert);
    if (insert->sql.len == 0)
        sql_raw(&insert->sql, insert->head);
    else
        sql_raw(&insert->sql, ",");
    sql_raw(&insert->sql, "(");
    insert->rows++;
}

void
insert_row_end(struct insert *insert)
{
    sql_raw(&insert->sql, ")");
}

enum db_result
insert_finish(struct insert *insert)
{
    send(insert);
    buf_free(&insert->sql);
    return insert->result;
}
