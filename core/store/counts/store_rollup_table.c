/*
 * store_rollup_table.c - see store_rollup_table.h.
 */
#include "store_rollup_table.h"

#define ADD(column) column "=" column "+VALUES(" column ")"
#define BUCKET_COLUMNS "b0,b1,b2,b3,b4,b5,b6,b7,b8,b9,b10,b11,b12,b13"
#define BUCKET_SUMS                                                            \
    "SUM(b0),SUM(b1),SUM(b2),SUM(b3),SUM(b4),SUM(b5),SUM(b6),SUM(b7),"         \
    "SUM(b8),SUM(b9),SUM(b10),SUM(b11),SUM(b12),SUM(b13)"
#define ADD_BUCKETS                                                                              \
    ADD("b0")                                                                                    \
    "," ADD("b1") "," ADD("b2") "," ADD("b3") "," ADD("b4") "," ADD("b5") "," ADD("b6") "," ADD( \
        "b7") "," ADD("b8") "," ADD("b9") "," ADD("b10") "," ADD("b11") "," ADD("b12") "," ADD("b13")

const struct rollup_table rollup_subscriptions_table = {
    .name = "rollup_subscriptions",
    .key = "subscription_id",
    .sums = "successful,failed,attempts,attempts_failed,duration_"
            "ms," BUCKET_COLUMNS,
    .folded = "SUM(successful),SUM(failed),SUM(attempts),"
              "SUM(attempts_failed),SUM(duration_ms)," BUCKET_SUMS,
    .add = " ON DUPLICATE KEY UPDATE " ADD("successful") "," ADD("failed") "," ADD(
        "attempts") "," ADD("attempts_failed") "," ADD("duration_ms") "," ADD_BUCKETS,
    .more = ",filtered",
    .more_folded = ",SUM(filtered)",
    .more_add = "," ADD("filtered"),
    .sum_count = 5,
    .has_buckets = true,
};

const struct rollup_table rollup_sources_table = {
    .name = "rollup_sources",
    .key = "source_id,action",
    .sums = "processed,failed,retries,duration_us," BUCKET_COLUMNS,
    .folded =
        "SUM(processed),SUM(failed),SUM(retries),SUM(duration_us)," BUCKET_SUMS,
    .add = " ON DUPLICATE KEY UPDATE " ADD("processed") "," ADD(
        "failed") "," ADD("retries") "," ADD("duration_us") "," ADD_BUCKETS,
    .more = "",
    .more_folded = "",
    .more_add = "",
    .sum_count = 4,
    .has_action = true,
    .has_buckets = true,
};

const struct rollup_table rollup_types_table = {
    .name = "rollup_types",
    .key = "event_type",
    .sums = "successful,failed",
    .folded = "SUM(successful),SUM(failed)",
    .add = " ON DUPLICATE KEY UPDATE " ADD("successful") "," ADD("failed"),
    .more = "",
    .more_folded = "",
    .more_add = "",
    .sum_count = 2,
};

/* All but the last are the responders' (store_receiving.c). */
const struct rollup_table rollup_receiving_table = {
    .name = "rollup_receiving",
    .key = "source_id",
    .sums = "rejected,ignored,repeated,mismatched",
    .folded = "SUM(rejected),SUM(ignored),SUM(repeated),SUM(mismatched)",
    .add = " ON DUPLICATE KEY UPDATE " ADD("rejected") "," ADD(
        "ignored") "," ADD("repeated") "," ADD("mismatched"),
    .more = "",
    .more_folded = "",
    .more_add = "",
    .sum_count = 4,
};
