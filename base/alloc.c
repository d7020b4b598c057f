/*
 * alloc.c - memory that is there, or the process ends; see alloc.h.
 */
#include "alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* write(2), because stdio may need memory itself. */
static _Noreturn void
out_of_memory(void)
{
    static const char text[] = "postern: out of memory\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);

    (void)written;
    abort();
}

void *
xmalloc(size_t size)
{
    void *mem = malloc(size == 0 ? 1 : size);

    if (mem == NULL)
        out_of_memory();
    return mem;
}

void *
xcalloc(size_t count, size_t size)
{
    void *mem;

    if (count == 0 || size == 0) {
        count = 1;
        size = 1;
    }
    mem = calloc(count, size);
    if (mem == NULL)
        out_of_memory();
    return mem;
}

void *
xrealloc(void *old, size_t size)
{
    void *mem = realloc(old, size == 0 ? 1 : size);

    if (mem == NULL)
        out_of_memory();
    return mem;
}

void *
xreallocarray(void *old, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        out_of_memory();
    return xrealloc(old, count * size);
}

void *
xmemdup(const void *src, size_t len)
{
    void *mem = xmalloc(len);

    if (len > 0)
        memcpy(mem, src, len);
    return mem;
}

char *
xstrdup(const char *text)
{
    return xmemdup(text, strlen(text) + 1);
}

char *
xstrndup(const char *src, size_t len)
{
    char *text;

    if (len == SIZE_MAX)
        out_of_memory();
    text = xmalloc(len + 1);
    if (len > 0)
        memcpy(text, src, len);
    text[len] = '\0';
    return text;
}
