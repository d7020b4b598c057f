/*
 * test_target_own.c - unit tests for core/outgoing/target_own.c
 */
#include "target_own.h"

#include "target.h"
#include "unit.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

static struct sockaddr_in v4 = {.sin_family = AF_INET};
static struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
static struct sockaddr link_layer = {.sa_family = AF_PACKET};

/* As of a host with a public address of each kind, an interface of which only
   the hardware is known, and one without any address. */
static void
learn_public_addresses(void)
{
    struct ifaddrs list[4] = {
        {.ifa_next = &list[1], .ifa_addr = &link_layer},
        {.ifa_next = &list[2], .ifa_addr = (struct sockaddr *)&v4},
        {.ifa_next = &list[3], .ifa_addr = NULL},
        {.ifa_next = NULL, .ifa_addr = (struct sockaddr *)&v6},
    };

    CU_ASSERT_EQUAL(inet_pton(AF_INET, "8.8.8.8", &v4.sin_addr), 1);
    CU_ASSERT_EQUAL(inet_pton(AF_INET6, "2606::53", &v6.sin6_addr), 1);
    target_own_learn(list);
}

static enum target_result
check(const char *url, const char *list)
{
    struct target_nets nets;
    struct buf why = BUF_INIT(256);

    CU_ASSERT_FATAL(target_nets_parse(list, &nets, &why));
    buf_free(&why);
    return target_check_url(slice_of(url), false, &nets, NULL);
}

static void
test_what_the_interfaces_say(void)
{
    static const uint8_t loopback[16] = {0, 0, 0,    0,    0,   0, 0, 0,
                                         0, 0, 0xff, 0xff, 127, 0, 0, 1};
    static const uint8_t elsewhere[16] = {0, 0, 0,    0,    0, 0, 0, 0,
                                          0, 0, 0xff, 0xff, 8, 8, 8, 9};
    struct ifaddrs *list = NULL;
    const struct ifaddrs *item;
    struct sockaddr_in6 address;

    CU_ASSERT(target_own_has(loopback));
    CU_ASSERT(!target_own_has(elsewhere));
    CU_ASSERT_EQUAL_FATAL(getifaddrs(&list), 0);
    for (item = list; item != NULL; item = item->ifa_next) {
        if (item->ifa_addr == NULL || item->ifa_addr->sa_family != AF_INET6)
            continue;
        memcpy(&address, item->ifa_addr, sizeof(address));
        CU_ASSERT(target_own_has(address.sin6_addr.s6_addr));
    }
    freeifaddrs(list);
}

static void
test_own_addresses_are_refused(void)
{
    learn_public_addresses();
    CU_ASSERT_EQUAL(check("http://8.8.8.8/", ""), TARGET_PRIVATE);
    CU_ASSERT_EQUAL(check("http://[::ffff:8.8.8.8]/", ""), TARGET_PRIVATE);
    CU_ASSERT_EQUAL(check("http://[2606::53]/", ""), TARGET_PRIVATE);
    CU_ASSERT_EQUAL(check("http://8.8.8.9/", ""), TARGET_OK);
    CU_ASSERT_EQUAL(check("http://[2606::54]/", ""), TARGET_OK);
    CU_ASSERT_STRING_EQUAL(
        target_address_refusal(NULL, (const struct sockaddr *)&v4),
        "an address of this host");
}

static void
test_own_addresses_that_are_listed(void)
{
    learn_public_addresses();
    CU_ASSERT_EQUAL(check("http://8.8.8.8/", "8.8.8.8"), TARGET_OK);
    CU_ASSERT_EQUAL(check("http://[2606::53]/", "2606::/16"), TARGET_OK);
    CU_ASSERT_EQUAL(check("http://[2606::53]/", "8.8.8.8"), TARGET_PRIVATE);
}

static void
test_addresses_that_were_given_up(void)
{
    learn_public_addresses();
    target_own_learn(NULL);
    CU_ASSERT_EQUAL(check("http://8.8.8.8/", ""), TARGET_OK);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"what the interfaces say", test_what_the_interfaces_say},
        {"own addresses are refused", test_own_addresses_are_refused},
        {"own addresses that are listed", test_own_addresses_that_are_listed},
        {"addresses that were given up", test_addresses_that_were_given_up},
        CU_TEST_INFO_NULL,
    };

    return unit_run("target_own", tests);
}
