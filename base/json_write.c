/*
 * json_write.c - any bytes as a JSON string; see json.h.
 */
#include "json.h"

#include "json_scan.h"
#include "utf8.h"

#include <stdio.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static void
add_escaped(struct buf *out, unsigned char c)
{
    static const char shorts[] = "b\bf\fn\nr\rt\t\"\"\\\\";
    char text[7];
    size_t i;

    for (i = 0; i + 1 < sizeof(shorts); i += 2) {
        if ((unsigned char)shorts[i + 1] == c) {
            text[0] = '\\';
            text[1] = shorts[i];
            buf_add(out, text, 2);
            return;
        }
    }
    (void)snprintf(text, sizeof(text), "\\u%04x", c);
    buf_add(out, text, 6);
}

void
json_add_string(struct buf *out, struct slice text)
{
    const unsigned char *at = (const unsigned char *)text.ptr;
    const unsigned char *end, *run = at;
    size_t len;

    buf_add_char(out, '"');
    if (text.len == 0) {
        buf_add_char(out, '"');
        return;
    }
    for (end = at + text.len; at < end;) {
        at = json_skip_plain(at, end);
        if (at == end)
            break;
        len = utf8_length(at, (size_t)(end - at));
        if (*at >= 0x80 && len > 0) {
            at += len;
            continue;
        }
        buf_add(out, run, (size_t)(at - run));
        if (*at >= 0x80)
            buf_add_text(out, REPLACEMENT);
        else
            add_escaped(out, *at);
        run = ++at;
    }
    buf_add(out, run, (size_t)(at - run));
    buf_add_char(out, '"');
}

bool
json_is_utf8(struct slice text)
{
    const unsigned char *at = (const unsigned char *)text.ptr;
    const unsigned char *end;
    uint64_t word;
    size_t len;

    if (text.len == 0)
        return true;
    for (end = at + text.len; at < end; at += len) {
        len = 8;
        if (end - at >= 8) {
            memcpy(&word, at, sizeof(word));
            if ((word & JSON_HIGH) == 0)
                continue;
        }
        len = utf8_length(at, (size_t)(end - at));
        if (len == 0)
            return false;
    }
    return true;
}
