/*
 * clip.c - texts of a chat message, cut to length; see clip.h.
 */
#include "clip.h"

#include "json.h"
#include "member.h"
#include "utf8.h"

#define ELLIPSIS "\xe2\x80\xa6" /* U+2026, one unit */

/* A character as it will be written. */
struct piece {
    size_t len;          /* bytes it has in the text */
    size_t units;        /* that it counts */
    const char *instead; /* written in its place, or NULL */
};

static struct piece
piece_at(struct slice rest, bool entities)
{
    unsigned char c = (unsigned char)rest.ptr[0];
    size_t len = utf8_length((const unsigned char *)rest.ptr, rest.len);

    if (entities && c == '&')
        return (struct piece){1, 5, "&amp;"};
    if (entities && c == '<')
        return (struct piece){1, 4, "&lt;"};
    if (entities && c == '>')
        return (struct piece){1, 4, "&gt;"};
    if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
        return (struct piece){1, 1, " "};
    if (len == 0)
        return (struct piece){1, 1, "\xef\xbf\xbd"};
    return (struct piece){len, len == 4 ? 2 : 1, NULL};
}

static struct slice
behind(struct slice text, size_t len)
{
    return slice_make(text.ptr + len, text.len - len);
}

/* Bytes of `text` that fit into max units; *units is what they count. */
static size_t
fitting(struct slice text, size_t max, bool entities, size_t *units)
{
    size_t at = 0;

    *units = 0;
    while (at < text.len) {
        struct piece piece = piece_at(behind(text, at), entities);

        if (piece.units > max - *units)
            break;
        *units += piece.units;
        at += piece.len;
    }
    return at;
}

size_t
clip_text(struct buf *out, struct slice text, size_t max, bool entities)
{
    size_t units, len, at;
    bool cut;

    text = slice_trim(text);
    if (text.len == 0 || max == 0)
        return 0;
    len = fitting(text, max, entities, &units);
    cut = len < text.len;
    if (cut)
        len = fitting(text, max - 1, entities, &units);
    for (at = 0; at < len;) {
        struct piece piece = piece_at(behind(text, at), entities);

        if (piece.instead != NULL)
            buf_add_text(out, piece.instead);
        else
            buf_add(out, text.ptr + at, piece.len);
        at += piece.len;
    }
    if (cut)
        buf_add_text(out, ELLIPSIS);
    return units + (cut ? 1 : 0);
}

bool
clip_member(struct clip *clip, const char *name, struct slice text, size_t max)
{
    size_t most = max < clip->left ? max : clip->left;
    struct buf cut = BUF_INIT(5 * most + UTF8_MAX);
    size_t units = clip_text(&cut, text, most, clip->entities);

    if (units > 0) {
        member_name(clip->out, name);
        json_add_string(clip->out, buf_slice(&cut));
        clip->left -= units;
    }
    buf_free(&cut);
    return units > 0;
}

bool
clip_json(struct clip *clip, const char *name, struct slice json, size_t max)
{
    struct slice plain;
    struct buf text;
    bool written;

    if (json.len < 2 || json.ptr[0] != '"')
        return clip_member(clip, name, json, max);
    plain = json_plain_string(json);
    if (plain.ptr != NULL)
        return clip_member(clip, name, plain, max);
    buf_init(&text, json.len);
    json_decode_string(json, &text);
    written = clip_member(clip, name, buf_slice(&text), max);
    buf_free(&text);
    return written;
}
