/*
 * record_text.c - see record_text.h.
 */
#include "record_text.h"

#include "json.h"

#include <ctype.h>

#define WORD_MIN 3  /* characters: innodb_ft_min_token_size */
#define WORD_MAX 84 /* innodb_ft_max_token_size */

/* -- a record ------------------------------------------------------------------- */

/* Cuts what is too long, not in the middle of a character. */
static void
add_cut(struct slice text, size_t begin, struct buf *out)
{
    size_t used = out->len - begin, left, len = text.len;

    if (used >= RECORD_TEXT_BYTES)
        return;
    left = RECORD_TEXT_BYTES - used;
    if (used > 0) {
        buf_add_char(out, ' ');
        left--;
    }
    if (len > left) {
        len = left;
        while (len > 0 && ((unsigned char)text.ptr[len] & 0xc0u) == 0x80u)
            len--;
    }
    buf_add(out, text.ptr, len);
}

static void
add_string(struct slice quoted, size_t begin, struct buf *out)
{
    struct slice plain = json_plain_string(quoted);
    struct buf decoded;

    if (plain.ptr != NULL) {
        add_cut(plain, begin, out);
        return;
    }
    buf_init(&decoded, quoted.len);
    json_decode_string(quoted, &decoded);
    add_cut(buf_slice(&decoded), begin, out);
    buf_free(&decoded);
}

/* json_read() bounds the depth. */
static void
add_value(struct json_value value, size_t begin, struct buf *out)
{
    struct json_member member;
    size_t at = 0;

    switch (value.type) {
    case JSON_STRING:
        add_string(value.text, begin, out);
        break;
    case JSON_NUMBER:
        add_cut(value.text, begin, out);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        while (out->len - begin < RECORD_TEXT_BYTES &&
               json_next(value.text, &at, &member))
            add_value(member.value, begin, out);
        break;
    default:
        break;
    }
}

void
record_text_add(struct slice record_id, struct slice record, struct buf *out)
{
    const struct json_value whole = {JSON_ARRAY, SLICE_NONE};
    struct json_value value = whole;
    size_t begin = out->len, i;

    add_cut(record_id, begin, out);
    if (record.len > 0) {
        value.text = record;
        value.type = record.ptr[0] == '{'   ? JSON_OBJECT
                     : record.ptr[0] == '[' ? JSON_ARRAY
                     : record.ptr[0] == '"' ? JSON_STRING
                                            : JSON_NULL;
        add_value(value, begin, out);
    }
    /* They separate words as well, and are no text. */
    for (i = begin; i < out->len; i++) {
        if ((unsigned char)out->data[i] < ' ')
            out->data[i] = ' ';
    }
}

/* -- a query -------------------------------------------------------------------- */

/* INNODB_FT_DEFAULT_STOPWORD: a query that asks for one finds nothing. */
static const char *const stop_words[] = {
    "about", "are",  "com",  "for", "from", "how",  "that", "the", "this",
    "was",   "what", "when", "who", "will", "with", "und",  "www", "where",
};

static bool
is_stop_word(struct slice word)
{
    size_t i;

    for (i = 0; i < sizeof(stop_words) / sizeof(stop_words[0]); i++) {
        if (slice_is_nocase(word, stop_words[i]))
            return true;
    }
    return false;
}

/* Letters beyond ASCII are told apart by the server. */
static bool
is_of_word(unsigned char c)
{
    return c >= 0x80 || isalnum(c) || c == '_';
}

static size_t
count_characters(struct slice word)
{
    size_t i, count = 0;

    for (i = 0; i < word.len; i++)
        count += ((unsigned char)word.ptr[i] & 0xc0u) != 0x80u;
    return count;
}

static bool
add_word(struct slice word, bool prefix, struct buf *out)
{
    size_t count = count_characters(word);

    if (count < WORD_MIN || count > WORD_MAX || (!prefix && is_stop_word(word)))
        return false;
    buf_add_text(out, out->len == 0 ? "+" : " +");
    if (!prefix)
        buf_add_char(out, '"');
    buf_add_slice(out, word);
    buf_add_char(out, prefix ? '*' : '"');
    return true;
}

bool
record_text_query(struct slice words, struct buf *out)
{
    size_t i = 0, begin, added = 0;

    while (i < words.len && added < RECORD_QUERY_WORDS) {
        if (!is_of_word((unsigned char)words.ptr[i])) {
            i++;
            continue;
        }
        begin = i;
        while (i < words.len && is_of_word((unsigned char)words.ptr[i]))
            i++;
        added += add_word(slice_make(words.ptr + begin, i - begin),
                          i < words.len && words.ptr[i] == '*', out);
    }
    return added > 0;
}
