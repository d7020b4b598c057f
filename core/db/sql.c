/*
 * sql.c - writing SQL text safely; see sql.h for the rules.
 */
#include "sql.h"

#include "clock.h"

#include <assert.h>

void
sql_raw(struct buf *sql, const char *literal)
{
    buf_add_text(sql, literal);
}

void
sql_u64(struct buf *sql, uint64_t value)
{
    buf_add_u64(sql, value);
}

void
sql_i64(struct buf *sql, int64_t value)
{
    buf_add_i64(sql, value);
}

void
sql_bool(struct buf *sql, bool value)
{
    buf_add_char(sql, value ? '1' : '0');
}

/*
 * What follows the backslash, for the bytes that need one. The quote and the
 * backslash end or change a literal; the others only make statements hard to
 * read in a log. '"' stays as it is: JSON is full of it, and it means nothing
 * between single quotes.
 */
static const char escape[256] = {
    ['\0'] = '0',   ['\n'] = 'n',  ['\r'] = 'r',
    ['\x1a'] = 'Z', ['\''] = '\'', ['\\'] = '\\',
};

static void
add_quoted(struct buf *sql, struct slice value)
{
    size_t start = 0;
    size_t i;

    buf_add_char(sql, '\'');
    for (i = 0; i < value.len; i++) {
        char letter = escape[(unsigned char)value.ptr[i]];

        if (letter == '\0')
            continue;
        buf_add(sql, value.ptr + start, i - start);
        buf_add_char(sql, '\\');
        buf_add_char(sql, letter);
        start = i + 1;
    }
    buf_add(sql, value.ptr + start, value.len - start);
    buf_add_char(sql, '\'');
}

static bool
is_ascii(struct slice value)
{
    unsigned char bits = 0;
    size_t i;

    for (i = 0; i < value.len; i++)
        bits |= (unsigned char)value.ptr[i];
    return bits < 0x80;
}

void
sql_text(struct buf *sql, struct slice value)
{
    if (value.ptr == NULL) {
        buf_add_text(sql, "NULL");
        return;
    }
    if (!is_ascii(value))
        buf_add_text(sql, "_utf8mb4");
    add_quoted(sql, value);
}

void
sql_bytes(struct buf *sql, struct slice value)
{
    if (value.ptr == NULL) {
        buf_add_text(sql, "NULL");
        return;
    }
    buf_add_text(sql, "_binary");
    add_quoted(sql, value);
}

void
sql_time(struct buf *sql, int64_t wall_us)
{
    char text[CLOCK_TEXT_MAX];

    clock_format_sql(wall_us, text);
    buf_add_char(sql, '\'');
    buf_add_text(sql, text);
    buf_add_char(sql, '\'');
}

void
sql_u64_list(struct buf *sql, const uint64_t *values, size_t count)
{
    size_t i;

    assert(count > 0);
    for (i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(sql, ',');
        buf_add_u64(sql, values[i]);
    }
}

void
sql_id_table(struct buf *sql, const uint64_t *ids, size_t count)
{
    size_t i;

    assert(count > 0);
    buf_add_text(sql, "(SELECT ");
    buf_add_u64(sql, ids[0]);
    buf_add_text(sql, " id");
    for (i = 1; i < count; i++) {
        buf_add_text(sql, i == 1 ? " UNION ALL VALUES (" : "),(");
        buf_add_u64(sql, ids[i]);
    }
    buf_add_text(sql, count > 1 ? "))" : ")");
}
