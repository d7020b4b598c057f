/*
 * subscription_columns.c - what a form says about a subscription, as columns of
 * its row.
 */
#include "subscription_columns.h"

#include "json.h"
#include "sql.h"
#include "subscription_batch.h"

/* How a field of the form becomes a column. A null, and an empty list, stand
   for the default of the column. */
enum writer { WRITE_TEXT, WRITE_NUMBER, WRITE_WORD, WRITE_JSON, WRITE_LIST };

static const struct {
    enum subscription_field field;
    const char *column;
    enum writer writer;
} columns[] = {
    {FORM_URL, "url", WRITE_TEXT},
    {FORM_DESCRIPTION, "description", WRITE_TEXT},
    {FORM_ACTIVE, "active", WRITE_NUMBER},
    {FORM_RETRY_COUNT, "retry_count", WRITE_NUMBER},
    {FORM_RETRY_DELAY, "retry_delay", WRITE_NUMBER},
    {FORM_TIMEOUT, "timeout_s", WRITE_NUMBER},
    {FORM_METADATA, "metadata", WRITE_JSON},
    {FORM_FORMAT, "format", WRITE_WORD},
    {FORM_CHANNELS, "channels", WRITE_LIST},
    {FORM_MAX_CONCURRENCY, "max_concurrency", WRITE_NUMBER},
    {FORM_RETRY_SCHEDULE, "retry_schedule", WRITE_LIST},
    {FORM_RATE_LIMIT, "rate_limit", WRITE_NUMBER},
    {FORM_ORDERING, "ordering", WRITE_WORD},
    {FORM_ON_EXHAUSTED, "on_exhausted", WRITE_WORD},
    {FORM_TEMPLATE, "template", WRITE_TEXT},
    {FORM_TEMPLATE_TYPE, "template_type", WRITE_WORD},
    {FORM_CLOUDEVENTS_SOURCE, "cloudevents_source", WRITE_TEXT},
    {FORM_FILTER, "filter", WRITE_JSON},
    {FORM_SIGNATURE_HEADERS, "signature_headers", WRITE_WORD},
    {FORM_TTL, "ttl_s", WRITE_NUMBER},
    {FORM_CAPTURE, "capture_responses", WRITE_NUMBER},
};

static void
add_json(struct buf *sql, struct slice raw)
{
    struct buf json = BUF_INIT(raw.len + 1);

    json_minify(raw, &json);
    sql_text(sql, buf_slice(&json));
    buf_free(&json);
}

static void
add_value(struct buf *sql, enum writer writer,
          const struct subscription_form *form, enum subscription_field field)
{
    const struct body_value *value = &form->value[field];

    if (value->null || (writer == WRITE_LIST && value->item_count == 0)) {
        sql_raw(sql, "DEFAULT");
        return;
    }
    switch (writer) {
    case WRITE_TEXT:
        sql_text(sql, slice_make(value->text, value->text_len));
        break;
    case WRITE_NUMBER:
        sql_i64(sql, value->number);
        break;
    case WRITE_WORD:
        sql_text(sql, slice_of(subscription_form_word(form, field)));
        break;
    case WRITE_JSON:
    case WRITE_LIST:
        add_json(sql, value->raw);
        break;
    }
}

static bool
given(const struct subscription_form *form, enum subscription_field field)
{
    return form->value[field].given || form->value[field].null;
}

static void
add_batch(struct buf *sql, const struct subscription_form *form)
{
    const struct body_value *value = &form->value[FORM_BATCH];
    struct problems problems = {.count = 0};
    struct subscription_batch batch;

    if (value->null || subscription_batch_ends(form)) {
        sql_raw(sql, ", batch_size = DEFAULT, batch_wait_ms = DEFAULT");
    } else if (value->given && subscription_batch_read("batch", value->raw,
                                                       &batch, &problems)) {
        sql_raw(sql, ", batch_size = ");
        sql_u64(sql, batch.max_size);
        sql_raw(sql, ", batch_wait_ms = ");
        sql_u64(sql, batch.max_wait_ms);
    }
}

void
subscription_columns_add(struct buf *sql, const struct subscription_form *form)
{
    const struct body_value *active = &form->value[FORM_ACTIVE];
    size_t i;

    for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        if (!given(form, columns[i].field))
            continue;
        sql_raw(sql, ", ");
        sql_raw(sql, columns[i].column);
        sql_raw(sql, " = ");
        add_value(sql, columns[i].writer, form, columns[i].field);
    }
    /* A text and its type belong together. */
    if (given(form, FORM_TEMPLATE) && !given(form, FORM_TEMPLATE_TYPE))
        sql_raw(sql, ", template_type = DEFAULT");
    add_batch(sql, form);
    if (active->null || (active->given && active->number == 1))
        sql_raw(sql, ", disabled_reason = NULL, disabled_at = NULL");
}
