/*
 * redact.c - masking a secret in what somebody sends back to us.
 */
#include "redact.h"

#include <string.h>

static const struct {
    struct slice written;
    char character;
} entities[] = {
    {{"&amp;", 5}, '&'},  {{"&lt;", 4}, '<'},   {{"&gt;", 4}, '>'},
    {{"&quot;", 6}, '"'}, {{"&#39;", 5}, '\''}, {{"&#x27;", 6}, '\''},
    {{"&#x2F;", 6}, '/'}, {{"&#x3D;", 6}, '='},
};

#define DECODE_MAX 6 /* bytes that one character takes */
/* So many characters are found nowhere by chance: no more of the text is
   compared twice. */
#define ENOUGH 64

/* What a character that is written in another way begins with. */
static bool
is_lead(char c)
{
    return c == '\\' || c == '%' || c == '&';
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two hexadecimal digits; false if they are none. */
static bool
read_hex(const char *text, char *character)
{
    int high = hex_value(text[0]), low = hex_value(text[1]);

    if (high < 0 || low < 0)
        return false;
    *character = (char)(high * 16 + low);
    return true;
}

/* One character that is written in another way: how many bytes it takes, or
   0. */
static size_t
decode(const char *text, size_t len, char *character)
{
    size_t i;

    if (text[0] == '%' && len >= 3 && read_hex(text + 1, character))
        return 3;
    if (text[0] == '\\' && len >= 6 && memcmp(text, "\\u00", 4) == 0 &&
        read_hex(text + 4, character))
        return 6;
    if (text[0] == '\\' && len >= 2 && strchr("/\\\"", text[1]) != NULL &&
        text[1] != '\0') {
        *character = text[1];
        return 2;
    }
    if (text[0] != '&')
        return 0;
    for (i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        struct slice written = entities[i].written;

        if (len >= written.len && memcmp(text, written.ptr, written.len) == 0) {
            *character = entities[i].character;
            return written.len;
        }
    }
    return 0;
}

/* How many bytes of the text the secret takes there; 0 = it is not there. */
static size_t
match(const char *text, size_t len, bool cut, struct slice secret, bool decoded)
{
    size_t at = 0, i;

    for (i = 0; i < secret.len; i++) {
        char character;
        size_t taken = 0;

        if (at == len)
            return cut && i >= REDACT_MIN ? at : 0;
        if (decoded)
            taken = decode(text + at, len - at, &character);
        if (taken == 0) {
            character = text[at];
            taken = 1;
        }
        if (character != secret.ptr[i]) {
            bool broken = decoded && cut && i >= REDACT_MIN &&
                          len - at < DECODE_MAX && is_lead(text[at]);

            if (broken) /* cut off within a character */
                return len;
            return i >= ENOUGH ? at : 0;
        }
        at += taken;
    }
    return at;
}

void
redact(char *text, size_t len, bool cut, struct slice secret)
{
    size_t at = 0;

    if (secret.ptr == NULL || secret.len < REDACT_MIN)
        return;
    while (at < len) {
        size_t found = 0;

        if (text[at] == secret.ptr[0])
            found = match(text + at, len - at, cut, secret, false);
        if (found == 0 && (text[at] == secret.ptr[0] || is_lead(text[at])))
            found = match(text + at, len - at, cut, secret, true);
        memset(text + at, '*', found);
        at += found == 0 ? 1 : found;
    }
}
