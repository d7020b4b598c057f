/*
 * svix_endpoint_parts.c - parts of an endpoint by themselves.
 */
#include "svix_endpoint_parts.h"

#include "header_allowed.h"
#include "json.h"
#include "member.h"
#include "sign.h"
#include "store_svix_endpoint.h"
#include "svix_endpoint_form.h"
#include "svix_reply.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SEGMENT 1 /* of the endpoint in the path */
#define GRACE_MAX_S 604800
#define HEADERS_JSON_MAX ((size_t)256 * 1024)
#define SECRET_PREFIX "whsec_"

static void
get_secret(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct buf secret = BUF_INIT(SIGN_SECRET_MAX + 1);
    uint32_t application_id, id;
    struct db *db = svix_endpoint_db(exchange, SEGMENT, &application_id, &id);
    enum db_result result;

    if (db == NULL)
        return;
    result = store_svix_endpoint_reveal(
        db, exchange->app->sealer, application_id, id, SVIX_SECRET, &secret);
    if (resource_done(exchange, db, result, SVIX_ENDPOINT_MISSING)) {
        buf_add_char(&json, '{');
        member_slice(&json, "key", buf_slice(&secret));
        buf_add_char(&json, '}');
        resource_send_status(exchange, 200, &json);
    }
    buf_wipe(&secret);
}

enum { ROTATE_KEY, ROTATE_GRACE, ROTATE_FIELDS };

/* ^(whsec_)?[a-zA-Z0-9+/=]{32,100}$ */
static void
check_key(const struct body_value *value, void *context,
          struct problems *problems)
{
    static const char letters[] = "+/=0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t skip =
        strncmp(value->text, SECRET_PREFIX, strlen(SECRET_PREFIX)) == 0
            ? strlen(SECRET_PREFIX)
            : 0;
    size_t len = strspn(value->text + skip, letters);

    (void)context;
    if (len + skip != value->text_len || len < 32 || len > 100)
        problem_add(problems, value->name, NULL, "value_error.str.regex",
                    "string does not match regex "
                    "\"^(whsec_)?[a-zA-Z0-9+/=]{32,100}$\"");
}

static const struct body_field rotate_fields[ROTATE_FIELDS] = {
    [ROTATE_KEY] = {.name = "key",
                    .type = BODY_STR,
                    .rules = BODY_NULLABLE,
                    .min = 1,
                    .max = 128,
                    .check = check_key},
    [ROTATE_GRACE] = {.name = "gracePeriodSeconds",
                      .type = BODY_INT,
                      .rules = BODY_NULLABLE,
                      .min = 0,
                      .max = GRACE_MAX_S},
};

static void
choose_secret(const struct body_value *key, char out[SIGN_SECRET_MAX + 1])
{
    char made[SIGN_SECRET_TEXT_MAX];
    bool whole = key->given &&
                 strncmp(key->text, SECRET_PREFIX, strlen(SECRET_PREFIX)) == 0;

    if (!key->given)
        sign_make_secret(made);
    (void)snprintf(out, SIGN_SECRET_MAX + 1, "%s%s",
                   key->given && !whole ? SECRET_PREFIX : "",
                   key->given ? key->text : made);
    OPENSSL_cleanse(made, sizeof(made));
}

static void
rotate_secret(struct exchange *exchange)
{
    struct body_value values[ROTATE_FIELDS] = {0};
    char secret[SIGN_SECRET_MAX + 1];
    uint32_t application_id, id, grace_s = SUBSCRIPTION_GRACE_S;
    enum db_result result;
    struct db *db;

    if (!svix_read_body(exchange, rotate_fields, ROTATE_FIELDS, false,
                        values) ||
        (db = svix_endpoint_db(exchange, SEGMENT, &application_id, &id)) ==
            NULL)
        goto out;
    if (values[ROTATE_GRACE].given)
        grace_s = (uint32_t)values[ROTATE_GRACE].number;
    choose_secret(&values[ROTATE_KEY], secret);
    result = store_subscription_rotate_to(db, exchange->app->sealer,
                                          application_id, id, grace_s, secret);
    if (resource_done(exchange, db, result, SVIX_ENDPOINT_MISSING))
        reply_empty(exchange->reply, 204);
    OPENSSL_cleanse(secret, sizeof(secret));
out:
    body_free(values, ROTATE_FIELDS);
}

/* Headers whose values Svix does not show. */
static bool
is_sensitive(struct slice name)
{
    static const char *const sensitive[] = {"Authorization",
                                            "Proxy-Authorization", "Cookie",
                                            "X-Api-Key", "Api-Key"};
    size_t i;

    for (i = 0; i < sizeof(sensitive) / sizeof(sensitive[0]); i++) {
        if (slice_is_nocase(name, sensitive[i]))
            return true;
    }
    return false;
}

/* object: the headers as they are stored, {"name":"value"}. */
static void
print_headers(struct slice object, struct buf *json)
{
    struct json_member member;
    size_t at;

    buf_add_text(json, "{\"headers\":{");
    for (at = 0; json_next(object, &at, &member);) {
        if (is_sensitive(member.name))
            continue;
        member_next(json);
        buf_addf(json, "\"%.*s\":%.*s", (int)member.name.len, member.name.ptr,
                 (int)member.value.text.len, member.value.text.ptr);
    }
    buf_add_text(json, "},\"sensitive\":[");
    for (at = 0; json_next(object, &at, &member);) {
        if (!is_sensitive(member.name))
            continue;
        member_next(json);
        buf_addf(json, "\"%.*s\"", (int)member.name.len, member.name.ptr);
    }
    buf_add_text(json, "]}");
}

static void
get_headers(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct buf headers = BUF_INIT(HEADERS_JSON_MAX);
    uint32_t application_id, id;
    struct db *db = svix_endpoint_db(exchange, SEGMENT, &application_id, &id);
    enum db_result result;

    if (db == NULL)
        return;
    result = store_svix_endpoint_reveal(
        db, exchange->app->sealer, application_id, id, SVIX_HEADERS, &headers);
    if (resource_done(exchange, db, result, SVIX_ENDPOINT_MISSING)) {
        print_headers(buf_slice(&headers), &json);
        resource_send_status(exchange, 200, &json);
    }
    buf_wipe(&headers);
}

enum { HEADERS_SET, HEADERS_DELETE, HEADERS_FIELDS };

static const struct body_field headers_fields[HEADERS_FIELDS] = {
    [HEADERS_SET] = {.name = "headers",
                     .type = BODY_DICT_STR,
                     .rules = BODY_REQUIRED,
                     .max = 20,
                     .item_min = 1,
                     .item_max = HEADER_VALUE_MAX},
    [HEADERS_DELETE] = {.name = "deleteHeaders",
                        .type = BODY_LIST_STR,
                        .rules = BODY_NULLABLE,
                        .max = 20,
                        .item_min = 1,
                        .item_max = 8192},
};

static bool
is_named(const struct body_value *list, struct slice name)
{
    size_t i;

    for (i = 0; i < list->item_count; i++) {
        const struct body_item *item = &list->items[i];
        const char *text = item->name != NULL ? item->name : item->text;

        if (slice_is_nocase(name, text))
            return true;
    }
    return false;
}

/* What stays of the old ones, and the new ones. */
static void
merge_headers(struct slice old, const struct body_value *values,
              struct buf *json)
{
    const struct body_value *set = &values[HEADERS_SET];
    struct json_member member;
    size_t at = 0, i;

    buf_add_char(json, '{');
    while (json_next(old, &at, &member)) {
        if (is_named(set, member.name) ||
            is_named(&values[HEADERS_DELETE], member.name))
            continue;
        member_next(json);
        buf_addf(json, "\"%.*s\":%.*s", (int)member.name.len, member.name.ptr,
                 (int)member.value.text.len, member.value.text.ptr);
    }
    for (i = 0; i < set->item_count; i++) {
        const struct body_item *item = &set->items[i];

        if (is_named(&values[HEADERS_DELETE],
                     slice_make(item->name, item->name_len)))
            continue;
        member_next(json);
        json_add_string(json, slice_make(item->name, item->name_len));
        buf_add_char(json, ':');
        json_add_string(json, slice_make(item->text, item->text_len));
    }
    buf_add_char(json, '}');
}

/* keeps: PATCH, which leaves the others as they are. */
static void
write_headers(struct exchange *exchange, bool keeps)
{
    size_t count = keeps ? HEADERS_FIELDS : HEADERS_DELETE;
    struct body_value values[HEADERS_FIELDS] = {0};
    struct svix_endpoint_form form = {.values = NULL};
    struct buf old = BUF_INIT(HEADERS_JSON_MAX);
    struct buf merged = BUF_INIT(2 * HEADERS_JSON_MAX);
    uint32_t application_id, id;
    enum db_result result = DB_OK;
    struct db *db = NULL;

    if (!svix_read_body(exchange, headers_fields, count, keeps, values) ||
        (db = svix_endpoint_db(exchange, SEGMENT, &application_id, &id)) ==
            NULL)
        goto out;
    if (keeps)
        result = store_svix_endpoint_reveal(
            db, exchange->app->sealer, application_id, id, SVIX_HEADERS, &old);
    merge_headers(buf_slice(&old), values, &merged);
    if (result == DB_OK &&
        !svix_endpoint_form_headers(&form, exchange, buf_slice(&merged))) {
        db_pool_give(exchange->app->pool, db);
        goto out;
    }
    if (result == DB_OK)
        result = store_subscription_update(
            db, exchange->app->sealer, &form.subscription, application_id, id);
    if (resource_done(exchange, db, result, SVIX_ENDPOINT_MISSING))
        reply_empty(exchange->reply, 204);
out:
    svix_endpoint_form_free(&form);
    body_free(values, HEADERS_FIELDS);
    buf_wipe(&old);
    buf_wipe(&merged);
}

static void
put_headers(struct exchange *exchange)
{
    write_headers(exchange, false);
}

static void
patch_headers(struct exchange *exchange)
{
    write_headers(exchange, true);
}

static void
stats(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    uint64_t counts[DELIVERY_STATUSES];
    uint32_t application_id, id;
    int64_t since_us, until_us;
    enum db_result result;
    struct db *db;

    if (!resource_time(exchange, "since", &since_us) ||
        !resource_time(exchange, "until", &until_us) ||
        (db = svix_endpoint_db(exchange, SEGMENT, &application_id, &id)) ==
            NULL)
        return;
    result = store_svix_endpoint_count(db, id, since_us, until_us, counts);
    if (!resource_done(exchange, db, result, SVIX_ENDPOINT_MISSING))
        return;
    buf_add_char(&json, '{');
    member_u64(&json, "success", counts[DELIVERY_SUCCESS]);
    member_u64(&json, "pending",
               counts[DELIVERY_PENDING] + counts[DELIVERY_RETRYING]);
    member_u64(&json, "sending", 0);
    member_u64(&json, "fail", counts[DELIVERY_FAILED]);
    member_u64(&json, "canceled",
               counts[DELIVERY_CANCELLED] + counts[DELIVERY_SKIPPED]);
    buf_add_char(&json, '}');
    resource_send(exchange, &json);
}

#define PATH "/api/v1/app/{app}/endpoint/{id}"

const struct route svix_endpoint_parts_routes[] = {
    {METHOD_GET, PATH "/secret", ACCESS_MANAGE, FAMILY_SVIX, false, get_secret},
    {METHOD_POST, PATH "/secret/rotate", ACCESS_MANAGE, FAMILY_SVIX, true,
     rotate_secret},
    {METHOD_GET, PATH "/headers", ACCESS_MANAGE, FAMILY_SVIX, false,
     get_headers},
    {METHOD_PUT, PATH "/headers", ACCESS_MANAGE, FAMILY_SVIX, false,
     put_headers},
    {METHOD_PATCH, PATH "/headers", ACCESS_MANAGE, FAMILY_SVIX, false,
     patch_headers},
    {METHOD_GET, PATH "/stats", ACCESS_READ, FAMILY_SVIX, false, stats},
};
const size_t svix_endpoint_parts_route_count =
    sizeof(svix_endpoint_parts_routes) / sizeof(svix_endpoint_parts_routes[0]);
