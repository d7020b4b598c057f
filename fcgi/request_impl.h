/*
 * request_impl.h - what the files behind request.h share; nobody else includes
 * it.
 */
#ifndef REQUEST_IMPL_H
#define REQUEST_IMPL_H

#include "request.h"

/* The CGI variable of that name; absent: ptr NULL. */
struct slice request_param(const struct request *request, const char *name);

/* Fills path and query. False: it is none of ours, the path is "". */
bool request_read_path(struct request *request, const char *base_path)
    __attribute__((warn_unused_result));

#endif /* REQUEST_IMPL_H */
