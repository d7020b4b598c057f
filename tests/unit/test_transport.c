/*
 * test_transport.c - unit tests for the parts of fcgi/transport/transport*.c that need
 * no web server: reading bodies, and listening sockets.
 */
#include "request_fixture.h"
#include "transport_kind.h"
#include "unit.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A body that comes in pieces. */
struct stream {
    size_t left;  /* bytes still to come */
    size_t piece; /* bytes at a time */
    size_t taken;
};

static int
read_stream(void *from, char *into, int len)
{
    struct stream *stream = from;
    size_t count = (size_t)len;

    if (count > stream->piece)
        count = stream->piece;
    if (count > stream->left)
        count = stream->left;
    memset(into, 'x', count);
    stream->left -= count;
    stream->taken += count;
    return (int)count;
}

static void
test_bodies(void)
{
    static const struct {
        const char *claim;
        size_t sent, piece;
        const char *length; /* CONTENT_LENGTH=... or NULL: chunked */
        size_t kept;
        bool too_large, cut;
    } rows[] = {
        {"no body", 0, 1, NULL, 0, false, false},
        {"a body in one piece", 600, 1000, "CONTENT_LENGTH=600", 600, false,
         false},
        {"a body byte by byte", 600, 1, "CONTENT_LENGTH=600", 600, false,
         false},
        {"chunked: no length", 600, 7, NULL, 600, false, false},
        {"exactly as much as is kept", FIXTURE_BODY_MAX, 7, NULL,
         FIXTURE_BODY_MAX, false, false},
        {"one byte more", FIXTURE_BODY_MAX + 1, 7, NULL, FIXTURE_BODY_MAX, true,
         false},
        {"very much more is read away", 1000000, 8192, NULL, FIXTURE_BODY_MAX,
         true, false},
        {"less than announced", 600, 7, "CONTENT_LENGTH=601", 600, false, true},
        {"less than announced, and as much as is kept", FIXTURE_BODY_MAX, 7,
         "CONTENT_LENGTH=1001", FIXTURE_BODY_MAX, false, true},
        {"more than is kept, and less than announced", FIXTURE_BODY_MAX + 1, 7,
         "CONTENT_LENGTH=2000", FIXTURE_BODY_MAX, true, false},
        {"a length that is no number says nothing", 600, 7, "CONTENT_LENGTH=6x",
         600, false, false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f = {
            .params = {"REQUEST_METHOD=POST", "REQUEST_URI=/", rows[i].length}};
        struct stream stream = {.left = rows[i].sent, .piece = rows[i].piece};

        fixture_read(&f, "");
        transport_read_body(&f.request, INT64_MAX, read_stream, &stream);
        if (f.request.body.len != rows[i].kept)
            fprintf(stderr, "\n%s: kept %zu\n", rows[i].claim,
                    f.request.body.len);
        CU_ASSERT_EQUAL(f.request.body.len, rows[i].kept);
        CU_ASSERT_EQUAL(f.request.body_too_large, rows[i].too_large);
        CU_ASSERT_EQUAL(f.request.body_cut, rows[i].cut);
        CU_ASSERT_EQUAL(stream.taken, rows[i].sent);
        request_free(&f.request);
    }
}

/* Who sends on and on is not listened to for ever, whether he has announced a
   length or not. */
static void
test_body_that_takes_too_long(void)
{
    struct fixture f = {.params = {"REQUEST_METHOD=POST", "REQUEST_URI=/"}};
    struct stream stream = {.left = 600, .piece = 1};

    fixture_read(&f, "");
    transport_read_body(&f.request, 0, read_stream, &stream);
    CU_ASSERT(f.request.body_cut);
    CU_ASSERT_EQUAL(stream.taken, 1);
    request_free(&f.request);
}

static char directory[] = "/tmp/postern-test-XXXXXX";

static void
test_unix_socket(void)
{
    char where[128], *unlink_path = NULL, *second = NULL;
    enum transport_fault fault;
    struct buf why = BUF_INIT(1000);
    struct stat status;
    int fd;

    snprintf(where, sizeof(where), "unix:%s/s", directory);
    fd = transport_bind(where, &unlink_path, &fault, &why);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_STRING_EQUAL(unlink_path, where + 5);
    CU_ASSERT_EQUAL(stat(unlink_path, &status), 0);
    CU_ASSERT_EQUAL(status.st_mode & 07777, 0660);
    CU_ASSERT_EQUAL(listen(fd, 1), 0);

    /* A socket that somebody serves is not taken away from him. */
    CU_ASSERT_EQUAL(transport_bind(where, &second, &fault, &why), -1);
    CU_ASSERT_PTR_NULL(second);
    CU_ASSERT_EQUAL(fault, TRANSPORT_DENIED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.data, "something else is there"));
    CU_ASSERT_EQUAL(stat(unlink_path, &status), 0);

    /* One that a dead process left behind is. */
    close(fd);
    free(unlink_path);
    fd = transport_bind(where, &unlink_path, &fault, &why);
    CU_ASSERT(fd >= 0);
    close(fd);
    unlink(unlink_path);
    free(unlink_path);
    buf_free(&why);
}

static void
test_leaves_files_alone(void)
{
    char where[128], *unlink_path = NULL;
    struct buf why = BUF_INIT(1000);
    enum transport_fault fault;
    struct stat status;
    FILE *file;

    snprintf(where, sizeof(where), "unix:%s/file", directory);
    file = fopen(where + 5, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fclose(file);
    CU_ASSERT_EQUAL(transport_bind(where, &unlink_path, &fault, &why), -1);
    CU_ASSERT_PTR_NULL(unlink_path);
    CU_ASSERT_EQUAL(stat(where + 5, &status), 0);
    unlink(where + 5);
    buf_free(&why);
}

static void
test_bad_addresses(void)
{
    static const struct {
        const char *where;
        enum transport_fault fault;
    } rows[] = {
        {"unix:", TRANSPORT_WRONG},
        {"unix:/nonexistent/directory/s", TRANSPORT_DENIED},
        {"unix:/tmp/"
         "0123456789012345678901234567890123456789012345678901234567890123456"
         "0123456789012345678901234567890123456789",
         TRANSPORT_WRONG},
        {"9000", TRANSPORT_WRONG},
        {":9000", TRANSPORT_WRONG},
        {"127.0.0.1:", TRANSPORT_WRONG},
        {"127.0.0.1:http", TRANSPORT_WRONG},
        {"127.0.0.1:65536", TRANSPORT_WRONG},
        {"127.0.0.1:99999", TRANSPORT_WRONG},
        {"127.0.0.1:-1", TRANSPORT_WRONG},
        {"127.0.0.1:90 00", TRANSPORT_WRONG},
        {"203.0.113.1:9000", TRANSPORT_DENIED},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf why = BUF_INIT(1000);
        char *unlink_path = NULL;
        enum transport_fault fault;
        int fd = transport_bind(rows[i].where, &unlink_path, &fault, &why);

        if (fd != -1 || fault != rows[i].fault)
            fprintf(stderr, "\n%s: %d, fault %d\n", rows[i].where, fd, fault);
        CU_ASSERT_EQUAL(fd, -1);
        CU_ASSERT_EQUAL(fault, rows[i].fault);
        CU_ASSERT_PTR_NULL(unlink_path);
        CU_ASSERT(why.len > 0);
        buf_free(&why);
    }
}

static void
test_port(void)
{
    struct buf why = BUF_INIT(1000);
    char *unlink_path = NULL, *name, want[40];
    enum transport_fault fault;
    int fd = transport_bind("127.0.0.1:0", &unlink_path, &fault, &why);
    struct sockaddr_in bound;
    socklen_t len = sizeof(bound);

    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_PTR_NULL(unlink_path);
    CU_ASSERT_EQUAL(getsockname(fd, (struct sockaddr *)&bound, &len), 0);
    CU_ASSERT_EQUAL(bound.sin_family, AF_INET);
    CU_ASSERT_EQUAL(bound.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    name = transport_bound_name("127.0.0.1:0", fd);
    snprintf(want, sizeof(want), "127.0.0.1:%d", ntohs(bound.sin_port));
    CU_ASSERT_STRING_EQUAL(name, want);
    free(name);
    close(fd);
    buf_free(&why);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"bodies", test_bodies},
        {"a body that takes too long", test_body_that_takes_too_long},
        {"unix socket", test_unix_socket},
        {"leaves files alone", test_leaves_files_alone},
        {"bad addresses", test_bad_addresses},
        {"port", test_port},
        CU_TEST_INFO_NULL,
    };
    int end;

    if (mkdtemp(directory) == NULL)
        return EXIT_FAILURE;
    end = unit_run("transport", tests);
    rmdir(directory);
    return end;
}
