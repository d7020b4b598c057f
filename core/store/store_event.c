/*
 * store_event.c - the SQL of an ingest batch.
 */
#include "store_event.h"

#include "alloc.h"
#include "id.h"
#include "sql.h"

#include <string.h>

#define ROW_BYTES 256 /* the fixed columns of an event, separators included */
#define JOB_BYTES 128
#define KEY_BYTES 128
#define ID_SQL_BYTES 48 /* of one id in a derived table */

static const char events_head[] =
    "INSERT INTO events (id,application_id,source_id,type,verified,test,"
    "relayed,external_id,channels,ordering_key,metadata,payload) VALUES ";

static const char jobs_head[] =
    "INSERT INTO jobs (id,kind,test,shard,lane,event_id,next_retry_at) VALUES ";

static const char keys_head[] =
    "INSERT INTO dedupe (slot,hash,event_id,matched) VALUES ";

/* The row that is there stays as it is. */
static const char keys_tail[] =
    " ON DUPLICATE KEY UPDATE event_id=dedupe.event_id";

void
store_event_add(struct script *script, const struct new_event *event,
                uint64_t id)
{
    size_t bytes = ROW_BYTES + event->type.len + event->external_id.len +
                   event->channels_json.len + event->ordering_key.len +
                   event->metadata.len + event->payload.len;
    struct buf *sql = script_row(script, events_head, "", bytes);

    sql_raw(sql, "(");
    sql_u64(sql, id);
    sql_raw(sql, ",");
    sql_u64(sql, event->application_id);
    sql_raw(sql, ",");
    sql_u64(sql, event->source_id);
    sql_raw(sql, ",");
    sql_text(sql, event->type);
    sql_raw(sql, ",");
    sql_bool(sql, event->verified);
    sql_raw(sql, ",");
    sql_bool(sql, event->test);
    sql_raw(sql, ",");
    sql_bool(sql, event->route == ROUTE_PROCESS_MATCH);
    sql_raw(sql, ",");
    sql_text(sql, event->external_id);
    sql_raw(sql, ",");
    sql_text(sql, event->channels_json);
    sql_raw(sql, ",");
    sql_text(sql, event->ordering_key);
    sql_raw(sql, ",");
    sql_bytes(sql, event->metadata);
    sql_raw(sql, ",");
    sql_bytes(sql, event->payload);
    sql_raw(sql, ")");
}

void
store_event_add_job(struct script *script, const struct store_new_job *job)
{
    struct buf *sql = script_row(script, jobs_head, "", JOB_BYTES);

    sql_raw(sql, "(");
    sql_u64(sql, job->id);
    sql_raw(sql, ",");
    sql_u64(sql, job->kind);
    sql_raw(sql, ",");
    sql_bool(sql, job->test);
    sql_raw(sql, ",");
    sql_u64(sql, lane_shard(job->lane));
    sql_raw(sql, ",");
    sql_u64(sql, job->lane);
    sql_raw(sql, ",");
    sql_u64(sql, job->event_id);
    sql_raw(sql, ",");
    /* A time that is past (none at all, too) is now. */
    if (job->place_us != 0)
        sql_time(sql, job->place_us);
    else if (job->deliver_at_us <= id_time_us(job->id))
        sql_raw(sql, "DEFAULT"); /* now */
    else
        sql_time(sql, job->deliver_at_us);
    sql_raw(sql, ")");
}

static void
add_hash(struct buf *sql, const uint8_t *hash)
{
    sql_bytes(sql, slice_make(hash, 32));
}

static void
add_keys(struct script *script, unsigned slot, const struct store_key *keys,
         size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        struct buf *sql = script_row(script, keys_head, keys_tail, KEY_BYTES);

        sql_raw(sql, "(");
        sql_u64(sql, slot);
        sql_raw(sql, ",");
        add_hash(sql, keys[i].hash);
        sql_raw(sql, ",");
        sql_u64(sql, keys[i].event_id);
        sql_raw(sql, ",");
        sql_u64(sql, keys[i].matched);
        sql_raw(sql, ")");
    }
}

/* By ranges of the primary key, whatever the statistics of a table that has
   just been emptied say. */
static void
add_select(struct buf *sql, const struct dedupe_slots *slots,
           const struct store_key *keys, size_t count)
{
    size_t i;

    sql_raw(sql, "SELECT slot,hash,event_id,matched,job_id FROM dedupe "
                 "FORCE INDEX (PRIMARY) WHERE slot IN (");
    for (i = 0; i < slots->write_count; i++) {
        sql_u64(sql, slots->write[i]);
        sql_raw(sql, ",");
    }
    for (i = 0; i < DEDUPE_DAYS; i++) {
        sql_raw(sql, i == 0 ? "" : ",");
        sql_u64(sql, slots->earlier[i]);
    }
    sql_raw(sql, ") AND hash IN (");
    for (i = 0; i < count; i++) {
        if (i > 0)
            sql_raw(sql, ",");
        add_hash(sql, keys[i].hash);
    }
    sql_raw(sql, ")");
}

enum db_result
store_event_claim_keys(struct script *script, const struct dedupe_slots *slots,
                       const struct store_key *keys, size_t count,
                       struct store_found_key **found, size_t *found_count)
{
    const struct slice *row;
    struct db_rows *rows = NULL;
    enum db_result result;
    size_t i;

    for (i = 0; i < slots->write_count; i++)
        add_keys(script, slots->write[i], keys, count);
    add_select(script_statement(script), slots, keys, count);
    result = script_query(script, &rows);
    if (result != DB_OK)
        return result;
    *found = xcalloc(db_rows_count(rows), sizeof(**found));
    for (i = 0; (row = db_rows_next(rows)) != NULL;) {
        struct store_found_key *one = &(*found)[i];

        if (row[1].len != sizeof(one->hash))
            continue;
        one->slot = (unsigned)db_u64(row[0], 0);
        memcpy(one->hash, row[1].ptr, sizeof(one->hash));
        one->event_id = db_u64(row[2], 0);
        one->matched = (uint32_t)db_u64(row[3], 0);
        one->job_id = db_u64(row[4], 0);
        i++;
    }
    *found_count = i;
    db_rows_free(rows);
    return DB_OK;
}

void
store_event_unclaim_key(struct script *script, unsigned slot,
                        const struct store_key *key)
{
    struct buf *sql = script_statement(script);

    sql_raw(sql, "DELETE FROM dedupe WHERE slot=");
    sql_u64(sql, slot);
    sql_raw(sql, " AND hash=");
    add_hash(sql, key->hash);
    sql_raw(sql, " AND event_id=");
    sql_u64(sql, key->event_id);
}

enum db_result
store_event_count_there(struct db *db, const uint64_t *ids, size_t count,
                        size_t *there)
{
    struct buf sql = BUF_INIT(ROW_BYTES + count * ID_SQL_BYTES);
    struct db_rows *rows;
    enum db_result result;

    sql_raw(&sql, "SELECT e.id FROM ");
    sql_id_table(&sql, ids, count);
    sql_raw(&sql, " x STRAIGHT_JOIN events e ON e.id=x.id "
                  "LOCK IN SHARE MODE");
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    *there = db_rows_count(rows);
    db_rows_free(rows);
    return DB_OK;
}
