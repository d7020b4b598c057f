/*
 * alloc.h - memory that is there, or the process ends.
 *
 * A gateway that has no memory for a few bytes cannot answer properly either;
 * it says so on stderr and aborts, and the web server or systemd starts a new
 * one. Everything that a peer can make large is bounded before it comes here.
 */
#ifndef ALLOC_H
#define ALLOC_H

#include <stddef.h>

/* Never return NULL; size 0 gives a pointer that may be freed. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size); /* zeroed; overflow ends too */
void *xrealloc(void *old, size_t size);
void *xreallocarray(void *old, size_t count, size_t size);
void *xmemdup(const void *src, size_t len);
char *xstrdup(const char *text);
char *xstrndup(const char *src, size_t len); /* len bytes plus a NUL */

#endif /* ALLOC_H */
