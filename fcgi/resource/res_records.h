/*
 * res_records.h - /api/records: the mirror of the sources' records.
 */
#ifndef RES_RECORDS_H
#define RES_RECORDS_H

#include "router.h"

extern const struct route records_routes[];
extern const size_t records_route_count;

#endif /* RES_RECORDS_H */
