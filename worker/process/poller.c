/*
 * poller.c - see poller.h: the questions.
 */
#include "poller.h"
#include "fetch_impl.h"
#include "poll_name.h"
#include "poll_position.h"

#include "clock.h"
#include "inbound_id.h"
#include "member.h"
#include "source_defaults.h"

#include <string.h>

#define VERSION_DATABASE "2022-06-28"
#define VERSION_DATA_SOURCE "2025-09-03"
#define VERSION_FIELD "updated_at" /* where the source names none */

static bool
is_notion(const struct source *source)
{
    return strcmp(source->provider, "notion") == 0;
}

bool
poll_is_wanted(const struct source *source, const struct settings *settings)
{
    return source->options.poll_s > 0 &&
           source->options.poll_tables.count > 0 && source->options.mirror &&
           (is_notion(source) || strcmp(source->provider, "supabase") == 0) &&
           source_effective_api_url(source, settings) != NULL &&
           source_effective_api_key(source, settings) != NULL;
}

void
poll_begin(const struct source *source, int64_t now_us,
           char position[POLL_POSITION_MAX + 1])
{
    struct poll_position start = {.skip = 0};
    char text[CLOCK_TEXT_MAX];

    (void)source;
    clock_format_rfc3339(now_us, text);
    memcpy(start.high, text, strlen(text) + 1);
    poll_position_print(&start, position);
}

/* --- Supabase ---------------------------------------------------------------- */

static const char *
version_field(const struct source *source)
{
    return source->options.version_field != NULL ? source->options.version_field
                                                 : VERSION_FIELD;
}

/* False: the table cannot be named in a URL. */
static bool
build_postgrest(const struct source *source, const char *key,
                const struct poll_order *order, struct request *request)
{
    struct slice field = slice_of(version_field(source));
    struct buf *url = &request->url;
    char from[POLL_VERSION_MAX + 1];
    struct poll_position position;
    struct slice schema, table;

    poll_position_read(slice_of(order->position), &position);
    poll_position_start(&position, false, from);
    if (position.at[0] != '\0')
        memcpy(from, position.at, sizeof(from));
    fetch_split_table(slice_of(order->table), &schema, &table);
    request->get = true;
    buf_add_text(url, "/rest/v1/");
    if (!fetch_add_segment(url, table))
        return false;
    buf_add_char(url, '?');
    if (from[0] != '\0') {
        fetch_add_encoded(url, field);
        buf_add_text(url, "=gte.");
        fetch_add_encoded(url, slice_of(from));
        buf_add_char(url, '&');
    }
    buf_add_text(url, "order=");
    fetch_add_encoded(url, field);
    buf_add_text(url, ".asc");
    fetch_postgrest_order(source, order->table, url);
    buf_addf(url, "&select=*&limit=%d", POLL_PAGE);
    if (position.skip > 0)
        buf_addf(url, "&offset=%u", (unsigned)position.skip);
    fetch_postgrest_headers(key, schema, request);
    return true;
}

/* --- Notion ------------------------------------------------------------------- */

static void
add_query(const struct poll_position *position, struct buf *body)
{
    char from[POLL_VERSION_MAX + 1];

    poll_position_start(position, true, from);
    buf_addf(body,
             "{\"page_size\":%d,\"sorts\":[{\"timestamp\":"
             "\"last_edited_time\",\"direction\":\"ascending\"}]",
             POLL_PAGE);
    if (from[0] != '\0') {
        buf_add_text(body, ",\"filter\":{\"timestamp\":\"last_edited_time\","
                           "\"last_edited_time\":{");
        member_text(body, "on_or_after", from);
        buf_add_text(body, "}}");
    }
    if (position->cursor[0] != '\0')
        member_text(body, "start_cursor", position->cursor);
    buf_add_char(body, '}');
}

static bool
build_notion(const char *key, const struct poll_order *order,
             struct request *request)
{
    struct slice version = SLICE(VERSION_DATA_SOURCE);
    struct poll_position position;
    struct buf *url = &request->url;
    bool named = true;

    poll_position_read(slice_of(order->position), &position);
    if (poll_name_is_open(order, &position)) {
        buf_add_text(url, "/v1/search");
        poll_name_question(order, &position, &request->body);
    } else {
        if (position.database)
            version = SLICE(VERSION_DATABASE);
        buf_add_text(url, position.database ? "/v1/databases/"
                                            : "/v1/data_sources/");
        named =
            fetch_add_segment(url, slice_of(poll_name_id(order, &position)));
        buf_add_text(url, "/query");
        add_query(&position, &request->body);
    }
    request_add_header(request, "Content-Type", SLICE("application/json"));
    fetch_notion_headers(key, version, request);
    return named;
}

enum obstacle
poll_build(const struct source *source, const struct settings *settings,
           const struct poll_order *order, struct request *request)
{
    const char *key = source_effective_api_key(source, settings);
    bool named;

    if (order == NULL || !poll_is_wanted(source, settings))
        return OBSTACLE_NO_QUESTION;
    fetch_add_base(&request->url, source_effective_api_url(source, settings));
    if (!request_expect_nothing(request))
        return OBSTACLE_INTERNAL;
    if (is_notion(source))
        named = build_notion(key, order, request);
    else
        named = build_postgrest(source, key, order, request);
    return named && buf_ok(&request->url) ? OBSTACLE_NONE : OBSTACLE_BAD_URL;
}
