/*
 * signature_verify.h - `postern verify`: is a signature right?
 */
#ifndef SIGNATURE_VERIFY_H
#define SIGNATURE_VERIFY_H

#include "command.h"

/* The command. EXIT_OK: it is; EXIT_UNHEALTHY: it is not. */
int signature_verify(struct cli *cli);

#endif /* SIGNATURE_VERIFY_H */
