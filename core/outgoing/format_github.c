/*
 * format_github.c - the envelope with what most want to know of a push to a
 * GitHub repository in place of its whole body:
 *
 *   {"repository":"user/repo","pusher":"developer","ref":"refs/heads/main",
 *    "branch":"main","commits":[{"id","message","author","timestamp","url"},
 *    ...],"commit_count":1,"compare":"https://..."}
 *
 * branch is null for a tag; what the body does not have is null. The data of
 * any other event is as it came.
 *
 * Members as of https://docs.github.com/webhooks/webhook-events-and-payloads#push
 */
#include "format_impl.h"

#include "json.h"
#include "member.h"

#include <string.h>

#define HEADS "refs/heads/"
#define COMMITS_MAX 2048 /* GitHub tells of no more */
#define COMMIT_FRAME 100 /* bytes that one takes beside what it has */

/* A member of a member, as it stands; null. */
static void
add_inner(struct buf *out, const char *name, struct slice object,
          const char *outer, const char *inner)
{
    struct json_value value;
    struct slice found = SLICE_NONE;

    if (json_find(object, outer, &value) && value.type == JSON_OBJECT &&
        json_find(value.text, inner, &value))
        found = value.text;
    member_raw(out, name, found, "null");
}

static void
add_same(struct buf *out, const char *name, struct slice object)
{
    struct json_value value;

    member_raw(out, name,
               json_find(object, name, &value) ? value.text : SLICE_NONE,
               "null");
}

static void
add_branch(struct buf *out, struct slice quoted_ref)
{
    struct buf ref = BUF_INIT(quoted_ref.len);
    struct slice name;

    json_decode_string(quoted_ref, &ref);
    name = buf_slice(&ref);
    if (name.len > strlen(HEADS) && memcmp(name.ptr, HEADS, strlen(HEADS)) == 0)
        name = slice_make(name.ptr + strlen(HEADS), name.len - strlen(HEADS));
    else
        name = SLICE_NONE;
    member_slice(out, "branch", name);
    buf_free(&ref);
}

static void
add_commits(struct buf *out, struct slice array)
{
    struct json_member item;
    uint64_t count = 0;
    size_t at = 0;

    member_name(out, "commits");
    buf_add_char(out, '[');
    for (; json_next(array, &at, &item); count++) {
        if (item.value.type != JSON_OBJECT || count >= COMMITS_MAX)
            continue;
        member_next(out);
        buf_add_char(out, '{');
        add_same(out, "id", item.value.text);
        add_same(out, "message", item.value.text);
        add_inner(out, "author", item.value.text, "author", "name");
        add_same(out, "timestamp", item.value.text);
        add_same(out, "url", item.value.text);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
    member_u64(out, "commit_count", count);
}

static void
add_push(struct buf *out, struct slice data, struct slice ref,
         struct slice commits)
{
    buf_add_char(out, '{');
    add_inner(out, "repository", data, "repository", "full_name");
    add_inner(out, "pusher", data, "pusher", "name");
    member_raw(out, "ref", ref, "null");
    add_branch(out, ref);
    add_commits(out, commits);
    add_same(out, "compare", data);
    buf_add_char(out, '}');
}

void
format_github(const struct format_event *event, struct buf *out)
{
    struct json_value repository, ref, commits;
    struct format_event push = *event;
    struct buf data = BUF_INIT(format_github_max(event));
    bool is_push = event->data.ptr != NULL && event->data.len > 0 &&
                   event->data.ptr[0] == '{' &&
                   json_find(event->data, "repository", &repository) &&
                   repository.type == JSON_OBJECT &&
                   json_find(event->data, "ref", &ref) &&
                   ref.type == JSON_STRING &&
                   json_find(event->data, "commits", &commits) &&
                   commits.type == JSON_ARRAY;

    if (is_push) {
        add_push(&data, event->data, ref.text, commits.text);
        push.data = buf_slice(&data);
    }
    format_envelope(&push, out);
    buf_free(&data);
}

/* Of what is there nothing is told more than twice. */
size_t
format_github_max(const struct format_event *event)
{
    return 2 * event->data.len + COMMITS_MAX * COMMIT_FRAME + 4096;
}
