/*
 * fuzz_template.c - templates: any text compiles or is refused with a reason,
 * a JSON template gives JSON for any event, and paths find what a simple walk
 * finds.
 *
 * Input: a template, a border, data, a border, metadata, a border, a path.
 */
#include "fuzz.h"

#include "json.h"
#include "template.h"

#define ID UINT64_C(132498064341487623)
#define OUTPUT_MAX 262144

/* Of an array or object the member of that name; the last one. */
static bool
naive_step(struct json_value *value, struct slice name)
{
    struct json_value from = *value;
    struct json_member member;
    struct buf number = BUF_INIT(24);
    bool found = false;
    uint64_t index = 0;
    size_t at = 0;

    if (from.type != JSON_OBJECT && from.type != JSON_ARRAY)
        return false;
    for (; json_next(from.text, &at, &member); index++) {
        struct buf text = BUF_INIT(member.name.len);

        buf_clear(&number);
        buf_add_u64(&number, index);
        if (from.type == JSON_ARRAY)
            buf_add_slice(&text, SLICE_NONE);
        else
            json_decode_string(
                slice_make(member.name.ptr - 1, member.name.len + 2), &text);
        if (slice_equal(name, from.type == JSON_ARRAY ? buf_slice(&number)
                                                      : buf_slice(&text))) {
            *value = member.value;
            found = true;
        }
        buf_free(&text);
    }
    buf_free(&number);
    return found;
}

/* What {{json data.PATH}} must give. */
static struct slice
naive_find(struct slice data, struct slice path)
{
    struct json_value value;

    if (!json_read(data, &value, NULL))
        return SLICE("null");
    while (path.len > 0) {
        const char *dot = memchr(path.ptr, '.', path.len);
        size_t len = dot == NULL ? path.len : (size_t)(dot - path.ptr);

        if (!naive_step(&value, slice_make(path.ptr, len)))
            return SLICE("null");
        len += dot == NULL ? 0 : 1;
        path = slice_make(path.ptr + len, path.len - len);
    }
    return value.text;
}

static void
check_path(const struct format_event *event, struct slice path)
{
    struct buf text = BUF_INIT(TEMPLATE_TEXT_MAX), why = BUF_INIT(4096);
    struct buf out = BUF_INIT(OUTPUT_MAX);
    struct template *tmpl;

    /* Names in quotes are written in another way, and an index has few
       digits. */
    if (path.len == 0 || path.len > 64 || path.ptr[path.len - 1] == '.' ||
        memchr(path.ptr, '"', path.len) != NULL)
        return;
    buf_add_text(&text, "{{json data.");
    buf_add_slice(&text, path);
    buf_add_text(&text, "}}");
    tmpl = template_compile(buf_slice(&text), TEMPLATE_JSON, &why);
    if (tmpl != NULL && memmem(path.ptr, path.len, "}}", 2) == NULL &&
        memchr(path.ptr, ' ', path.len) == NULL &&
        memchr(path.ptr, '\n', path.len) == NULL &&
        memchr(path.ptr, '\r', path.len) == NULL &&
        memchr(path.ptr, '\t', path.len) == NULL) {
        template_render(tmpl, event, &out);
        FUZZ_CHECK(slice_equal(buf_slice(&out), naive_find(event->data, path)));
    }
    template_free(tmpl);
    buf_free(&text);
    buf_free(&why);
    buf_free(&out);
}

/* Without the bounds of json_read() on depth and on names at the top. */
static void
check_json(struct slice text)
{
    struct buf wrapped = BUF_INIT(text.len + 2);
    struct json_error error;
    struct json_value value;

    buf_add_char(&wrapped, '[');
    buf_add_slice(&wrapped, text);
    buf_add_char(&wrapped, ']');
    if (!json_read(buf_slice(&wrapped), &value, &error))
        FUZZ_CHECK(strstr(error.reason, "Nesting") != NULL);
    buf_free(&wrapped);
}

static void
check_render(const struct template *tmpl, enum template_kind kind,
             const struct format_event *event)
{
    struct buf one = BUF_INIT(OUTPUT_MAX), two = BUF_INIT(OUTPUT_MAX);

    template_render(tmpl, event, &one);
    template_render(tmpl, event, &two);
    FUZZ_CHECK(slice_equal(buf_slice(&one), buf_slice(&two)));
    FUZZ_CHECK(buf_ok(&one) == buf_ok(&two));
    FUZZ_CHECK(json_is_utf8(buf_slice(&one)) || !buf_ok(&one));
    if (kind == TEMPLATE_JSON && buf_ok(&one))
        check_json(buf_slice(&one));
    buf_free(&one);
    buf_free(&two);
}

static void
check_kind(struct slice text, enum template_kind kind,
           const struct format_event *event)
{
    struct buf why = BUF_INIT(TEMPLATE_WHY_MAX);
    struct template *tmpl = template_compile(text, kind, &why);

    FUZZ_CHECK(buf_ok(&why));
    FUZZ_CHECK((tmpl == NULL) == (why.len > 0));
    FUZZ_CHECK(memchr(buf_slice(&why).ptr, '\n', why.len) == NULL);
    FUZZ_CHECK(json_is_utf8(buf_slice(&why)));
    if (tmpl != NULL)
        check_render(tmpl, kind, event);
    template_free(tmpl);
    buf_free(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_make(data, size);
    struct slice text = fuzz_part(&input), event_data = fuzz_part(&input);
    struct slice metadata = fuzz_part(&input), path = fuzz_part(&input);
    struct format_event event = {.id = ID, .type = SLICE("a\"b")};
    struct buf small = BUF_INIT(event_data.len);
    struct buf smaller = BUF_INIT(metadata.len);
    struct json_value value;

    if (json_read(event_data, &value, NULL)) {
        json_minify(event_data, &small);
        event.data = buf_slice(&small);
    }
    if (json_read(metadata, &value, NULL) && value.type == JSON_OBJECT) {
        json_minify(metadata, &smaller);
        event.metadata = buf_slice(&smaller);
    }
    check_kind(text, TEMPLATE_JSON, &event);
    check_kind(text, TEMPLATE_TEXT, &event);
    if (event.data.ptr != NULL)
        check_path(&event, path);
    buf_free(&small);
    buf_free(&smaller);
    return 0;
}
