/*
 * script.c - the statements of one transaction, sent in as few packets as
 * possible.
 */
#include "script.h"

#include "sql.h"

#define PACKET_BYTES ((size_t)1 << 20)
#define SPARE_BYTES 1024             /* for the tail and COMMIT */
#define KEPT_BYTES ((size_t)8 << 20) /* memory held between transactions */

static void
start(struct script *script, struct db *db)
{
    size_t packet = db_max_packet(db);

    buf_clear(&script->sql);
    script->db = db;
    script->sql.max = packet - SPARE_BYTES;
    script->limit = packet / 2 < PACKET_BYTES ? packet / 2 : PACKET_BYTES;
    script->sent = false;
    script->head = NULL;
    script->tail = "";
    script->result = DB_OK;
    script->count = 0;
}

void
script_begin(struct script *script, struct db *db)
{
    start(script, db);
    sql_raw(&script->sql, "BEGIN");
    script->count = 1;
}

void
script_join(struct script *script, struct db *db)
{
    start(script, db);
    script->sent = true;
}

/* Ends the INSERT that is open. The spare room keeps this from failing. */
static void
end_insert(struct script *script)
{
    if (script->head == NULL)
        return;
    script->sql.max += SPARE_BYTES;
    sql_raw(&script->sql, script->tail);
    script->sql.max -= SPARE_BYTES;
    script->head = NULL;
}

static void
send(struct script *script, bool commits, struct db_rows **rows)
{
    struct db_many many = {
        .count = script->count,
        .begins = !script->sent,
        .commits = commits,
        .rows = rows,
    };

    end_insert(script);
    if (!buf_ok(&script->sql))
        script->result = DB_BROKEN; /* a row larger than a packet may be */
    if (script->result == DB_OK && script->count > 0) {
        many.sql = buf_slice(&script->sql);
        script->result = db_exec_many(script->db, &many);
        script->sent = true;
    }
    buf_clear(&script->sql);
    script->count = 0;
}

static void
begin_statement(struct script *script)
{
    if (script->count++ > 0)
        sql_raw(&script->sql, ";");
}

struct buf *
script_row(struct script *script, const char *head, const char *tail,
           size_t bytes)
{
    /* Escaping may double it. */
    if (script->sql.len > script->limit ||
        script->sql.len + 2 * bytes > script->sql.max)
        send(script, false, NULL);
    if (script->head != head) {
        end_insert(script);
        begin_statement(script);
        sql_raw(&script->sql, head);
        script->head = head;
        script->tail = tail;
    } else {
        sql_raw(&script->sql, ",");
    }
    return &script->sql;
}

struct buf *
script_statement(struct script *script)
{
    if (script->sql.len > script->limit)
        send(script, false, NULL);
    end_insert(script);
    begin_statement(script);
    return &script->sql;
}

enum db_result
script_query(struct script *script, struct db_rows **rows)
{
    send(script, false, rows);
    return script->result;
}

enum db_result
script_commit(struct script *script)
{
    end_insert(script);
    begin_statement(script);
    script->sql.max += SPARE_BYTES;
    sql_raw(&script->sql, "COMMIT");
    script->sql.max -= SPARE_BYTES;
    send(script, true, NULL);
    if (script->result != DB_OK)
        script_rollback(script);
    return script->result;
}

static void
trim(struct script *script)
{
    if (script->sql.cap > KEPT_BYTES)
        buf_free(&script->sql);
}

enum db_result
script_end(struct script *script)
{
    send(script, false, NULL);
    trim(script);
    return script->result;
}

void
script_rollback(struct script *script)
{
    db_rollback(script->db);
    trim(script);
}

void
script_free(struct script *script)
{
    buf_free(&script->sql);
}
