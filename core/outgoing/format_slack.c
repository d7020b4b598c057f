/*
 * format_slack.c - an event as the body of a Slack incoming webhook.
 *
 * A message is {"text"}, an alert an attachment with its colour bar, which
 * Mattermost, Rocket.Chat and Discord's /slack endpoint read as well. '&', '<'
 * and '>' are escaped, so that no event can make a link that lies or wake
 * everybody (<!channel>). Limits as Slack documents them: 40,000 characters of
 * a message; those of blocks for an alert: 150 of a title, 3,000 of a text, 10
 * fields of 2,000, and all together below the 13,000 at which Slack was seen
 * to refuse.
 */
#include "format_impl.h"

#include "clip.h"
#include "clock.h"
#include "id.h"
#include "member.h"
#include "notice.h"

#include <stdio.h>

#define MESSAGE_MAX 40000
#define ALERT_MAX 12000 /* all texts of an alert */
#define TITLE_MAX 150
#define TEXT_MAX 3000
#define FIELDS_MAX 10
#define VALUE_MAX 2000
#define FOOTER_MAX 300
#define CHANNEL_MAX 80
#define SHORT_MAX 40 /* bytes of a value that stands beside another */

static void
message(const struct format_event *event, const struct notice *notice,
        struct buf *out)
{
    struct clip clip = {out, MESSAGE_MAX, true};

    buf_add_char(out, '{');
    if (!clip_json(&clip, "text", notice->text, MESSAGE_MAX))
        (void)clip_member(&clip, "text", event->type, TITLE_MAX);
    clip.left = 2 * CHANNEL_MAX;
    (void)clip_json(&clip, "channel", notice->channel, CHANNEL_MAX);
    (void)clip_json(&clip, "username", notice->username, CHANNEL_MAX);
    buf_add_char(out, '}');
}

static void
add_color(const struct notice *notice, struct buf *out)
{
    static const char *const names[] = {
        [NOTICE_GOOD] = "good",
        [NOTICE_WARNING] = "warning",
        [NOTICE_DANGER] = "danger",
    };
    char hex[8];

    if (notice->tone == NOTICE_PLAIN)
        return;
    (void)snprintf(hex, sizeof(hex), "#%06x", (unsigned)notice->color);
    member_text(out, "color",
                notice->tone == NOTICE_COLOR ? hex : names[notice->tone]);
}

static void
add_fields(const struct notice *notice, struct clip *clip)
{
    size_t i;

    member_name(clip->out, "fields");
    buf_add_char(clip->out, '[');
    for (i = 0; i < notice->field_count && i < FIELDS_MAX; i++) {
        const struct notice_field *field = &notice->fields[i];

        if (clip->left < TITLE_MAX + 1)
            break;
        member_next(clip->out);
        buf_add_char(clip->out, '{');
        (void)clip_json(clip, "title", field->name, TITLE_MAX);
        if (!clip_json(clip, "value", field->value, VALUE_MAX))
            member_text(clip->out, "value", "-");
        member_bool(clip->out, "short", field->value.len <= SHORT_MAX);
        buf_add_char(clip->out, '}');
    }
    buf_add_char(clip->out, ']');
}

static void
alert(const struct format_event *event, const struct notice *notice,
      struct buf *out)
{
    struct clip clip = {out, ALERT_MAX, true};
    struct buf origin = BUF_INIT(NOTICE_ORIGIN_MAX);

    notice_origin(event, &origin);
    buf_add_text(out, "{\"attachments\":[{");
    if (!clip_json(&clip, "fallback", notice->title, TITLE_MAX))
        (void)clip_member(&clip, "fallback", event->type, TITLE_MAX);
    add_color(notice, out);
    if (!clip_json(&clip, "title", notice->title, TITLE_MAX))
        (void)clip_member(&clip, "title", event->type, TITLE_MAX);
    (void)clip_member(&clip, "footer", buf_slice(&origin), FOOTER_MAX);
    (void)clip_json(&clip, "text", notice->text, TEXT_MAX);
    if (notice->field_count > 0)
        add_fields(notice, &clip);
    member_u64(out, "ts", (uint64_t)(id_time_us(event->id) / CLOCK_US_PER_S));
    buf_add_text(out, "}]");
    clip.left = 2 * CHANNEL_MAX;
    (void)clip_json(&clip, "channel", notice->channel, CHANNEL_MAX);
    (void)clip_json(&clip, "username", notice->username, CHANNEL_MAX);
    buf_add_char(out, '}');
    buf_free(&origin);
}

void
format_slack(const struct format_event *event, struct buf *out)
{
    struct notice notice;

    notice_read(event, &notice);
    if (notice.message)
        message(event, &notice, out);
    else
        alert(event, &notice, out);
}
