/*
 * test_server.c - unit tests for fcgi/server.c: threads that cannot be
 * started, and requests that find none.
 */
#include "server.h"

#include "catalog.h"
#include "contact.h"
#include "file.h"
#include "log.h"
#include "receiving.h"
#include "router.h"
#include "shutdown.h"
#include "unit.h"
#include "web_server.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>

#define THREADS 3 /* that may wait; with them housekeeping and one poller */

/* -- a system that runs out of threads -------------------------------------- */

static atomic_int threads_left = INT_MAX;

/* In front of the library's. */
int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
               void *(*body)(void *), void *arg)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    void *found = dlsym(RTLD_NEXT, "pthread_create");

    if (atomic_fetch_sub(&threads_left, 1) <= 0)
        return EAGAIN;
    memcpy(&real, &found, sizeof(real));
    return real(thread, attributes, body, arg);
}

/* -- a responder without a database ------------------------------------------ */

static char directory[] = "/tmp/postern-test-XXXXXX";
static char socket_path[64];

static struct {
    struct settings settings;
    struct app app;
    struct transport *transport;
    sem_t entered, may_leave;
} t;

/* Waits for something, as for a database. */
static void
wait_in_thread(struct exchange *exchange)
{
    exchange->must_wait = !exchange->may_wait;
    if (exchange->must_wait)
        return;
    sem_post(&t.entered);
    while (sem_wait(&t.may_leave) != 0)
        ;
    reply_json_text(exchange->reply, 200, SLICE("{}"));
}

static const struct route routes[] = {
    {METHOD_POST, "/wait", ACCESS_ALWAYS, FAMILY_RECEIVE, false,
     wait_in_thread},
};
static const size_t route_count = 1;
static const struct route_table tables[] = {{routes, &route_count, true}};

static void
set_up(int threads)
{
    static const uint8_t key[32] = {1};
    char where[80], option[32];
    char *overrides[] = {(char[]){"db_socket=/nonexistent"}, option,
                         (char[]){"run_dir="}};
    struct buf why = BUF_INIT(1000);
    enum transport_fault fault;
    const struct transport_options options = {.listen = where,
                                              .max_body = 1000,
                                              .body_memory = 1000,
                                              .base_path = ""};

    snprintf(option, sizeof(option), "threads=%d", threads);
    CU_ASSERT_FATAL(settings_load_with(&t.settings, "/dev/null",
                                       (char *[]){NULL}, overrides, 3, &why));
    snprintf(where, sizeof(where), "unix:%s", socket_path);
    t.transport = transport_open(&options, &fault, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t.transport);
    CU_ASSERT_FATAL(transport_begin(t.transport));
    t.app = (struct app){.settings = &t.settings,
                         .route_tables = tables,
                         .route_table_count = 1};
    t.app.sealer = seal_from_key(key);
    t.app.catalog = catalog_new(t.app.sealer);
    t.app.pool = db_pool_new(&t.settings, 1);
    t.app.contact = contact_new(false);
    t.app.receiving = receiving_new();
    id_source_init(&t.app.ids, 0);
    t.app.committer = commit_new(&t.settings, t.app.catalog, &t.app.ids, NULL);
    sem_init(&t.entered, 0, 0);
    sem_init(&t.may_leave, 0, 0);
}

static void
tear_down(void)
{
    commit_free(t.app.committer);
    receiving_free(t.app.receiving);
    contact_free(t.app.contact);
    db_pool_free(t.app.pool);
    catalog_free(t.app.catalog);
    seal_close(t.app.sealer);
    transport_close(t.transport);
    settings_free(&t.settings);
    sem_destroy(&t.entered);
    sem_destroy(&t.may_leave);
}

/* -- the claims ---------------------------------------------------------------- */

static const struct server_limits limits = {.grace_ms = 10000,
                                            .waiting_ms = 100};

/* Whichever of its threads it is that cannot be started. */
static void
test_too_few_threads(void)
{
    int left;

    for (left = 0; left < 1 + THREADS + 1; left++) {
        struct server_end end;

        set_up(THREADS);
        atomic_store(&threads_left, left);
        end = server_run(&t.app, t.transport, &limits);
        atomic_store(&threads_left, INT_MAX);
        if (!end.failed || end.running)
            fprintf(stderr, "\n%d threads: failed %d, running %d\n", left,
                    end.failed, end.running);
        CU_ASSERT(end.failed);
        CU_ASSERT(!end.running);
        tear_down();
    }
}

/* Those of the committer are started before. */
static void
test_no_thread_to_write_events(void)
{
    int left;

    for (left = 0; left < 2; left++) {
        int status = 0;
        pid_t child = fork();

        if (child == 0) {
            atomic_store(&threads_left, left);
            set_up(THREADS);
            _exit(0);
        }
        CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
        CU_ASSERT(WIFEXITED(status));
        CU_ASSERT_EQUAL(WEXITSTATUS(status), EX_OSERR);
        unlink(socket_path);
    }
}

/* The thread that serves connections is there and can do nothing. */
static void
test_too_few_descriptors(void)
{
    enum { MOST = 128, NEEDED = 4 }; /* two of the server, two of the poller */
    struct rlimit before, few;
    int taken[MOST], count, left;

    getrlimit(RLIMIT_NOFILE, &before);
    few = before;
    few.rlim_cur = MOST;
    for (left = 0; left < NEEDED; left++) {
        struct server_end end;
        int i;

        set_up(THREADS);
        setrlimit(RLIMIT_NOFILE, &few);
        for (count = 0; count < MOST && (taken[count] = dup(0)) >= 0; count++)
            ;
        for (i = 0; i < left; i++)
            close(taken[--count]);
        end = server_run(&t.app, t.transport, &limits);
        setrlimit(RLIMIT_NOFILE, &before);
        while (count > 0)
            close(taken[--count]);
        CU_ASSERT(end.failed);
        CU_ASSERT(!end.running);
        tear_down();
    }
}

static void *
run(void *arg)
{
    struct server_end *end = arg;

    *end = server_run(&t.app, t.transport, &limits);
    return NULL;
}

static void
hear_status(int fd, const char *want)
{
    char answer[2000];
    size_t len = hear(fd, answer, sizeof(answer) - 1);

    answer[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if (answer[i] == '\0')
            answer[i] = '.'; /* of the records' headers */
    if (strstr(answer, want) == NULL)
        fprintf(stderr, "\n%s\n", answer);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, want));
    if (strncmp(want, "Status: 503", 11) != 0)
        return;
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "Retry-After: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "X-Request-Id: req_"));
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "{\"error\":\"overloaded\""));
}

/* The one thread is busy: who waits for it hears so in time, and he whom it
   serves gets his answer, also when it is time to stop. */
static void
test_nobody_waits_for_ever(void)
{
    struct server_end end;
    pthread_t thread;
    int served, waits, late;

    set_up(1);
    pthread_create(&thread, NULL, run, &end);
    served = web_dial(socket_path);
    post(served, false, "/wait", "");
    while (sem_wait(&t.entered) != 0)
        ;
    waits = web_dial(socket_path);
    post(waits, false, "/wait", "");
    hear_status(waits, "Status: 503");
    late = web_dial(socket_path);
    post(late, false, "/wait", "");
    shutdown_request();
    hear_status(late, "Status: 503");
    sem_post(&t.may_leave);
    hear_status(served, "Status: 200");
    pthread_join(thread, NULL);
    CU_ASSERT(!end.failed);
    CU_ASSERT(!end.running);
    close(served);
    close(waits);
    close(late);
    tear_down();
}

/* A second request to stop: what is cut off is told, and how much it is. */
static int
stop_at_once(const char *log_path)
{
    struct server_end end;
    pthread_t thread;
    int served;

    if (!log_open(LOG_FORMAT_TEXT, LOG_WARNING, log_path))
        return EXIT_FAILURE;
    set_up(1);
    pthread_create(&thread, NULL, run, &end);
    served = web_dial(socket_path);
    post(served, false, "/wait", "");
    while (sem_wait(&t.entered) != 0)
        ;
    raise(SIGTERM);
    raise(SIGTERM);
    pthread_join(thread, NULL);
    return end.running && !end.failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
test_stop_at_once(void)
{
    char log_path[80];
    struct buf said = BUF_INIT(4096);
    int status = 0;
    pid_t child;

    snprintf(log_path, sizeof(log_path), "%s/log", directory);
    child = fork();
    if (child == 0) /* TSan counts threads that are left at an _exit() */
        (void)syscall(SYS_exit_group, stop_at_once(log_path));
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT(file_read(log_path, &said));
    CU_ASSERT_PTR_NOT_NULL(strstr(buf_slice(&said).ptr,
                                  "Ending although requests are under way "
                                  "requests=1\n"));
    unlink(log_path);
    unlink(socket_path);
    buf_free(&said);
}

int
main(void)
{
    /* In this order: a process is asked to stop only once. */
    CU_TestInfo tests[] = {
        {"no thread to write events", test_no_thread_to_write_events},
        {"stop at once", test_stop_at_once},
        {"too few threads", test_too_few_threads},
        {"too few descriptors", test_too_few_descriptors},
        {"nobody waits for ever", test_nobody_waits_for_ever},
        CU_TEST_INFO_NULL,
    };
    int end;

    if (mkdtemp(directory) == NULL)
        return EXIT_FAILURE;
    snprintf(socket_path, sizeof(socket_path), "%s/s", directory);
    shutdown_install();
    end = unit_run("server", tests);
    rmdir(directory);
    return end;
}
