/*
 * resolver.c - names with addresses of a test's choice, for a program that is
 * started with LD_PRELOAD=resolver.so.
 *
 * POSTERN_TEST_NAMES is a list of name=address/address/...: each look-up of
 * the name answers the next address, the last one for ever; "+" between two
 * makes them one answer. Other names are looked up as ever.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 64

typedef int lookup_fn(const char *node, const char *service,
                      const struct addrinfo *hints, struct addrinfo **found);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    char name[256];
    unsigned asked;
} counts[NAMES_MAX];

static unsigned
count_of(const char *name)
{
    unsigned asked = 0;
    size_t i;

    pthread_mutex_lock(&lock);
    for (i = 0; i < NAMES_MAX && counts[i].name[0] != '\0'; i++) {
        if (strcmp(counts[i].name, name) == 0)
            break;
    }
    if (i < NAMES_MAX) {
        snprintf(counts[i].name, sizeof(counts[i].name), "%s", name);
        asked = counts[i].asked++;
    }
    pthread_mutex_unlock(&lock);
    return asked;
}

/* What stands behind "name=", at its turn; NULL: the name is not ours. */
static char *
answer_for(const char *name)
{
    const char *names = getenv("POSTERN_TEST_NAMES");
    size_t len = strlen(name), i;
    const char *at, *end;
    unsigned turn;

    for (at = names; at != NULL && *at != '\0'; at += strspn(at, " ")) {
        if (strncmp(at, name, len) == 0 && at[len] == '=')
            break;
        at += strcspn(at, " ");
    }
    if (at == NULL || *at == '\0')
        return NULL;
    at += len + 1;
    turn = count_of(name);
    for (i = 0;; i++) {
        end = at + strcspn(at, "/ ");
        if (i == turn || *end != '/')
            return strndup(at, (size_t)(end - at));
        at = end + 1;
    }
}

int
getaddrinfo(const char *restrict node, const char *restrict service,
            const struct addrinfo *restrict hints,
            struct addrinfo **restrict found)
{
    lookup_fn *real = (lookup_fn *)dlsym(RTLD_NEXT, "getaddrinfo");
    char *answer = node == NULL ? NULL : answer_for(node);
    struct addrinfo **tail = found;
    char *item, *rest = answer;
    int error = EAI_NONAME;

    if (answer == NULL)
        return real(node, service, hints, found);
    while ((item = strsep(&rest, "+")) != NULL) {
        error = real(item, service, hints, tail);
        if (error != 0)
            break;
        while (*tail != NULL)
            tail = &(*tail)->ai_next;
    }
    free(answer);
    return error;
}
