/*
 * fuzz_json.c - our reader of JSON against json-c: what we take, json-c takes
 * and means the same by it; and what json-c alone takes is one of the few
 * things that we refuse on purpose.
 */
#include "fuzz.h"

#include "json.h"
#include "json_compare.h"

#include <json-c/json.h>

static void same_value(struct json_value ours, struct json_object *theirs);

static struct slice
decoded(struct slice quoted, struct buf *out)
{
    buf_init(out, quoted.len);
    json_decode_string(quoted, out);
    FUZZ_CHECK(buf_ok(out));
    FUZZ_CHECK(json_is_utf8(buf_slice(out)));
    return buf_slice(out);
}

static struct slice
quoted_name(const struct json_member *member)
{
    return slice_make(member->name.ptr - 1, member->name.len + 2);
}

/* Encoded anew it reads the same, and compares as equal without decoding. */
static void
check_string(struct slice quoted, struct slice want)
{
    struct buf text, again, twice;
    struct slice plain = json_plain_string(quoted);
    struct json_value value;
    size_t half = want.len / 2;

    FUZZ_CHECK(slice_equal(decoded(quoted, &text), want));
    FUZZ_CHECK(plain.ptr == NULL || slice_equal(plain, want));
    FUZZ_CHECK(json_compare_text(quoted, want) == 0);
    FUZZ_CHECK(json_text_starts(quoted, slice_make(want.ptr, half)));
    FUZZ_CHECK(
        json_text_ends(quoted, slice_make(want.ptr + half, want.len - half)));
    FUZZ_CHECK(json_text_contains(
        quoted, slice_make(want.ptr + half / 2, (want.len - half) / 2)));

    buf_init(&again, 6 * want.len + 2);
    json_add_string(&again, want);
    FUZZ_CHECK(json_read(buf_slice(&again), &value, NULL));
    FUZZ_CHECK(slice_equal(decoded(value.text, &twice), want));
    buf_free(&text);
    buf_free(&again);
    buf_free(&twice);
}

static void
same_number(struct slice ours, struct json_object *theirs)
{
    char *text = slice_text(ours);
    int64_t number;

    FUZZ_CHECK(json_compare_numbers(ours, ours) == 0);
    if (json_integer(ours, INT64_MIN, INT64_MAX, &number))
        FUZZ_CHECK(json_object_get_int64(theirs) == number);
    else if (json_object_is_type(theirs, json_type_double))
        FUZZ_CHECK(json_object_get_double(theirs) == strtod(text, NULL));
    free(text);
}

/* Is there a later member of that name? */
static bool
comes_again(struct slice object, size_t at, struct slice name)
{
    struct json_member later;
    bool again = false;

    while (!again && json_next(object, &at, &later)) {
        struct buf text;

        again = slice_equal(decoded(quoted_name(&later), &text), name);
        buf_free(&text);
    }
    return again;
}

/* json-c takes a NUL for the end of a name, so one name hides another. */
static bool
has_cut_name(struct slice object)
{
    struct json_member member;
    bool cut = false;
    size_t at = 0;

    while (!cut && json_next(object, &at, &member)) {
        struct buf name;
        struct slice text = decoded(quoted_name(&member), &name);

        cut = memchr(text.ptr, '\0', text.len) != NULL;
        buf_free(&name);
    }
    return cut;
}

/* json-c, of an escaped code point beyond U+FFFF, takes the lower 16 bits for
   the whole: where they are a surrogate (U+1DA00), it reads U+FFFD. */
static bool
json_c_misreads(struct slice quoted)
{
    size_t i;

    for (i = 0; i + 6 < quoted.len; i++) {
        char digits[5] = "";

        if (quoted.ptr[i] != '\\')
            continue;
        i++; /* what is escaped */
        memcpy(digits, quoted.ptr + i + 1, 4);
        if (quoted.ptr[i] == 'u' &&
            (strtoul(digits, NULL, 16) & 0xfc3e) == 0xd836)
            return true;
    }
    return false;
}

static bool
has_misread_name(struct slice object)
{
    struct json_member member;
    size_t at = 0;

    while (json_next(object, &at, &member)) {
        if (json_c_misreads(quoted_name(&member)))
            return true;
    }
    return false;
}

/* Of a name that stands twice json-c keeps the last member. */
static void
same_object(struct slice object, struct json_object *theirs)
{
    struct json_member member;
    size_t at = 0;
    int count = 0;

    if (has_cut_name(object) || has_misread_name(object))
        return;
    while (json_next(object, &at, &member)) {
        struct json_object *value;
        struct buf buffer;
        struct slice name = decoded(quoted_name(&member), &buffer);

        if (!comes_again(object, at, name)) {
            FUZZ_CHECK(json_object_object_get_ex(theirs, name.ptr, &value));
            same_value(member.value, value);
            count++;
        }
        buf_free(&buffer);
    }
    FUZZ_CHECK(json_object_object_length(theirs) == count);
}

static void
same_string(struct slice quoted, struct json_object *theirs)
{
    struct slice want = slice_make(json_object_get_string(theirs),
                                   (size_t)json_object_get_string_len(theirs));
    struct buf text = BUF_INIT(0);

    if (json_c_misreads(quoted))
        want = decoded(quoted, &text);
    check_string(quoted, want);
    buf_free(&text);
}

static void
same_array(struct slice array, struct json_object *theirs)
{
    struct json_member item;
    size_t at = 0, index = 0;

    for (; json_next(array, &at, &item); index++) {
        FUZZ_CHECK(index < json_object_array_length(theirs));
        FUZZ_CHECK(item.name.len == 0);
        same_value(item.value, json_object_array_get_idx(theirs, index));
    }
    FUZZ_CHECK(index == json_object_array_length(theirs));
}

static void
same_value(struct json_value ours, struct json_object *theirs)
{
    enum json_type type = json_object_get_type(theirs);

    switch (ours.type) {
    case JSON_NULL:
        FUZZ_CHECK(type == json_type_null);
        break;
    case JSON_BOOL:
        FUZZ_CHECK(type == json_type_boolean);
        FUZZ_CHECK(json_object_get_boolean(theirs) ==
                   slice_is(ours.text, "true"));
        break;
    case JSON_NUMBER:
        FUZZ_CHECK(type == json_type_int || type == json_type_double);
        same_number(ours.text, theirs);
        break;
    case JSON_STRING:
        FUZZ_CHECK(type == json_type_string);
        same_string(ours.text, theirs);
        break;
    case JSON_ARRAY:
        FUZZ_CHECK(type == json_type_array);
        same_array(ours.text, theirs);
        break;
    case JSON_OBJECT:
        FUZZ_CHECK(type == json_type_object);
        same_object(ours.text, theirs);
        break;
    }
}

/* Without white space it is the same text, and no shorter the second time. */
static void
check_minified(struct slice text, struct json_object *theirs)
{
    struct buf once = BUF_INIT(text.len), twice = BUF_INIT(text.len);
    struct json_value value;

    json_minify(text, &once);
    FUZZ_CHECK(buf_ok(&once));
    FUZZ_CHECK(json_read(buf_slice(&once), &value, NULL));
    FUZZ_CHECK(value.text.len == once.len);
    same_value(value, theirs);
    json_minify(buf_slice(&once), &twice);
    FUZZ_CHECK(slice_equal(buf_slice(&once), buf_slice(&twice)));
    buf_free(&once);
    buf_free(&twice);
}

/* By decoding, unlike utf8_length(): is each sequence the shortest one of a
   code point that may be encoded? */
static bool
is_utf8(struct slice text)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    size_t i = 0;

    while (i < text.len) {
        unsigned char c = (unsigned char)text.ptr[i++];
        unsigned more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
        uint32_t point = more == 0 ? c : c & (0x3fu >> more);
        unsigned n;

        if (c >= 0xf8 || (c >= 0x80 && c < 0xc0))
            return false;
        for (n = 0; n < more; n++, i++) {
            if (i == text.len || ((unsigned char)text.ptr[i] & 0xc0) != 0x80)
                return false;
            point = point << 6 | ((unsigned char)text.ptr[i] & 0x3fu);
        }
        if (point < least[more] || point > 0x10ffff ||
            (point >= 0xd800 && point <= 0xdfff))
            return false;
    }
    return true;
}

/* 00, -01 and 1. */
static bool
is_lax_number(struct slice text, size_t at)
{
    return at > 0 && at < text.len &&
           (text.ptr[at] == '.' ||
            (text.ptr[at] >= '0' && text.ptr[at] <= '9' &&
             text.ptr[at - 1] == '0'));
}

/* What json-c accepts all the same, in our words. */
static bool
is_known_difference(struct slice text, const struct json_error *error)
{
    static const char *const reasons[] = {
        "Duplicate name",
        "Invalid control character at",
        "Lone surrogate in \\uXXXX escape",
        "Nesting too deep",
    };
    struct slice rest =
        slice_make(text.ptr + error->offset, text.len - error->offset);
    size_t i;

    for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (strcmp(error->reason, reasons[i]) == 0)
            return true;
    }
    if (strcmp(error->reason, "Invalid UTF-8") == 0)
        return !is_utf8(text);
    /* 'name', NaN, Infinity, -Infinity, -.5 */
    return is_lax_number(text, error->offset) ||
           (rest.len > 1 && rest.ptr[0] == '\'') ||
           (rest.len > 1 && (rest.ptr[0] == 'N' || rest.ptr[0] == 'I' ||
                             (rest.ptr[0] == '-' && rest.ptr[1] == 'I') ||
                             (rest.ptr[0] == '-' && rest.ptr[1] == '.')));
}

static void
check_error(struct slice text, const struct json_error *error)
{
    size_t lines = 1, i;

    FUZZ_CHECK(error->offset <= text.len);
    FUZZ_CHECK(error->reason != NULL);
    for (i = 0; i < error->offset; i++)
        lines += text.ptr[i] == '\n';
    FUZZ_CHECK(error->line == lines);
    FUZZ_CHECK(error->column >= 1 && error->column <= error->offset + 1);
}

/* NULL and false unless json-c accepts all of the text. */
static bool
read_with_json_c(struct slice text, struct json_object **value)
{
    struct json_tokener *tokener = json_tokener_new_ex(2 * JSON_DEPTH);
    size_t end;
    bool good;

    json_tokener_set_flags(tokener,
                           JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    *value = json_tokener_parse_ex(tokener, text.ptr, (int)text.len);
    end = json_tokener_get_parse_end(tokener);
    /* A number or word at the very end wants to see what follows. */
    if (json_tokener_get_error(tokener) == json_tokener_continue) {
        end = text.len;
        *value = json_tokener_parse_ex(tokener, "", 1);
    }
    good = json_tokener_get_error(tokener) == json_tokener_success &&
           slice_trim(slice_make(text.ptr + end, text.len - end)).len == 0;
    if (!good) {
        json_object_put(*value);
        *value = NULL;
    }
    json_tokener_free(tokener);
    return good;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_make(data, size);
    struct json_object *theirs;
    struct json_error error;
    struct json_value value;
    bool accepted = read_with_json_c(text, &theirs);

    if (json_read(text, &value, &error)) {
        FUZZ_CHECK(accepted);
        FUZZ_CHECK(is_utf8(text));
        same_value(value, theirs);
        check_minified(value.text, theirs);
    } else {
        check_error(text, &error);
        if (accepted)
            FUZZ_CHECK(is_known_difference(text, &error));
    }
    json_object_put(theirs);
    return 0;
}
