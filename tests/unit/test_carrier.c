/*
 * test_carrier.c - unit tests for worker/send/carrier.c and the options of its
 * handles: real transfers, names whose look-up hangs, and certificates whose
 * loading is counted.
 */
#include "carrier.h"

#include "clock.h"
#include "sink.h"
#include "unit.h"

#include <dlfcn.h>
#include <netdb.h>
#include <openssl/x509_vfy.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define HANGS_S 20 /* so long hangs a look-up that somebody waits for */
#define LIMIT_S 30 /* for what is to happen soon */

/* -- a resolver that hangs ---------------------------------------------------- */

static struct {
    sem_t asked, may_answer, has_answered;
    atomic_uint answered;
} resolver;

/* False: it did not come. */
static bool
wait_for(sem_t *semaphore, long seconds)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds * unit_slow();
    return sem_timedwait(semaphore, &until) == 0;
}

/* In front of the library's: answers when it may, or very late. */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
            struct addrinfo **result)
{
    (void)node;
    (void)service;
    (void)hints;
    *result = NULL;
    sem_post(&resolver.asked);
    (void)wait_for(&resolver.may_answer, HANGS_S);
    atomic_fetch_add(&resolver.answered, 1);
    sem_post(&resolver.has_answered);
    return EAI_FAIL;
}

static void
resolver_begin(void)
{
    sem_init(&resolver.asked, 0, 0);
    sem_init(&resolver.may_answer, 0, 0);
    sem_init(&resolver.has_answered, 0, 0);
    atomic_store(&resolver.answered, 0);
}

static void
resolver_end(unsigned questions)
{
    unsigned i;

    for (i = 0; i < questions; i++)
        sem_post(&resolver.may_answer);
    for (i = 0; i < questions; i++)
        CU_ASSERT(wait_for(&resolver.has_answered, LIMIT_S));
    CU_ASSERT_EQUAL(atomic_load(&resolver.answered), questions);
}

/* -- certificates -------------------------------------------------------------- */

static atomic_uint paths_loaded, files_loaded;

static int
load(const char *function, X509_STORE *store, const char *name)
{
    int (*real)(X509_STORE *, const char *);
    void *found = dlsym(RTLD_NEXT, function);

    memcpy(&real, &found, sizeof(real));
    return real(store, name);
}

/* In front of the library's. */
int
X509_STORE_load_path(X509_STORE *store, const char *path)
{
    atomic_fetch_add(&paths_loaded, 1);
    return load("X509_STORE_load_path", store, path);
}

int
X509_STORE_load_file(X509_STORE *store, const char *file)
{
    atomic_fetch_add(&files_loaded, 1);
    return load("X509_STORE_load_file", store, file);
}

/* -- a carrier ----------------------------------------------------------------- */

static struct settings settings = {
    .ca_bundle = "", .allow_targets = "127.0.0.0/8", .slots = 10};
static struct carrier carrier;

static void
set_up(void)
{
    const struct carrier_hooks hooks = {.arg = NULL};
    struct buf why = BUF_INIT(256);

    CU_ASSERT_FATAL(carrier_open(&carrier, &settings, &hooks, &why));
    buf_free(&why);
}

static struct transfer *
begin(const char *url, long timeout_ms)
{
    struct transfer *transfer = carrier_take(&carrier);
    int running;

    CU_ASSERT_PTR_NOT_NULL_FATAL(transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
    curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    CU_ASSERT_EQUAL_FATAL(curl_multi_add_handle(carrier.multi, transfer->easy),
                          CURLM_OK);
    CU_ASSERT_EQUAL(curl_multi_perform(carrier.multi, &running), CURLM_OK);
    return transfer;
}

/* CURLE_AGAIN: it has not ended. */
static CURLcode
wait_for_end(void)
{
    int64_t limit_us = clock_mono_us() + LIMIT_S * unit_slow() * CLOCK_US_PER_S;
    CURLMsg *message;
    int running, left;

    while ((message = curl_multi_info_read(carrier.multi, &left)) == NULL) {
        if (clock_mono_us() > limit_us)
            return CURLE_AGAIN;
        (void)curl_multi_poll(carrier.multi, NULL, 0, 1000, NULL);
        CU_ASSERT_EQUAL_FATAL(curl_multi_perform(carrier.multi, &running),
                              CURLM_OK);
    }
    return message->data.result;
}

static void
end(struct transfer *transfer)
{
    CU_ASSERT_EQUAL(curl_multi_remove_handle(carrier.multi, transfer->easy),
                    CURLM_OK);
    carrier_give(&carrier, transfer);
}

/* -- claims -------------------------------------------------------------------- */

static void
test_a_look_up_that_hangs_and_a_transfer_that_is_cut(void)
{
    struct transfer *transfer;

    resolver_begin();
    set_up();
    transfer = begin("http://hangs.example/", 0);
    CU_ASSERT(wait_for(&resolver.asked, LIMIT_S));
    end(transfer);
    CU_ASSERT_EQUAL(atomic_load(&resolver.answered), 0);
    carrier_close(&carrier);
    CU_ASSERT_EQUAL(atomic_load(&resolver.answered), 0);
    resolver_end(1);
}

static void
test_a_look_up_that_hangs_and_a_time_out(void)
{
    struct transfer *transfer;

    resolver_begin();
    set_up();
    transfer = begin("http://hangs.example/", 500 * unit_slow());
    CU_ASSERT(wait_for(&resolver.asked, LIMIT_S));
    CU_ASSERT_EQUAL(wait_for_end(), CURLE_OPERATION_TIMEDOUT);
    CU_ASSERT_EQUAL(atomic_load(&resolver.answered), 0);
    end(transfer);
    carrier_close(&carrier);
    CU_ASSERT_EQUAL(atomic_load(&resolver.answered), 0);
    resolver_end(1);
}

/* It takes longer than all the rest of a delivery. The peer, who does not speak
   TLS, makes each connection a new one. */
static void
test_certificates_are_loaded_once(void)
{
    static struct sink sink;
    char url[64];
    int i;

    atomic_store(&paths_loaded, 0);
    atomic_store(&files_loaded, 0);
    sink_start(&sink);
    set_up();
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/", sink.port);
    for (i = 0; i < 3; i++) {
        struct transfer *transfer = begin(url, 20000L * unit_slow());

        CU_ASSERT_EQUAL(wait_for_end(), CURLE_SSL_CONNECT_ERROR);
        end(transfer);
    }
    carrier_close(&carrier);
    sink_stop(&sink);
    CU_ASSERT_EQUAL(sink.connections, 3);
    CU_ASSERT_EQUAL(atomic_load(&files_loaded), 1);
    CU_ASSERT_EQUAL(atomic_load(&paths_loaded), 0);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a look-up that hangs, and a transfer that is cut",
         test_a_look_up_that_hangs_and_a_transfer_that_is_cut},
        {"a look-up that hangs, and a time-out",
         test_a_look_up_that_hangs_and_a_time_out},
        {"certificates are loaded once", test_certificates_are_loaded_once},
        CU_TEST_INFO_NULL,
    };
    int code;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return EXIT_FAILURE;
    code = unit_run("carrier", tests);
    curl_global_cleanup();
    return code;
}
