/*
 * res_source_stats.c - what a source has sent, in figures.
 */
#include "res_source_impl.h"

#include "clock.h"
#include "store_receiving.h"

static enum db_result
read_figures(struct db *db, uint32_t source_id, struct buf *json)
{
    const int64_t day_ago_us = clock_wall_us() - CLOCK_US_PER_DAY;
    struct receiving_figures day, total;
    enum db_result result =
        store_receiving_read(db, source_id, day_ago_us, &day);

    if (result == DB_OK)
        result = store_receiving_read(db, source_id, 0, &total);
    if (result != DB_OK)
        return result;
    buf_add_text(json, "{\"last_24h\":");
    receiving_figures_print(&day, json);
    buf_add_text(json, ",\"total\":");
    receiving_figures_print(&total, json);
    buf_add_char(json, '}');
    return DB_OK;
}

void
res_source_stats(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct source_ref ref = res_source_ref(exchange);
    struct db *db = resource_db(exchange);
    struct source_row row;
    enum db_result result;

    if (db == NULL)
        return;
    result = store_source_get(db, exchange->app->sealer,
                              resource_owner(exchange), &ref, &row);
    if (result == DB_OK) {
        result = read_figures(db, row.id, &json);
        source_row_free(&row);
    }
    if (resource_done(exchange, db, result, RES_SOURCE_MISSING))
        resource_send(exchange, &json);
    else
        buf_free(&json);
}
