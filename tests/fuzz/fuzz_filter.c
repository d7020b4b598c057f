/*
 * fuzz_filter.c - filters and events: any text compiles or is refused with a
 * reason, and a filter means the same however the event is written.
 *
 * Input: a filter, a border, an event.
 */
#include "fuzz.h"

#include "filter.h"
#include "naive_filter.h"

#define MEMBERS_MAX 16

static void
add_text(struct buf *out, struct slice quoted)
{
    struct buf text = BUF_INIT(quoted.len);

    json_decode_string(quoted, &text);
    json_add_string(out, buf_slice(&text));
    buf_free(&text);
}

/* The same event with other white space and other escapes. */
static void
rewrite(struct json_value value, struct buf *out)
{
    bool object = value.type == JSON_OBJECT, first = true;
    struct json_member member;
    size_t at = 0;

    if (value.type == JSON_STRING)
        add_text(out, value.text);
    if (value.type == JSON_STRING)
        return;
    if (!object && value.type != JSON_ARRAY) {
        buf_add_slice(out, value.text);
        return;
    }
    buf_add_text(out, object ? "{ " : "[ ");
    for (; json_next(value.text, &at, &member); first = false) {
        if (!first)
            buf_add_text(out, "\n,");
        if (object) {
            add_text(out, slice_make(member.name.ptr - 1, member.name.len + 2));
            buf_add_text(out, "\t: ");
        }
        rewrite(member.value, out);
    }
    buf_add_text(out, object ? " }" : " ]");
}

static void
check_rewritten(const struct filter *filter, struct json_value event, bool want)
{
    struct buf text = BUF_INIT(8 * event.text.len + 16);
    struct json_value value;

    rewrite(event, &text);
    FUZZ_CHECK(buf_ok(&text));
    FUZZ_CHECK(json_read(buf_slice(&text), &value, NULL));
    FUZZ_CHECK(filter_matches_text(filter, value) == want);
    buf_free(&text);
}

/* An object given by its members. */
static void
check_members(const struct filter *filter, struct json_value event, bool want)
{
    struct filter_member members[MEMBERS_MAX];
    char *names[MEMBERS_MAX];
    struct json_member member;
    size_t at = 0, count = 0;
    bool good = event.type == JSON_OBJECT;

    while (good && json_next(event.text, &at, &member)) {
        good = count < MEMBERS_MAX &&
               json_plain_string(
                   slice_make(member.name.ptr - 1, member.name.len + 2))
                       .ptr != NULL;
        if (!good)
            break;
        names[count] = slice_text(member.name);
        members[count] = (struct filter_member){names[count], member.value};
        count++;
    }
    if (good)
        FUZZ_CHECK(filter_matches(filter, members, count) == want);
    while (count > 0)
        free(names[--count]);
}

/* {"$not": filter} says the opposite, {"$and": [filter, {}]} the same. */
static void
check_wrapped(struct slice filter, struct json_value event, const char *open,
              const char *close, bool want)
{
    struct buf text = BUF_INIT(FILTER_TEXT_MAX), why = BUF_INIT(FILTER_WHY_MAX);
    struct filter *wrapped;

    buf_add_text(&text, open);
    buf_add_slice(&text, filter);
    buf_add_text(&text, close);
    wrapped = buf_ok(&text) ? filter_compile(buf_slice(&text), &why) : NULL;
    if (wrapped != NULL)
        FUZZ_CHECK(filter_matches_text(wrapped, event) == want);
    filter_free(wrapped);
    buf_free(&text);
    buf_free(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_make(data, size);
    struct slice text = fuzz_part(&input), event_text = fuzz_part(&input);
    struct buf why = BUF_INIT(FILTER_WHY_MAX);
    struct filter *filter = filter_compile(text, &why);
    struct json_value condition, event;
    bool matches;

    FUZZ_CHECK(buf_ok(&why));
    FUZZ_CHECK((filter == NULL) == (why.len > 0));
    FUZZ_CHECK(memchr(buf_slice(&why).ptr, '\n', why.len) == NULL);
    FUZZ_CHECK(json_is_utf8(buf_slice(&why)));
    if (filter != NULL) {
        FUZZ_CHECK(text.len <= FILTER_TEXT_MAX);
        FUZZ_CHECK(filter_matches(filter, NULL, 0) ==
                   filter_matches_text(
                       filter, (struct json_value){JSON_OBJECT, SLICE("{}")}));
    }
    if (filter != NULL && json_read(event_text, &event, NULL)) {
        matches = filter_matches_text(filter, event);
        FUZZ_CHECK(json_read(text, &condition, NULL));
        FUZZ_CHECK(naive_holds(condition, &event) == matches);
        check_rewritten(filter, event, matches);
        check_members(filter, event, matches);
        check_wrapped(text, event, "{\"$not\":", "}", !matches);
        check_wrapped(text, event, "{\"$and\":[", ",{}]}", matches);
        check_wrapped(text, event, "{\"$or\":[{\"$not\":{}},", "]}", matches);
    }
    filter_free(filter);
    buf_free(&why);
    return 0;
}
