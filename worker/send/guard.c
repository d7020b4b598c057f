/*
 * guard.c - libcurl handles that connect to allowed addresses only; see
 * guard.h.
 */
#include "guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

void
guard_begin(struct guard *guard)
{
    guard->refusal = NULL;
    guard->opened = false;
}

const char *
guard_refusal(const struct guard *guard)
{
    return guard->opened ? NULL : guard->refusal;
}

/* Asked before every connection with the resolved address. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct guard *guard = arg;
    const char *refusal = target_address_refusal(guard->allow, &address->addr);

    if (purpose != CURLSOCKTYPE_IPCXN)
        refusal = "not a connection of a request";
    if (refusal != NULL) {
        guard->refusal = refusal;
        return CURL_SOCKET_BAD;
    }
    guard->opened = true;
    return socket(address->family, address->socktype | SOCK_CLOEXEC,
                  address->protocol);
}

/* The same before every request, on a new connection or an old one. */
static int
check_peer(void *arg, char *peer, char *local, int peer_port, int local_port)
{
    struct guard *guard = arg;
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    const char *refusal = "not an IP address";

    (void)local;
    (void)peer_port;
    (void)local_port;
    if (inet_pton(AF_INET, peer, &v4.sin_addr) == 1)
        refusal =
            target_address_refusal(guard->allow, (const struct sockaddr *)&v4);
    else if (inet_pton(AF_INET6, peer, &v6.sin6_addr) == 1)
        refusal =
            target_address_refusal(guard->allow, (const struct sockaddr *)&v6);
    if (refusal == NULL) {
        if (guard->on_request != NULL)
            guard->on_request(guard->request_arg);
        return CURL_PREREQFUNC_OK;
    }
    guard->refusal = refusal;
    guard->opened = false;
    return CURL_PREREQFUNC_ABORT;
}

#define SET(option, value)                                                     \
    (failed |= curl_easy_setopt(easy, (option), (value)) != CURLE_OK)

CURL *
guard_new_handle(struct guard *guard)
{
    CURL *easy = curl_easy_init();
    bool failed = false;

    if (easy == NULL)
        return NULL;
    guard_begin(guard);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_OPENSOCKETDATA, guard);
    SET(CURLOPT_PREREQFUNCTION, check_peer);
    SET(CURLOPT_PREREQDATA, guard);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    /* Not that of the environment either: it would see addresses that nobody
       has judged. */
    SET(CURLOPT_PROXY, "");
    if (failed) {
        curl_easy_cleanup(easy);
        return NULL;
    }
    return easy;
}
