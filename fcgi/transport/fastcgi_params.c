/*
 * fastcgi_params.c - name-value pairs as FastCGI writes them; see
 * fastcgi_params.h.
 */
#include "fastcgi_params.h"

#include "alloc.h"

#include <stdint.h>
#include <stdlib.h>

#define LONG_BIT 0x80u
#define LIST_FIRST 64
#define KEPT_BYTES 16384 /* memory kept for the next request */

static bool
read_length(struct slice *input, size_t *length)
{
    const uint8_t *at = (const uint8_t *)input->ptr;
    size_t bytes;

    if (input->len == 0)
        return false;
    bytes = (at[0] & LONG_BIT) != 0 ? 4 : 1;
    if (input->len < bytes)
        return false;
    *length = bytes == 1 ? at[0]
                         : (size_t)(at[0] & ~LONG_BIT) << 24 |
                               (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    input->ptr += bytes;
    input->len -= bytes;
    return true;
}

bool
fastcgi_next_pair(struct slice *input, struct fastcgi_pair *pair)
{
    struct slice rest = *input;
    size_t name, value;

    if (!read_length(&rest, &name) || !read_length(&rest, &value) ||
        name > rest.len || value > rest.len - name)
        return false;
    pair->name = slice_make(rest.ptr, name);
    pair->value = slice_make(rest.ptr + name, value);
    *input = slice_make(rest.ptr + name + value, rest.len - name - value);
    return true;
}

void
fastcgi_params_init(struct fastcgi_params *params)
{
    buf_init(&params->text, FASTCGI_PARAMS_BYTES);
    params->room = LIST_FIRST;
    params->list = xcalloc(params->room, sizeof(*params->list));
}

void
fastcgi_params_free(struct fastcgi_params *params)
{
    buf_free(&params->text);
    free(params->list);
    params->list = NULL;
}

void
fastcgi_params_clear(struct fastcgi_params *params)
{
    if (params->text.cap > KEPT_BYTES)
        buf_free(&params->text);
    buf_clear(&params->text);
    params->list[0] = NULL;
}

void
fastcgi_params_add(struct fastcgi_params *params, struct slice piece)
{
    buf_add_slice(&params->text, piece);
}

static bool
is_variable(const struct fastcgi_pair *pair)
{
    return pair->name.len > 0 &&
           memchr(pair->name.ptr, '=', pair->name.len) == NULL;
}

static bool
has_nul(struct slice text)
{
    return text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL;
}

static bool
put(struct fastcgi_params *params, size_t count, char *text)
{
    if (count >= FASTCGI_PARAMS_MAX)
        return false;
    if (count + 1 == params->room) {
        params->room *= 2;
        params->list =
            xreallocarray(params->list, params->room, sizeof(*params->list));
    }
    params->list[count] = text;
    return true;
}

/* Writes "NAME=value" NUL over the pair's own bytes: '=' and NUL take the room
   of the two lengths. Returns the end. */
static char *
rewrite(char *to, const struct fastcgi_pair *pair)
{
    memmove(to, pair->name.ptr, pair->name.len);
    to += pair->name.len;
    *to++ = '=';
    memmove(to, pair->value.ptr, pair->value.len);
    to += pair->value.len;
    *to++ = '\0';
    return to;
}

bool
fastcgi_params_end(struct fastcgi_params *params)
{
    struct slice rest = buf_slice(&params->text);
    char *to = params->text.data;
    struct fastcgi_pair pair;
    size_t count = 0;

    params->list[0] = NULL;
    if (!buf_ok(&params->text))
        return false;
    while (fastcgi_next_pair(&rest, &pair)) {
        char *start = to;

        if (!is_variable(&pair))
            continue;
        if (has_nul(pair.name) || has_nul(pair.value) ||
            !put(params, count, start)) {
            params->list[0] = NULL;
            return false;
        }
        count++;
        to = rewrite(to, &pair);
    }
    params->list[rest.len == 0 ? count : 0] = NULL;
    return rest.len == 0;
}
