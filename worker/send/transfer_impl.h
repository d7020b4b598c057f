/*
 * transfer_impl.h - what the files behind transfer.h share; nobody else
 * includes it.
 */
#ifndef TRANSFER_IMPL_H
#define TRANSFER_IMPL_H

#include "deliver.h"
#include "tokens.h"
#include "transfer.h"

/* transfer.c: the library reads what was stored long ago, perhaps by hand. */
enum obstacle transfer_check_url(const struct transfer *transfer,
                                 struct slice url);

/* transfer.c: the request of the delivery, but for its token. */
enum obstacle transfer_build_delivery(struct transfer *transfer);

/* transfer_batch.c: the same for a task that has mates, or whose subscription
   wants batches. */
bool transfer_is_batch(const struct transfer *transfer);
enum obstacle transfer_build_batch(struct transfer *transfer,
                                   const struct deliver_time *time);

/* transfer_batch.c: what the first has come to is the result of its mates as
   well, but for those that were left out. */
void transfer_spread(struct task *first, enum obstacle obstacle,
                     const struct retry_policy *policy);

/* transfer_end.c: what that is in words; never NULL. */
const char *transfer_obstacle_text(enum obstacle obstacle);

/* transfer.c: hands the request to libcurl. */
enum obstacle transfer_set_request(struct transfer *transfer);

/* transfer_token.c: completes the request of a delivery by its token, or makes
   it the question for one. */
enum obstacle transfer_add_token(struct transfer *transfer);

/* transfer_token.c: what the endpoint's status says about the token. */
void transfer_judge_token(struct transfer *transfer, long status);

#endif /* TRANSFER_IMPL_H */
