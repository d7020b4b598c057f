/*
 * res_source_secrets.c - the secrets of a source: a new one, one that the
 * provider sends, and an operator's word that it is the right one.
 */
#include "res_source_impl.h"

#include <openssl/crypto.h>

static void
check_secret(const struct body_value *value, void *context,
             struct problems *problems)
{
    (void)context;
    (void)source_form_check_secret(slice_make(value->text, value->text_len),
                                   value->name, problems);
}

/* Bodies of the requests about one secret; no body at all is fine. */
enum { TOKEN_SECRET, TOKEN_FLAG, TOKEN_FIELDS };

static const struct body_field rotate_fields[TOKEN_FIELDS] = {
    {.name = "secret",
     .type = BODY_STR,
     .rules = BODY_NULLABLE,
     .max = VERIFIER_SECRET_BYTES,
     .check = check_secret},
    {.name = "drop_others", .type = BODY_BOOL, .rules = BODY_NULLABLE},
};
static const struct body_field confirm_fields[] = {
    {.name = "keep_secrets", .type = BODY_BOOL, .rules = BODY_NULLABLE},
};

static bool
read_fields(struct exchange *exchange, const struct body_field *table,
            size_t count, struct body_value *values)
{
    static const struct body_options options = {false, NULL};
    struct slice body = buf_slice(&exchange->request->body);
    struct problems problems = {.count = 0};

    if (!resource_check_body(exchange,
                             (size_t)exchange->app->settings->max_body))
        return false;
    if (body.len == 0 ||
        body_read(body, table, count, &options, values, &problems))
        return true;
    reply_problems(exchange->reply, &problems);
    body_free(values, count);
    return false;
}

void
res_source_rotate(struct exchange *exchange)
{
    struct body_value values[TOKEN_FIELDS] = {{0}};
    enum source_action action = SOURCE_DONE;
    struct source_ref ref = res_source_ref(exchange);
    struct source_made made = {0};
    struct slice secret = SLICE_NONE;
    enum db_result result;
    struct db *db;

    if (!read_fields(exchange, rotate_fields, TOKEN_FIELDS, values))
        return;
    if (values[TOKEN_SECRET].given)
        secret = slice_make(values[TOKEN_SECRET].text,
                            values[TOKEN_SECRET].text_len);
    db = resource_db(exchange);
    if (db != NULL) {
        result = store_source_rotate(
            db, exchange->app->sealer, resource_owner(exchange), &ref, secret,
            values[TOKEN_FLAG].number != 0, &made, &action);
        res_source_show_changed(exchange, db, result, action, &ref,
                                secret.ptr == NULL ? made.secret : NULL);
    }
    if (values[TOKEN_SECRET].text != NULL)
        OPENSSL_cleanse(values[TOKEN_SECRET].text,
                        values[TOKEN_SECRET].text_len);
    body_free(values, TOKEN_FIELDS);
    OPENSSL_cleanse(&made, sizeof(made));
}

void
res_source_await_token(struct exchange *exchange)
{
    enum source_action action = SOURCE_DONE;
    struct source_ref ref = res_source_ref(exchange);
    struct db *db = resource_db(exchange);
    enum db_result result;

    if (db == NULL)
        return;
    result = store_source_await(db, resource_owner(exchange), &ref, &action);
    res_source_show_changed(exchange, db, result, action, &ref, NULL);
}

void
res_source_confirm(struct exchange *exchange)
{
    enum source_action action = SOURCE_DONE;
    struct source_ref ref = res_source_ref(exchange);
    struct source_made made = {0};
    struct body_value keep = {0};
    enum db_result result;
    struct db *db;

    if (!read_fields(exchange, confirm_fields, 1, &keep))
        return;
    db = resource_db(exchange);
    if (db != NULL) {
        result = store_source_confirm(db, exchange->app->sealer,
                                      resource_owner(exchange), &ref,
                                      keep.number != 0, &made, &action);
        /* Notion wants the token back: it is entered there. */
        res_source_show_changed(exchange, db, result, action, &ref,
                                made.secret);
    }
    body_free(&keep, 1);
    OPENSSL_cleanse(&made, sizeof(made));
}
