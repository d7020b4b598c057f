/*
 * transfer_impl.h - what the files behind transfer.h share; nobody else
 * includes it.
 */
#ifndef TRANSFER_IMPL_H
#define TRANSFER_IMPL_H

#include "tokens.h"
#include "transfer.h"

/* transfer.c: the library reads what was stored long ago, perhaps by hand. */
enum obstacle transfer_check_url(const struct transfer *transfer,
                                 struct slice url);

/* transfer.c: the request of the delivery, but for its token. */
enum obstacle transfer_build_delivery(struct transfer *transfer);

/* transfer.c: hands the request to libcurl. */
enum obstacle transfer_set_request(struct transfer *transfer);

/* transfer_token.c: completes the request of a delivery by its token, or makes
   it the question for one. */
enum obstacle transfer_add_token(struct transfer *transfer);

/* transfer_token.c: what the endpoint's status says about the token. */
void transfer_judge_token(struct transfer *transfer, long status);

#endif /* TRANSFER_IMPL_H */
