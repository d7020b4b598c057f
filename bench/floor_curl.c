/*
 * floor_curl.c - what libcurl can do at most: POSTs of one body over a multi
 * handle with epoll, as many at a time as asked, to paths /ok/0 .. /ok/N-1.
 *
 * Prints one line of JSON.
 */
#include "alloc.h"
#include "clock.h"
#include "flags.h"
#include "loopback.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define CONCURRENCY_MAX 4096
#define BODY_MAX 100000
#define ZEROS "0000000000000000"
#define STALL_US (30 * CLOCK_US_PER_S)

struct floor_curl {
    CURLM *multi;
    int epoll_fd;
    int64_t timer_us; /* 0: none is set */
    const char *url;
    uint64_t paths, total, started, done, good;
    struct curl_slist *headers;
    char *body;
};

static size_t
ignore_body(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    (void)user;
    return size * count;
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *known)
{
    struct floor_curl *floor = user;
    struct epoll_event event = {.data = {.fd = fd}};

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(floor->epoll_fd, EPOLL_CTL_DEL, fd, &event);
        (void)curl_multi_assign(floor->multi, fd, NULL);
        return 0;
    }
    event.events = ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0u) |
                   ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0u);
    (void)epoll_ctl(floor->epoll_fd,
                    known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    (void)curl_multi_assign(floor->multi, fd, floor);
    return 0;
}

static int
on_timer(CURLM *multi, long ms, void *user)
{
    struct floor_curl *floor = user;

    (void)multi;
    floor->timer_us = ms < 0 ? 0 : clock_mono_us() + ms * CLOCK_US_PER_MS;
    return 0;
}

static void
start(struct floor_curl *floor, CURL *easy)
{
    char url[256];

    (void)snprintf(url, sizeof(url), "%s/ok/%llu", floor->url,
                   (unsigned long long)(floor->started % floor->paths));
    floor->started++;
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_multi_add_handle(floor->multi, easy);
}

static CURL *
new_easy(const struct floor_curl *floor)
{
    CURL *easy = curl_easy_init();

    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, floor->body);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, floor->headers);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore_body);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    return easy;
}

static void
take_done(struct floor_curl *floor)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(floor->multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        long status = 0;

        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        floor->done++;
        if (message->data.result == CURLE_OK && status == 200)
            floor->good++;
        (void)curl_multi_remove_handle(floor->multi, easy);
        if (floor->started < floor->total)
            start(floor, easy);
        else
            curl_easy_cleanup(easy);
    }
}

static int
wait_ms(const struct floor_curl *floor)
{
    int64_t left_us;

    if (floor->timer_us == 0)
        return 100;
    left_us = floor->timer_us - clock_mono_us();
    if (left_us <= 0)
        return 0;
    return left_us > 100 * CLOCK_US_PER_MS
               ? 100
               : (int)((left_us + CLOCK_US_PER_MS - 1) / CLOCK_US_PER_MS);
}

static void
run(struct floor_curl *floor)
{
    int64_t moved_us = clock_mono_us();
    struct epoll_event events[256];
    uint64_t before = 0;
    int running;

    while (floor->done < floor->total &&
           clock_mono_us() - moved_us < STALL_US) {
        int i, count = epoll_wait(floor->epoll_fd, events, 256, wait_ms(floor));

        for (i = 0; i < count; i++) {
            int what =
                ((events[i].events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                ((events[i].events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0);

            (void)curl_multi_socket_action(floor->multi, events[i].data.fd,
                                           what, &running);
        }
        if (floor->timer_us != 0 && clock_mono_us() >= floor->timer_us) {
            floor->timer_us = 0;
            (void)curl_multi_socket_action(floor->multi, CURL_SOCKET_TIMEOUT, 0,
                                           &running);
        }
        take_done(floor);
        if (floor->done > before)
            moved_us = clock_mono_us();
        before = floor->done;
    }
}

/* As many headers, of the same length, as Postern's deliveries have. */
static struct curl_slist *
make_headers(void)
{
    static const char *const lines[] = {
        "Content-Type: application/json",
        "User-Agent: Postern/1.0.0",
        "webhook-id: evt_0a1b2c3d4e5f6",
        "webhook-timestamp: 1767279600",
        "webhook-signature: v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "X-Webhook-Signature: sha256=" ZEROS ZEROS ZEROS ZEROS,
        "X-Webhook-Event: bench.0",
        "X-Webhook-Delivery: dlv_0a1b2c3d4e5f6",
        "X-Webhook-Attempt: 1",
        "traceparent: 00-" ZEROS ZEROS "-" ZEROS "-01",
        "Expect:",
    };
    struct curl_slist *headers = NULL;
    size_t i;

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        headers = curl_slist_append(headers, lines[i]);
    return headers;
}

int
main(int argc, char **argv)
{
    struct floor_curl floor = {.url = "", .paths = 50, .total = 10000};
    uint64_t concurrency = 64, bytes = 700, i;
    const struct flag flags[] = {
        {"url", "http://127.0.0.1:PORT", NULL, &floor.url, 0},
        {"count", "how many requests", &floor.total, NULL, 10000000},
        {"concurrency", "at the same time (64)", &concurrency, NULL,
         CONCURRENCY_MAX},
        {"paths", "endpoints (50)", &floor.paths, NULL, 10000},
        {"bytes", "of the body (700)", &bytes, NULL, BODY_MAX},
        {NULL, NULL, NULL, NULL, 0},
    };
    struct loopback place;
    double seconds;
    int64_t start_us;

    flags_read(flags, argc, argv);
    if (!loopback_parse(floor.url, &place) || floor.paths == 0) {
        fputs("floor_curl: --url: loopback addresses only\n", stderr);
        return 64;
    }
    (void)curl_global_init(CURL_GLOBAL_ALL);
    floor.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    floor.multi = curl_multi_init();
    floor.headers = make_headers();
    floor.body = xcalloc(bytes + 1, 1);
    memset(floor.body, 'x', bytes);
    (void)curl_multi_setopt(floor.multi, CURLMOPT_MAXCONNECTS,
                            (long)concurrency);
    (void)curl_multi_setopt(floor.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(floor.multi, CURLMOPT_SOCKETDATA, &floor);
    (void)curl_multi_setopt(floor.multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(floor.multi, CURLMOPT_TIMERDATA, &floor);
    start_us = clock_mono_us();
    for (i = 0; i < concurrency && floor.started < floor.total; i++)
        start(&floor, new_easy(&floor));
    run(&floor);
    seconds = (double)(clock_mono_us() - start_us) / 1e6;
    printf("{\"requests\":%llu,\"good\":%llu,\"seconds\":%.4f,"
           "\"per_second\":%.1f}\n",
           (unsigned long long)floor.done, (unsigned long long)floor.good,
           seconds, (double)floor.good / seconds);
    curl_multi_cleanup(floor.multi);
    curl_slist_free_all(floor.headers);
    curl_global_cleanup();
    free(floor.body);
    return floor.good == floor.total ? EXIT_SUCCESS : EXIT_FAILURE;
}
