/*
 * format_impl.h - what the files of format.h share. Included by them only.
 */
#ifndef FORMAT_IMPL_H
#define FORMAT_IMPL_H

#include "format.h"

/* JSON as it stands, `otherwise` where it is absent. */
void format_add_json(struct buf *out, struct slice json, const char *otherwise);

/* When the event was accepted, RFC 3339 in quotes. It is part of the id, so no
   attempt can change it. */
void format_add_timestamp(struct buf *out, uint64_t id);

/* {"id","event","event_type","timestamp","data","metadata"} */
void format_envelope(const struct format_event *event, struct buf *out);

void format_github(const struct format_event *event, struct buf *out);
size_t format_github_max(const struct format_event *event);

void format_cloudevents(const struct format_event *event,
                        const struct format_options *options,
                        struct format_out *out);
void format_cloudevents_binary(const struct format_event *event,
                               const struct format_options *options,
                               struct format_out *out);
void format_slack(const struct format_event *event, struct buf *out);
void format_discord(const struct format_event *event, struct buf *out);

#endif /* FORMAT_IMPL_H */
