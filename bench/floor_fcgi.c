/*
 * floor_fcgi.c - what libfcgi behind a web server can do at most: reads the
 * body, answers 202, does nothing else.
 *
 *   floor_fcgi --socket PATH --threads N
 *
 * Runs until SIGTERM, or until its standard input ends.
 */
#include "flags.h"

#include <fcgiapp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 1024
#define THREADS_MAX 1024

/* Of the same length as the answer of Postern. */
static const char answer[] =
    "Status: 202 Accepted\r\nContent-Type: application/json\r\n"
    "Content-Length: %d\r\n\r\n%s";
static const char body[] =
    "{\"status\":\"accepted\",\"message\":\"Webhook queued for processing\","
    "\"details\":{\"event_type\":\"insert\",\"source\":\"supabase\","
    "\"record_id\":\"floor-000000\",\"table_name\":\"orders\","
    "\"timestamp\":\"2026-01-01T15:00:00Z\"}}";

static int listen_fd;

static void *
serve(void *unused)
{
    FCGX_Request request;
    char part[65536];

    (void)unused;
    if (FCGX_InitRequest(&request, listen_fd, 0) != 0)
        return NULL;
    while (FCGX_Accept_r(&request) >= 0) {
        while (FCGX_GetStr(part, sizeof(part), request.in) > 0)
            ;
        FCGX_FPrintF(request.out, answer, (int)sizeof(body) - 1, body);
        FCGX_Finish_r(&request);
    }
    return NULL;
}

int
main(int argc, char **argv)
{
    const char *path = NULL;
    uint64_t threads = 32, i;
    const struct flag flags[] = {
        {"socket", "path of the unix socket", NULL, &path, 0},
        {"threads", "requests at the same time (32)", &threads, NULL,
         THREADS_MAX},
        {NULL, NULL, NULL, NULL, 0},
    };
    pthread_t thread;
    char unused;

    flags_read(flags, argc, argv);
    if (path == NULL || threads == 0 || FCGX_Init() != 0) {
        fputs("floor_fcgi: --socket PATH\n", stderr);
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    umask(0);
    listen_fd = FCGX_OpenSocket(path, BACKLOG);
    if (listen_fd < 0) {
        perror("floor_fcgi: socket");
        return EXIT_FAILURE;
    }
    puts("ready");
    fflush(stdout);
    for (i = 0; i < threads; i++)
        if (pthread_create(&thread, NULL, serve, NULL) != 0)
            return EXIT_FAILURE;
    while (read(STDIN_FILENO, &unused, 1) > 0)
        ;
    /* The threads are in accept(2); ending the process is what stops them. */
    _exit(EXIT_SUCCESS);
}
