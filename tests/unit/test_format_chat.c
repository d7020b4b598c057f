/*
 * test_format_chat.c - unit tests for core/outgoing/format_slack.c,
 * format_discord.c and notice.c
 */
#include "format.h"

#include "golden.h"
#include "json.h"
#include "notice.h"
#include "unit.h"

#define MAX 300000

/* Made at 2026-01-01T15:00:00.234Z. */
#define ID UINT64_C(132498064341487623)
#define ALERT                                                                  \
    "{\"title\":\"High CPU Usage\",\"description\":\"CPU usage <exceeded> 90%" \
    " & more\",\"color\":\"warning\",\"host\":\"web1\",\"load\":[1,2.50]}"
#define MESSAGE                                                                \
    "{\"text\":\"Deployment completed!\",\"channel\":\"#deployments\"}"
#define ORDER                                                                  \
    "{\"id\":9007199254740993,\"price\":12.50,\"name\":\"Zo\xc3\xab "          \
    "\\\"q\\\" \\u00e9\"}"

static struct format_event
make_event(const char *type, const char *data)
{
    return (struct format_event){
        .id = ID, .type = slice_of(type), .data = slice_of(data)};
}

static struct buf
written(enum payload_format format, const char *type, const char *data)
{
    struct format_event event = make_event(type, data);
    struct buf out = BUF_INIT(format_body_max(format, &event));
    struct json_value value;

    format_body(format, &event, &out);
    CU_ASSERT_TRUE(buf_ok(&out));
    CU_ASSERT_TRUE(json_read(buf_slice(&out), &value, NULL));
    return out;
}

static void
test_golden_bodies(void)
{
    static const struct {
        enum payload_format format;
        const char *type, *data, *golden;
    } rows[] = {
        {FORMAT_SLACK, "process.completed", MESSAGE, "body_slack_message.json"},
        {FORMAT_SLACK, "alert.triggered", ALERT, "body_slack_alert.json"},
        {FORMAT_SLACK, "order.created", ORDER, "body_slack_event.json"},
        {FORMAT_DISCORD, "process.completed", MESSAGE,
         "body_discord_message.json"},
        {FORMAT_DISCORD, "alert.triggered", ALERT, "body_discord_alert.json"},
        {FORMAT_DISCORD, "order.created", ORDER, "body_discord_event.json"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf body = written(rows[i].format, rows[i].type, rows[i].data);

        golden_compare(rows[i].golden, buf_slice(&body));
        buf_free(&body);
    }
}

static void
test_what_is_a_message(void)
{
    static const struct {
        const char *data;
        bool message;
    } rows[] = {
        {"{\"text\":\"a\"}", true},
        {"{\"message\":\"a\"}", true},
        {"{\"content\":\"a\",\"username\":\"b\"}", true},
        {"{\"text\":5}", true},
        {"{\"text\":{\"a\":1}}", false},
        {"{\"text\":null}", false},
        {"{\"text\":\"a\",\"title\":\"b\"}", false},
        {"{\"text\":\"a\",\"color\":\"good\"}", false},
        {"{\"text\":\"a\",\"host\":\"b\"}", false},
        {"{\"description\":\"a\"}", false},
        {"{}", false},
        {"\"a\"", false},
        {"[1]", false},
        {"null", false},
        {NULL, false},
    };
    struct notice notice;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct format_event event = make_event("t", rows[i].data);

        notice_read(&event, &notice);
        if (notice.message != rows[i].message)
            fprintf(stderr, "\n%s\n", rows[i].data);
        CU_ASSERT_EQUAL(notice.message, rows[i].message);
    }
}

static void
test_colours(void)
{
    static const struct {
        const char *type, *data;
        enum notice_tone tone;
        uint32_t color;
    } rows[] = {
        {"a.b", "{\"color\":\"good\"}", NOTICE_GOOD, 0x2eb886},
        {"a.b", "{\"color\":\"DANGER\"}", NOTICE_DANGER, 0xa30200},
        {"a.b", "{\"color\":\"#36a64F\"}", NOTICE_COLOR, 0x36a64f},
        {"a.b", "{\"color\":\"0x00FF00\"}", NOTICE_COLOR, 0x00ff00},
        {"a.b", "{\"color\":65280}", NOTICE_COLOR, 0x00ff00},
        {"a.b", "{\"color\":0}", NOTICE_COLOR, 0},
        {"a.b", "{\"color\":16777216}", NOTICE_PLAIN, 0},
        {"a.b", "{\"color\":\"#36a64\"}", NOTICE_PLAIN, 0},
        {"a.b", "{\"color\":\"#36a64g\"}", NOTICE_PLAIN, 0},
        {"a.b", "{\"color\":\"1x00FF00\"}", NOTICE_PLAIN, 0},
        {"a.b", "{\"severity\":\"critical\"}", NOTICE_DANGER, 0xa30200},
        {"a.b", "{\"level\":\"Warn\"}", NOTICE_WARNING, 0xdaa038},
        {"a.failed", "{\"color\":\"good\"}", NOTICE_GOOD, 0x2eb886},
        {"a.failed", "{}", NOTICE_DANGER, 0xa30200},
        {"failed", "[]", NOTICE_DANGER, 0xa30200},
        {"failed.a", "{}", NOTICE_PLAIN, 0},
        {"a.", "{}", NOTICE_PLAIN, 0},
    };
    struct notice notice;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct format_event event = make_event(rows[i].type, rows[i].data);

        notice_read(&event, &notice);
        if (notice.tone != rows[i].tone)
            fprintf(stderr, "\n%s %s: %d\n", rows[i].type, rows[i].data,
                    notice.tone);
        CU_ASSERT_EQUAL(notice.tone, rows[i].tone);
        if (notice.tone == rows[i].tone && notice.tone != NOTICE_PLAIN)
            CU_ASSERT_EQUAL(notice_color(&notice), rows[i].color);
    }
}

/* UTF-16 units of a JSON string. */
static size_t
units_of(struct slice quoted)
{
    struct buf text = BUF_INIT(MAX);
    size_t units = 0, i;

    json_decode_string(quoted, &text);
    for (i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if ((c & 0xc0) != 0x80)
            units += c >= 0xf0 ? 2 : 1;
    }
    buf_free(&text);
    return units;
}

/* Units of all strings in a value that stand under one of those names. */
static size_t
count_texts(struct json_value value, const char *const *names)
{
    struct json_member member;
    size_t at = 0, sum = 0, i;

    while ((value.type == JSON_OBJECT || value.type == JSON_ARRAY) &&
           json_next(value.text, &at, &member)) {
        sum += count_texts(member.value, names);
        for (i = 0; names[i] != NULL; i++) {
            if (value.type == JSON_OBJECT && slice_is(member.name, names[i]) &&
                member.value.type == JSON_STRING)
                sum += units_of(member.value.text);
        }
    }
    return sum;
}

static struct buf
repeat(const char *before, const char *piece, size_t times, const char *after)
{
    struct buf out = BUF_INIT(MAX);
    size_t i;

    buf_add_text(&out, before);
    for (i = 0; i < times; i++)
        buf_add_text(&out, piece);
    buf_add_text(&out, after);
    return out;
}

static struct json_value
member(struct json_value object, const char *name)
{
    struct json_value value = {JSON_NULL, SLICE("null")};

    CU_ASSERT_TRUE(json_find(object.text, name, &value));
    return value;
}

static void
message_has(enum payload_format format, const char *piece, const char *name,
            size_t want)
{
    struct buf data =
        repeat("{\"text\":\"", piece, 45000 / strlen(piece), "\"}");
    struct buf body = written(format, "t", data.data);
    struct json_value value;

    CU_ASSERT_TRUE(json_read(buf_slice(&body), &value, NULL));
    CU_ASSERT_EQUAL(units_of(member(value, name).text), want);
    buf_free(&body);
    buf_free(&data);
}

static void
test_messages_are_cut(void)
{
    message_has(FORMAT_SLACK, "a", "text", 40000);
    message_has(FORMAT_SLACK, "&", "text", 39996); /* whole entities and … */
    message_has(FORMAT_DISCORD, "a", "content", 2000);
    message_has(FORMAT_DISCORD, "\xf0\x9f\x98\x80", "content", 1999);
}

static void
test_embeds_are_cut(void)
{
    static const char *const names[] = {"title", "description", "name",
                                        "value", "text",        NULL};
    struct buf title = repeat("{\"title\":\"", "t", 9000, "\"");
    struct buf text = repeat(",\"description\":\"", "d", 9000, "\"");
    struct buf data = BUF_INIT(MAX), body;
    struct json_value value, embed, fields, item;
    struct json_member field;
    size_t at = 0, count = 0;
    int i;

    buf_add_slice(&data, buf_slice(&title));
    buf_add_slice(&data, buf_slice(&text));
    for (i = 0; i < 60; i++)
        buf_addf(&data, ",\"%0300d\":\"%02000d\"", i, i);
    buf_add_char(&data, '}');
    body = written(FORMAT_DISCORD, "a.failed", data.data);
    CU_ASSERT_TRUE(json_read(buf_slice(&body), &value, NULL));
    CU_ASSERT_TRUE(count_texts(value, names) <= 6000);
    CU_ASSERT_TRUE(count_texts(value, names) > 5700);
    embed = member(value, "embeds");
    CU_ASSERT_TRUE(json_next(embed.text, &at, &field));
    embed = field.value;
    CU_ASSERT_EQUAL(units_of(member(embed, "title").text), 256);
    CU_ASSERT_EQUAL(units_of(member(embed, "description").text), 4096);
    fields = member(embed, "fields");
    for (at = 0; json_next(fields.text, &at, &field); count++) {
        item = member(field.value, "name");
        CU_ASSERT_TRUE(units_of(item.text) > 0 && units_of(item.text) <= 256);
        item = member(field.value, "value");
        CU_ASSERT_TRUE(units_of(item.text) > 0 && units_of(item.text) <= 1024);
    }
    CU_ASSERT_TRUE(count > 0 && count <= 25);
    buf_free(&body);
    buf_free(&data);
    buf_free(&title);
    buf_free(&text);
}

static void
test_fields_are_few(void)
{
    static const struct {
        enum payload_format format;
        const char *list;
        size_t want;
    } rows[] = {
        {FORMAT_DISCORD, "embeds", 25},
        {FORMAT_SLACK, "attachments", 10},
    };
    struct buf data = BUF_INIT(MAX);
    struct json_value value;
    struct json_member item;
    size_t i, at, count;

    for (i = 0; i < 60; i++)
        buf_addf(&data, "%c\"m%zu\":%zu", i == 0 ? '{' : ',', i, i);
    buf_add_char(&data, '}');
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf body = written(rows[i].format, "t", data.data);

        CU_ASSERT_TRUE(json_read(buf_slice(&body), &value, NULL));
        at = 0;
        CU_ASSERT_TRUE(json_next(member(value, rows[i].list).text, &at, &item));
        value = member(item.value, "fields");
        for (at = 0, count = 0; json_next(value.text, &at, &item);)
            count++;
        CU_ASSERT_EQUAL(count, rows[i].want);
        buf_free(&body);
    }
    buf_free(&data);
}

static void
test_alerts_of_slack_are_cut(void)
{
    static const char *const names[] = {"title",  "text",     "value",
                                        "footer", "fallback", NULL};
    struct buf text = repeat("{\"description\":\"", "<", 9000, "\"");
    struct json_value value;
    struct buf body;
    int i;

    for (i = 0; i < 20; i++)
        buf_addf(&text, ",\"%0300d\":\"%03000d\"", i, i);
    buf_add_char(&text, '}');
    body = written(FORMAT_SLACK, "t", text.data);
    CU_ASSERT_TRUE(json_read(buf_slice(&body), &value, NULL));
    CU_ASSERT_TRUE(count_texts(value, names) <= 12000 + 10);
    CU_ASSERT_PTR_NOT_NULL(strstr(body.data, "&lt;\xe2\x80\xa6\""));
    buf_free(&body);
    buf_free(&text);
}

/* The services refuse what is empty. */
static void
test_nothing_is_empty(void)
{
    struct buf body = written(FORMAT_DISCORD, "t", "{\"text\":\" \\n\"}");

    CU_ASSERT_PTR_NOT_NULL(strstr(body.data, "{\"content\":\"t\","));
    buf_free(&body);
    body = written(FORMAT_SLACK, "t", "{\"text\":\"\"}");
    CU_ASSERT_STRING_EQUAL(body.data, "{\"text\":\"t\"}");
    buf_free(&body);
    body = written(FORMAT_DISCORD, "t", "{\"title\":\"\",\"\":\"\"}");
    CU_ASSERT_PTR_NOT_NULL(strstr(body.data, "{\"title\":\"t\","));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(body.data, "{\"name\":\"-\",\"value\":\"-\","));
    buf_free(&body);
}

static void
test_data_that_is_no_object_is_the_text(void)
{
    struct buf body = written(FORMAT_SLACK, "t", "[1,\"a\"]");

    CU_ASSERT_PTR_NOT_NULL(strstr(body.data, "\"text\":\"[1,\\\"a\\\"]\""));
    buf_free(&body);
    body = written(FORMAT_DISCORD, "t", "\"caf\\u00e9\"");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(body.data, "\"description\":\"caf\xc3\xa9\""));
    buf_free(&body);
    body = written(FORMAT_DISCORD, "t", NULL);
    CU_ASSERT_PTR_NULL(strstr(body.data, "description"));
    buf_free(&body);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"golden bodies", test_golden_bodies},
        {"what is a message", test_what_is_a_message},
        {"colours", test_colours},
        {"messages are cut", test_messages_are_cut},
        {"embeds are cut", test_embeds_are_cut},
        {"fields are few", test_fields_are_few},
        {"alerts of Slack are cut", test_alerts_of_slack_are_cut},
        {"nothing is empty", test_nothing_is_empty},
        {"data that is no object is the text",
         test_data_that_is_no_object_is_the_text},
        CU_TEST_INFO_NULL,
    };

    return unit_run("format_chat", tests);
}
