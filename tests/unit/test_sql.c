/*
 * test_sql.c - unit tests for core/db/sql.c
 */
#include "sql.h"

#include "unit.h"

#define MAX 65536

/* Takes the buffer's content as one string and empties it. */
static void
expect(const char *claim, struct buf *sql, const char *want)
{
    bool same = slice_is(buf_slice(sql), want);

    if (!same)
        fprintf(stderr, "\n%s: got %s, want %s\n", claim, sql->data, want);
    CU_ASSERT(same);
    buf_free(sql);
}

static void
test_text_is_quoted(void)
{
    static const struct {
        const char *claim;
        struct slice value;
        const char *want;
    } rows[] = {
        {"plain text gets quotes", {"abc", 3}, "'abc'"},
        {"empty text is not NULL", {"", 0}, "''"},
        {"absent text is NULL", {NULL, 0}, "NULL"},
        {"a quote cannot end it", {"a'b", 3}, "'a\\'b'"},
        {"a backslash cannot take the quote away", {"a\\", 2}, "'a\\\\'"},
        {"quote and backslash together", {"\\'", 2}, "'\\\\\\''"},
        {"control bytes are written as letters",
         {"\0\n\r\x1a", 4},
         "'\\0\\n\\r\\Z'"},
        {"a double quote means nothing", {"{\"a\":1}", 7}, "'{\"a\":1}'"},
        {"percent and underscore are no patterns here", {"%_", 2}, "'%_'"},
        {"UTF-8 stays as it is", {"Zo\xc3\xab", 4}, "_utf8mb4'Zo\xc3\xab'"},
        {"half a character does not swallow the quote",
         {"\xc3'", 2},
         "_utf8mb4'\xc3\\''"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf sql = BUF_INIT(MAX);

        sql_text(&sql, rows[i].value);
        expect(rows[i].claim, &sql, rows[i].want);
    }
}

/* Reads a literal the way the server does; returns its length. */
static size_t
unquote(const char *literal, size_t len, char *out)
{
    size_t n = 0;
    size_t i;

    CU_ASSERT_FATAL(len >= 2 && literal[0] == '\'' && literal[len - 1] == '\'');
    for (i = 1; i + 1 < len; i++) {
        CU_ASSERT_NOT_EQUAL(literal[i], '\'');
        if (literal[i] != '\\') {
            out[n++] = literal[i];
            continue;
        }
        i++;
        CU_ASSERT_FATAL(i + 1 < len);
        switch (literal[i]) {
        case '0':
            out[n++] = '\0';
            break;
        case 'n':
            out[n++] = '\n';
            break;
        case 'r':
            out[n++] = '\r';
            break;
        case 'Z':
            out[n++] = '\x1a';
            break;
        default:
            out[n++] = literal[i];
            break;
        }
    }
    return n;
}

/* Every pair of bytes comes back: nothing depends on what stands beside. */
static void
test_bytes_come_back(void)
{
    const size_t introducer = sizeof("_binary") - 1;
    static char bytes[2 * 65536], back[2 * 65536];
    struct buf sql = BUF_INIT(4 * sizeof(bytes));
    size_t i, len;

    for (i = 0; i < 65536; i++) {
        bytes[2 * i] = (char)(unsigned char)(i >> 8);
        bytes[2 * i + 1] = (char)(unsigned char)(i & 0xff);
    }
    sql_bytes(&sql, slice_make(bytes, sizeof(bytes)));
    CU_ASSERT_FATAL(buf_ok(&sql));
    CU_ASSERT_EQUAL(memcmp(sql.data, "_binary", introducer), 0);
    len = unquote(sql.data + introducer, sql.len - introducer, back);
    CU_ASSERT_EQUAL(len, sizeof(bytes));
    CU_ASSERT_EQUAL(memcmp(back, bytes, sizeof(bytes)), 0);
    buf_free(&sql);

    sql_bytes(&sql, SLICE_NONE);
    expect("absent bytes are NULL", &sql, "NULL");
    sql_bytes(&sql, SLICE(""));
    expect("empty bytes are not NULL", &sql, "_binary''");
}

static void
test_numbers_and_times(void)
{
    struct buf sql = BUF_INIT(MAX);

    sql_raw(&sql, "SELECT ");
    sql_u64(&sql, UINT64_MAX);
    expect("u64", &sql, "SELECT 18446744073709551615");
    sql_i64(&sql, INT64_MIN);
    expect("i64", &sql, "-9223372036854775808");
    sql_bool(&sql, true);
    sql_bool(&sql, false);
    expect("bool", &sql, "10");
    sql_time(&sql, INT64_C(1767279600123456));
    expect("time", &sql, "'2026-01-01 15:00:00.123456'");
}

static void
test_lists(void)
{
    static const uint64_t ids[] = {5, 7, UINT64_MAX};
    struct buf sql = BUF_INIT(MAX);

    sql_u64_list(&sql, ids, 1);
    expect("one", &sql, "5");
    sql_u64_list(&sql, ids, 3);
    expect("three", &sql, "5,7,18446744073709551615");
    sql_id_table(&sql, ids, 1);
    expect("table of one", &sql, "(SELECT 5 id)");
    sql_id_table(&sql, ids, 3);
    expect("table of three", &sql,
           "(SELECT 5 id UNION ALL VALUES (7),(18446744073709551615))");
}

/* A statement that does not fit is known to be incomplete. */
static void
test_overflow_is_seen(void)
{
    struct buf sql = BUF_INIT(8);

    sql_text(&sql, SLICE("12345678"));
    CU_ASSERT_FALSE(buf_ok(&sql));
    buf_free(&sql);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"text is quoted", test_text_is_quoted},
        {"bytes come back", test_bytes_come_back},
        {"numbers and times", test_numbers_and_times},
        {"lists", test_lists},
        {"overflow is seen", test_overflow_is_seen},
        CU_TEST_INFO_NULL,
    };

    return unit_run("sql", tests);
}
