/*
 * receiver.c - takes webhooks at /standard or /hmac, whichever signature it
 * should check: a CGI program. WEBHOOK_SECRET is in its environment.
 *
 *   cc -o receiver.cgi receiver.c verify.c -lcrypto
 */
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX ((size_t)1 << 20)

static const char *
variable(const char *name)
{
    const char *value = getenv(name);

    return value == NULL ? "" : value;
}

int
main(void)
{
    /* The old one is for the time after a rotation. */
    const char *const secrets[] = {getenv("WEBHOOK_SECRET"),
                                   getenv("WEBHOOK_SECRET_OLD"), NULL};
    char *body = malloc(BODY_MAX); /* the raw bytes */
    size_t len;
    bool good;

    if (body == NULL)
        return 1;
    len = strtoul(variable("CONTENT_LENGTH"), NULL, 10);
    len = fread(body, 1, len < BODY_MAX ? len : BODY_MAX, stdin);
    if (strcmp(variable("PATH_INFO"), "/standard") == 0)
        good = verify_standard(secrets, body, len, variable("HTTP_WEBHOOK_ID"),
                               variable("HTTP_WEBHOOK_TIMESTAMP"),
                               variable("HTTP_WEBHOOK_SIGNATURE"), 300);
    else
        good = verify_hmac(secrets, body, len,
                           variable("HTTP_X_WEBHOOK_SIGNATURE"));
    free(body);
    printf("Status: %s\r\n\r\n", good ? "204 No Content" : "401 Unauthorized");
    return 0;
}
