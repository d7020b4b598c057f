/*
 * test_target.c - unit tests for core/outgoing/target.c and core/outgoing/target_address.c
 */
#include "target.h"

#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const char *const result_names[] = {
    [TARGET_OK] = "ok",
    [TARGET_BAD_URL] = "bad URL",
    [TARGET_NOT_HTTPS] = "not https",
    [TARGET_PRIVATE] = "private",
};

static struct target_nets
nets_of(const char *list)
{
    struct target_nets nets = {.count = 0};
    struct buf why = BUF_INIT(256);

    CU_ASSERT_TRUE_FATAL(target_nets_parse(list, &nets, &why));
    buf_free(&why);
    return nets;
}

static struct sockaddr_storage
address_of(const char *text)
{
    struct sockaddr_storage storage;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;

    memset(&storage, 0, sizeof(storage));
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
        storage.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
        storage.ss_family = AF_INET6;
    else
        CU_FAIL_FATAL("address");
    return storage;
}

static bool
allowed(const struct target_nets *nets, const char *text)
{
    struct sockaddr_storage storage = address_of(text);

    return target_address_allowed(nets, (const struct sockaddr *)&storage);
}

/* The first and the last address of each refused range, and their public
   neighbours; NULL where the neighbour is refused by another row. */
static void
test_edges_of_refused_ranges(void)
{
    static const struct {
        const char *before, *first, *last, *after;
    } rows[] = {
        {NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
        {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
        {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
        {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
        {"168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"},
        {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
        {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
        {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
        {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
        {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
        {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
        {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
        {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
        {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
        {"223.255.255.255", "224.0.0.0", "239.255.255.255", NULL},
        {NULL, "240.0.0.0", "255.255.255.255", NULL},
        /* all that is not 2000::/3 */
        {NULL, "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"},
        {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"},
        {"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
        {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
        {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
         "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
        {"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (allowed(NULL, rows[i].first) || allowed(NULL, rows[i].last))
            fprintf(stderr, "\n%s or %s\n", rows[i].first, rows[i].last);
        CU_ASSERT_FALSE(allowed(NULL, rows[i].first));
        CU_ASSERT_FALSE(allowed(NULL, rows[i].last));
        if (rows[i].before != NULL)
            CU_ASSERT_TRUE(allowed(NULL, rows[i].before));
        if (rows[i].after != NULL)
            CU_ASSERT_TRUE(allowed(NULL, rows[i].after));
    }
}

/* What people try, by name. */
static void
test_known_addresses(void)
{
    static const struct {
        const char *claim;
        const char *address;
        bool want;
    } rows[] = {
        {"a public IPv4", "93.184.216.34", true},
        {"a public IPv6", "2606:2800:220:1:248:1893:25c8:1946", true},
        {"a public IPv4, mapped", "::ffff:93.184.216.34", true},
        {"metadata of AWS, GCP, Azure", "169.254.169.254", false},
        {"metadata of AWS over IPv6", "fd00:ec2::254", false},
        {"the wire server of Azure", "168.63.129.16", false},
        {"loopback, mapped", "::ffff:127.0.0.1", false},
        {"loopback, mapped in hex", "::ffff:7f00:1", false},
        {"private, mapped", "::ffff:10.1.2.3", false},
        {"loopback, IPv4-compatible", "::127.0.0.1", false},
        {"public, IPv4-compatible", "::8.8.8.8", false},
        {"loopback of IPv6", "::1", false},
        {"unspecified", "::", false},
        {"NAT64", "64:ff9b::7f00:1", false},
        {"local NAT64", "64:ff9b:1::7f00:1", false},
        {"discard", "100::1", false},
        {"segment routing", "5f00::1", false},
        {"unique local", "fc00::1", false},
        {"link-local", "fe80::1", false},
        {"site-local", "fec0::1", false},
        {"multicast", "ff02::1", false},
        {"Teredo", "2001:0:7f00:1::", false},
        {"6to4 of loopback", "2002:7f00:1::", false},
        {"ORCHID", "2001:20::1", false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool got = allowed(NULL, rows[i].address);

        if (got != rows[i].want)
            fprintf(stderr, "\n%s\n", rows[i].claim);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

static void
test_other_families_are_refused(void)
{
    const struct target_nets all = nets_of("0.0.0.0/0, ::/0");
    struct sockaddr_storage local = {.ss_family = AF_UNIX};
    struct sockaddr_storage loopback = address_of("127.0.0.1");

    CU_ASSERT_FALSE(
        target_address_allowed(&all, (const struct sockaddr *)&local));
    CU_ASSERT_STRING_EQUAL(
        target_address_refusal(&all, (const struct sockaddr *)&local),
        "not an IP address");
    CU_ASSERT_STRING_EQUAL(
        target_address_refusal(NULL, (const struct sockaddr *)&loopback),
        "loopback (RFC 1122)");
    CU_ASSERT_PTR_NULL(
        target_address_refusal(&all, (const struct sockaddr *)&loopback));
}

static void
test_allow_list(void)
{
    static const struct {
        const char *claim;
        const char *list, *address;
        bool want;
    } rows[] = {
        {"a listed network", "10.1.0.0/16", "10.1.255.255", true},
        {"its neighbour", "10.1.0.0/16", "10.2.0.0", false},
        {"a prefix inside a byte", "10.0.0.0/9", "10.127.255.255", true},
        {"the other half", "10.0.0.0/9", "10.128.0.0", false},
        {"one address", "127.0.0.1", "127.0.0.1", true},
        {"not the next", "127.0.0.1", "127.0.0.2", false},
        {"bits behind the prefix do not matter", "10.1.2.3/8", "10.9.9.9",
         true},
        {"the second of a list", "127.0.0.1, 10.0.0.0/8", "10.9.9.9", true},
        {"white space instead of commas", "127.0.0.1\t10.0.0.0/8\n", "10.9.9.9",
         true},
        {"IPv4 written as mapped", "::ffff:10.0.0.0/104", "10.9.9.9", true},
        {"a mapped address is IPv4", "10.0.0.0/8", "::ffff:10.9.9.9", true},
        {"an IPv6 network", "fd00::/8", "fd12::1", true},
        {"not fc00", "fd00::/8", "fc00::1", false},
        {"::1", "::1/128", "::1", true},
        {"all of IPv4", "0.0.0.0/0", "127.0.0.1", true},
        {"all of IPv4 is not IPv6", "0.0.0.0/0", "::1", false},
        {"all of IPv6", "::/0", "::1", true},
        {"all of IPv6 is not IPv4", "::/0", "127.0.0.1", false},
        {"nor IPv4 in its mapped form", "::/0", "::ffff:127.0.0.1", false},
        {"an empty list", "", "127.0.0.1", false},
        {"only separators", " , ,", "127.0.0.1", false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct target_nets nets = nets_of(rows[i].list);
        bool got = allowed(&nets, rows[i].address);
        bool text = target_nets_contain_text(&nets, slice_of(rows[i].address));

        if (got != rows[i].want)
            fprintf(stderr, "\n%s\n", rows[i].claim);
        CU_ASSERT_EQUAL(got, rows[i].want);
        CU_ASSERT_EQUAL(text, rows[i].want);
    }
}

static void
test_text_that_is_no_address(void)
{
    static const struct slice texts[] = {
        {"", 0},
        {NULL, 0},
        {"unix:", 5},
        {"localhost", 9},
        {"127.0.0.1 ", 10},
        {"127.0.0.1\0", 10},
        {"127.1", 5},
        {"[::1]", 5},
        {"0127.0.0.1", 10},
        {"::1%eth0", 8},
        {"127.0.0.1/8", 11},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa", 49},
    };
    const struct target_nets all = nets_of("0.0.0.0/0, ::/0");
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        CU_ASSERT_FALSE(target_nets_contain_text(&all, texts[i]));
    CU_ASSERT_FALSE(target_nets_contain_text(NULL, SLICE("127.0.0.1")));
}

static void
test_lists_that_are_wrong(void)
{
    static const struct {
        const char *list, *named;
    } rows[] = {
        {"10.0.0.0/33", "'10.0.0.0/33'"},
        {"127.0.0.1, ::1/129", "'::1/129'"},
        {"10.0.0.0/", "'10.0.0.0/'"},
        {"10.0.0.0/-1", "'10.0.0.0/-1'"},
        {"10.0.0.0/08", "'10.0.0.0/08'"},
        {"10.0.0/8", "'10.0.0/8'"},
        {"010.0.0.0/8", "'010.0.0.0/8'"},
        {"/8", "'/8'"},
        {"localhost", "'localhost'"},
        {"10.0.0.0/8;127.0.0.1", "'10.0.0.0/8;127.0.0.1'"},
    };
    struct target_nets nets = {.count = 3};
    struct buf why = BUF_INIT(256), long_list = BUF_INIT(4096);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        buf_clear(&why);
        CU_ASSERT_FALSE(target_nets_parse(rows[i].list, &nets, &why));
        CU_ASSERT_EQUAL(nets.count, 3);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.data, rows[i].named));
    }
    for (i = 0; i < TARGET_NETS_MAX; i++)
        buf_add_text(&long_list, "10.0.0.1 ");
    CU_ASSERT_TRUE(target_nets_parse(long_list.data, &nets, &why));
    CU_ASSERT_EQUAL(nets.count, TARGET_NETS_MAX);
    buf_add_text(&long_list, "10.0.0.1");
    buf_clear(&why);
    CU_ASSERT_FALSE(target_nets_parse(long_list.data, &nets, &why));
    CU_ASSERT_STRING_EQUAL(why.data, "more than 64 networks");
    buf_free(&why);
    buf_free(&long_list);
}

static void
test_urls(void)
{
    static const struct {
        const char *url;
        enum target_result want;
    } rows[] = {
        {"https://example.com/hook", TARGET_OK},
        {"http://example.com", TARGET_OK},
        {"HTTPS://Example.COM/", TARGET_OK},
        {"hTTp://example.com/", TARGET_OK},
        {"https://example.com?a=1", TARGET_OK},
        {"https://example.com:8443/a/b?c=d&e=%20f", TARGET_OK},
        {"https://example.com/@user", TARGET_OK},
        {"https://example.com./", TARGET_OK},
        {"https://xn--bcher-kva.example/", TARGET_OK},
        {"https://a-b.c1.example/", TARGET_OK},
        {"https://1.example/", TARGET_OK},
        {"https://0x7f.example/", TARGET_OK},
        {"https://single/", TARGET_OK},
        {"https://8.8.8.8/", TARGET_OK},
        {"https://[2606:2800:220:1::1]:8443/", TARGET_OK},
        {"http://example.com:1/", TARGET_OK},
        {"http://example.com:65535/", TARGET_OK},
        {"https://localhost.example.com/", TARGET_OK},
        {"https://notlocalhost/", TARGET_OK},

        {"http://127.0.0.1/", TARGET_PRIVATE},
        {"http://127.0.0.1:8080/", TARGET_PRIVATE},
        {"http://10.0.0.1/", TARGET_PRIVATE},
        {"http://169.254.169.254/latest/meta-data/", TARGET_PRIVATE},
        {"http://0.0.0.0/", TARGET_PRIVATE},
        {"http://255.255.255.255/", TARGET_PRIVATE},
        {"http://[::1]/", TARGET_PRIVATE},
        {"http://[::]/", TARGET_PRIVATE},
        {"http://[::ffff:7f00:1]/", TARGET_PRIVATE},
        {"http://[::ffff:127.0.0.1]/", TARGET_PRIVATE},
        {"http://[0:0:0:0:0:ffff:a00:1]/", TARGET_PRIVATE},
        {"http://[64:ff9b::a9fe:a9fe]/", TARGET_PRIVATE},
        {"http://[fe80::1]/", TARGET_PRIVATE},
        {"http://localhost/", TARGET_PRIVATE},
        {"http://LOCALHOST/", TARGET_PRIVATE},
        {"http://localhost./", TARGET_PRIVATE},
        {"http://a.localhost/", TARGET_PRIVATE},
        {"http://a.LocalHost.:80/", TARGET_PRIVATE},

        {"http://0x7f.1/", TARGET_BAD_URL},
        {"http://0x7f.0.0.1/", TARGET_BAD_URL},
        {"http://0x7f000001/", TARGET_BAD_URL},
        {"http://0x/", TARGET_BAD_URL},
        {"http://example.0x1f/", TARGET_BAD_URL},
        {"http://127.1/", TARGET_BAD_URL},
        {"http://127.0.1/", TARGET_BAD_URL},
        {"http://2130706433/", TARGET_BAD_URL},
        {"http://017700000001/", TARGET_BAD_URL},
        {"http://0177.0.0.1/", TARGET_BAD_URL},
        {"http://127.0.0.01/", TARGET_BAD_URL},
        {"http://127.0.0.1./", TARGET_BAD_URL},
        {"http://8.8.8.8./", TARGET_BAD_URL},
        {"http://256.1.1.1/", TARGET_BAD_URL},
        {"http://1.2.3.4.5/", TARGET_BAD_URL},
        {"http://foo.1/", TARGET_BAD_URL},
        {"http://127.0.0.0x1/", TARGET_BAD_URL},
        {"http://[::ffff:127.1]/", TARGET_BAD_URL},
        {"http://[fe80::1%25eth0]/", TARGET_BAD_URL},
        {"http://[fe80::1%eth0]/", TARGET_BAD_URL},
        {"http://[127.0.0.1]/", TARGET_BAD_URL},
        {"http://[example.com]/", TARGET_BAD_URL},
        {"http://[v1.a]/", TARGET_BAD_URL},
        {"http://[]/", TARGET_BAD_URL},
        {"http://[::1/", TARGET_BAD_URL},
        {"http://[::1]x/", TARGET_BAD_URL},
        {"http://::1/", TARGET_BAD_URL},

        {"http://user@host.example/", TARGET_BAD_URL},
        {"http://user:password@host.example/", TARGET_BAD_URL},
        {"http://@host.example/", TARGET_BAD_URL},
        {"http://host.example\\@x/", TARGET_BAD_URL},
        {"http://host.example\\.x.example/", TARGET_BAD_URL},
        {"http:\\\\host.example\\", TARGET_BAD_URL},
        {"http://host.example/a\\b", TARGET_BAD_URL},
        {"http://host.example#@x/", TARGET_BAD_URL},
        {"http://host.example/#fragment", TARGET_BAD_URL},
        {"http://host.example/ a", TARGET_BAD_URL},
        {" http://host.example/", TARGET_BAD_URL},
        {"http://host.example/\n", TARGET_BAD_URL},
        {"http://host.example/\r\nX: y", TARGET_BAD_URL},
        {"http://host\t.example/", TARGET_BAD_URL},
        {"http://host.example/\x7f", TARGET_BAD_URL},
        {"http://host.example/%0d%0aX:%20y", TARGET_BAD_URL},
        {"http://host.example/%00", TARGET_BAD_URL},
        {"http://host.example/?a=%1F", TARGET_BAD_URL},
        {"http://host.example/%7F", TARGET_BAD_URL},
        {"http://host%00.example/", TARGET_BAD_URL},
        {"http://%6cocalhost/", TARGET_BAD_URL},
        {"http://127%2e0%2e0%2e1/", TARGET_BAD_URL},
        {"http://\xe2\x93\x9blocalhost/", TARGET_BAD_URL},
        {"http://127\xe3\x80\x82"
         "0.0.1/",
         TARGET_BAD_URL},
        {"http://b\xc3\xbc"
         "cher.example/",
         TARGET_BAD_URL},
        {"http://host.example/\xc3\xbc", TARGET_BAD_URL},

        {"", TARGET_BAD_URL},
        {"example.com", TARGET_BAD_URL},
        {"//example.com/", TARGET_BAD_URL},
        {"/hook", TARGET_BAD_URL},
        {"http:example.com", TARGET_BAD_URL},
        {"http:/example.com/", TARGET_BAD_URL},
        {"http:///example.com/", TARGET_BAD_URL},
        {"http://", TARGET_BAD_URL},
        {"http://?a", TARGET_BAD_URL},
        {"http://:80/", TARGET_BAD_URL},
        {"http://./", TARGET_BAD_URL},
        {"http://../", TARGET_BAD_URL},
        {"http://a..example/", TARGET_BAD_URL},
        {"http://.example/", TARGET_BAD_URL},
        {"http://example../", TARGET_BAD_URL},
        {"http://-a.example/", TARGET_BAD_URL},
        {"http://a-.example/", TARGET_BAD_URL},
        {"http://a_b.example/", TARGET_BAD_URL},
        {"http://a,b.example/", TARGET_BAD_URL},
        {"http://*.example/", TARGET_BAD_URL},
        {"ftp://example.com/", TARGET_BAD_URL},
        {"file:///etc/passwd", TARGET_BAD_URL},
        {"gopher://example.com/", TARGET_BAD_URL},
        {"javascript:alert(1)", TARGET_BAD_URL},
        {"httpx://example.com/", TARGET_BAD_URL},

        {"http://example.com:/", TARGET_BAD_URL},
        {"http://example.com:0/", TARGET_BAD_URL},
        {"http://example.com:65536/", TARGET_BAD_URL},
        {"http://example.com:080/", TARGET_BAD_URL},
        {"http://example.com:-1/", TARGET_BAD_URL},
        {"http://example.com:+80/", TARGET_BAD_URL},
        {"http://example.com:8a/", TARGET_BAD_URL},
        {"http://example.com:80:80/", TARGET_BAD_URL},
        {"http://example.com:80@x/", TARGET_BAD_URL},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum target_result got =
            target_check_url(slice_of(rows[i].url), false, NULL, NULL);

        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %s, want %s\n", rows[i].url,
                    result_names[got], result_names[rows[i].want]);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
    CU_ASSERT_EQUAL(target_check_url(SLICE_NONE, false, NULL, NULL),
                    TARGET_BAD_URL);
    CU_ASSERT_EQUAL(
        target_check_url(SLICE("http://a.example/\0"), false, NULL, NULL),
        TARGET_BAD_URL);
}

/* A URL whose host is `count` times the text, and a final letter. */
static enum target_result
check_host(const char *text, size_t count)
{
    struct buf url = BUF_INIT(1024);
    enum target_result result;
    size_t i;

    buf_add_text(&url, "http://");
    for (i = 0; i < count; i++)
        buf_add_text(&url, text);
    buf_add_text(&url, "z/");
    result = target_check_url(buf_slice(&url), false, NULL, NULL);
    buf_free(&url);
    return result;
}

static void
test_lengths(void)
{
    char url[TARGET_URL_MAX + 1];

    memset(url, 'a', sizeof(url));
    memcpy(url, "http://a.example/", 17);
    CU_ASSERT_EQUAL(
        target_check_url(slice_make(url, TARGET_URL_MAX), false, NULL, NULL),
        TARGET_OK);
    CU_ASSERT_EQUAL(target_check_url(slice_make(url, TARGET_URL_MAX + 1), false,
                                     NULL, NULL),
                    TARGET_BAD_URL);

    /* A label has up to 63 bytes, a name up to 253. */
    CU_ASSERT_EQUAL(check_host("a", 62), TARGET_OK);
    CU_ASSERT_EQUAL(check_host("a", 63), TARGET_BAD_URL);
    CU_ASSERT_EQUAL(check_host("a.", 126), TARGET_OK);
    CU_ASSERT_EQUAL(check_host("a.", 127), TARGET_BAD_URL);
}

static void
test_https_and_allow_list(void)
{
    static const struct {
        const char *claim;
        const char *url, *list;
        bool require_https;
        enum target_result want;
    } rows[] = {
        {"http where https is required", "http://a.example/", "", true,
         TARGET_NOT_HTTPS},
        {"https where it is", "https://a.example/", "", true, TARGET_OK},
        {"private and http", "http://127.0.0.1/", "", true, TARGET_NOT_HTTPS},
        {"private and https", "https://127.0.0.1/", "", true, TARGET_PRIVATE},
        {"no URL at all", "http://", "", true, TARGET_BAD_URL},
        {"a listed address", "http://127.0.0.1:9/", "127.0.0.1", false,
         TARGET_OK},
        {"not the next", "http://127.0.0.2/", "127.0.0.1", false,
         TARGET_PRIVATE},
        {"localhost goes with 127.0.0.1", "http://localhost/", "127.0.0.0/8",
         false, TARGET_OK},
        {"localhost goes with ::1", "http://a.localhost./", "::1", false,
         TARGET_OK},
        {"localhost does not go with 10/8", "http://localhost/", "10.0.0.0/8",
         false, TARGET_PRIVATE},
        {"a listed address in brackets", "http://[::ffff:127.0.0.1]/",
         "127.0.0.1", false, TARGET_OK},
        {"other spellings stay refused", "http://127.1/", "127.0.0.0/8", false,
         TARGET_BAD_URL},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct target_nets nets = nets_of(rows[i].list);
        enum target_result got = target_check_url(
            slice_of(rows[i].url), rows[i].require_https, &nets, NULL);

        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim, result_names[got]);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

static void
test_parts(void)
{
    static const struct {
        const char *url;
        bool https;
        const char *host;
        uint16_t port;
        const char *path;
    } rows[] = {
        {"https://a.example/b?c", true, "a.example", 443, "/b?c"},
        {"http://a.example", false, "a.example", 80, ""},
        {"http://a.example?b", false, "a.example", 80, "?b"},
        {"HTTP://A.example.:81/", false, "A.example.", 81, "/"},
        {"https://[2606::1]/x", true, "2606::1", 443, "/x"},
        {"https://[2606::1]:444", true, "2606::1", 444, ""},
        {"https://8.8.8.8:1/?", true, "8.8.8.8", 1, "/?"},
    };
    struct target_url untouched = {.port = 7}, got;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_EQUAL(
            target_check_url(slice_of(rows[i].url), false, NULL, &got),
            TARGET_OK);
        CU_ASSERT_EQUAL(got.https, rows[i].https);
        CU_ASSERT(slice_is(got.host, rows[i].host));
        CU_ASSERT_EQUAL(got.port, rows[i].port);
        CU_ASSERT(slice_is(got.path, rows[i].path));
    }
    got = untouched;
    CU_ASSERT_EQUAL(
        target_check_url(SLICE("http://10.0.0.1/"), false, NULL, &got),
        TARGET_PRIVATE);
    CU_ASSERT_EQUAL(target_check_url(SLICE("http://x"), true, NULL, &got),
                    TARGET_NOT_HTTPS);
    CU_ASSERT_EQUAL(got.port, untouched.port);
}

static void
test_texts(void)
{
    CU_ASSERT_PTR_NOT_NULL(
        strstr(target_result_text(TARGET_PRIVATE), "allow_targets"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(target_result_text(TARGET_NOT_HTTPS), "https://"));
    CU_ASSERT_PTR_NOT_NULL(strstr(target_result_text(TARGET_BAD_URL), "2048"));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"edges of refused ranges", test_edges_of_refused_ranges},
        {"known addresses", test_known_addresses},
        {"other families are refused", test_other_families_are_refused},
        {"allow list", test_allow_list},
        {"text that is no address", test_text_that_is_no_address},
        {"lists that are wrong", test_lists_that_are_wrong},
        {"URLs", test_urls},
        {"lengths", test_lengths},
        {"https and allow list", test_https_and_allow_list},
        {"parts", test_parts},
        {"texts", test_texts},
        CU_TEST_INFO_NULL,
    };

    return unit_run("target", tests);
}
