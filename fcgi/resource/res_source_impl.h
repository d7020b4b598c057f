/*
 * res_source_impl.h - what the files behind res_sources.h share; nobody else
 * includes it.
 *
 *   res_sources.c            make, list, show, change, remove; the routes
 *   res_source_secrets.c     rotate, await, confirm
 *   res_source_rejections.c  what was refused
 *   res_source_stats.c       figures
 */
#ifndef RES_SOURCE_IMPL_H
#define RES_SOURCE_IMPL_H

#include "res_sources.h"
#include "resource.h"
#include "store_source.h"

#define RES_SOURCE_MISSING "Source not found"

/* The one that the path names. */
struct source_ref res_source_ref(const struct exchange *exchange);

/* After a change: what was refused, or how the source is now. Gives the
   connection back. secret: NULL, or what is to be shown now. */
void res_source_show_changed(struct exchange *exchange, struct db *db,
                             enum db_result result, enum source_action action,
                             const struct source_ref *ref, const char *secret);

handler res_source_rotate;
handler res_source_await_token;
handler res_source_confirm;
handler res_source_rejections;
handler res_source_stats;

#endif /* RES_SOURCE_IMPL_H */
