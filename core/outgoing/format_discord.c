/*
 * format_discord.c - an event as the body of a Discord webhook.
 *
 * A message is {"content"}, an alert one embed. No event can mention anybody:
 * allowed_mentions is empty. Limits as Discord documents them: 2,000 characters
 * of content; an embed's title 256, description 4,096, 25 fields with a name
 * of 256 and a value of 1,024, footer 2,048, and 6,000 for all of it together.
 * What is empty would be refused.
 */
#include "format_impl.h"

#include "clip.h"
#include "member.h"
#include "notice.h"

#define CONTENT_MAX 2000
#define EMBED_MAX 6000 /* all texts of an embed */
#define TITLE_MAX 256
#define DESCRIPTION_MAX 4096
#define NAME_LIMIT 256
#define VALUE_MAX 1024
#define FOOTER_MAX 2048
#define INLINE_MAX 40 /* bytes of a value that stands beside others */

static void
message(const struct format_event *event, const struct notice *notice,
        struct buf *out)
{
    struct clip clip = {out, CONTENT_MAX, false};

    if (!clip_json(&clip, "content", notice->text, CONTENT_MAX))
        (void)clip_member(&clip, "content", event->type, CONTENT_MAX);
}

/* A name that is empty counts like one character. */
static void
add_fields(const struct notice *notice, struct clip *clip)
{
    size_t i;

    member_name(clip->out, "fields");
    buf_add_char(clip->out, '[');
    for (i = 0; i < notice->field_count; i++) {
        const struct notice_field *field = &notice->fields[i];

        if (clip->left < NAME_LIMIT + 2)
            break;
        clip->left -= 2;
        member_next(clip->out);
        buf_add_char(clip->out, '{');
        if (!clip_json(clip, "name", field->name, NAME_LIMIT))
            member_text(clip->out, "name", "-");
        if (!clip_json(clip, "value", field->value, VALUE_MAX))
            member_text(clip->out, "value", "-");
        member_bool(clip->out, "inline", field->value.len <= INLINE_MAX);
        buf_add_char(clip->out, '}');
    }
    buf_add_char(clip->out, ']');
}

static void
embed(const struct format_event *event, const struct notice *notice,
      struct buf *out)
{
    struct clip clip = {out, EMBED_MAX, false};
    struct buf origin = BUF_INIT(NOTICE_ORIGIN_MAX);

    notice_origin(event, &origin);
    buf_add_text(out, "\"embeds\":[{");
    if (!clip_json(&clip, "title", notice->title, TITLE_MAX))
        (void)clip_member(&clip, "title", event->type, TITLE_MAX);
    member_name(out, "footer");
    buf_add_char(out, '{');
    (void)clip_member(&clip, "text", buf_slice(&origin), FOOTER_MAX);
    buf_add_char(out, '}');
    (void)clip_json(&clip, "description", notice->text, DESCRIPTION_MAX);
    if (notice->tone != NOTICE_PLAIN)
        member_u64(out, "color", notice_color(notice));
    if (notice->field_count > 0)
        add_fields(notice, &clip);
    member_name(out, "timestamp");
    format_add_timestamp(out, event->id);
    buf_add_text(out, "}]");
    buf_free(&origin);
}

void
format_discord(const struct format_event *event, struct buf *out)
{
    struct notice notice;

    notice_read(event, &notice);
    buf_add_char(out, '{');
    if (notice.message)
        message(event, &notice, out);
    else
        embed(event, &notice, out);
    buf_add_text(out, ",\"allowed_mentions\":{\"parse\":[]}}");
}
