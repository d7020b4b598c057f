/*
 * request_proxy.c - who has sent a request that came through proxies; see
 * request.h.
 */
#include "request.h"

#include <string.h>

#define FORWARDED "HTTP_X_FORWARDED_FOR="

/* "1.2.3.4", "1.2.3.4:567", "::1", "[::1]:567": the address alone. */
static struct slice
without_port(struct slice address)
{
    const char *end;

    if (address.len > 0 && address.ptr[0] == '[') {
        end = memchr(address.ptr, ']', address.len);
        return end == NULL ? address
                           : slice_make(address.ptr + 1,
                                        (size_t)(end - address.ptr) - 1);
    }
    if (address.len == 0)
        return address;
    end = memchr(address.ptr, ':', address.len);
    if (end != NULL &&
        memchr(end + 1, ':', address.len - (size_t)(end - address.ptr) - 1) ==
            NULL)
        return slice_make(address.ptr, (size_t)(end - address.ptr));
    return address;
}

/* From the right of one line on. True: the proxies' words end in it. */
static bool
walk(struct request *request, const struct target_nets *trusted,
     struct slice list)
{
    if (list.len == 0)
        return true;
    while (list.len > 0) {
        struct slice item;
        size_t at = list.len;

        while (at > 0 && list.ptr[at - 1] != ',')
            at--;
        item =
            without_port(slice_trim(slice_make(list.ptr + at, list.len - at)));
        if (item.len == 0)
            return true;
        request->remote_address = item;
        if (!target_nets_contain_text(trusted, item))
            return true;
        list.len = at == 0 ? 0 : at - 1;
    }
    return false;
}

/* A proxy may add a line of its own behind those that the client has sent, and
   web servers may pass them on one by one: the last one comes first. */
static void
walk_lines(struct request *request, const struct target_nets *trusted)
{
    size_t count = 0;

    while (request->params[count] != NULL)
        count++;
    while (count-- > 0) {
        const char *param = request->params[count];

        if (strncmp(param, FORWARDED, sizeof(FORWARDED) - 1) == 0 &&
            walk(request, trusted, slice_of(param + sizeof(FORWARDED) - 1)))
            return;
    }
}

void
request_trust_proxies(struct request *request,
                      const struct target_nets *trusted)
{
    struct slice proto;

    if (trusted->count == 0 ||
        !target_nets_contain_text(trusted, request->remote_address))
        return;
    proto = request_header(request, "X-Forwarded-Proto");
    if (proto.ptr != NULL)
        request->https = slice_is_nocase(slice_trim(proto), "https");
    walk_lines(request, trusted);
}
