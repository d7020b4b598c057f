/*
 * template_json.c - does a template give valid JSON for every event?
 *
 * It is rendered with samples, and each result is read. {{path}} becomes an x:
 * no token of JSON has one and no escape has one, so it passes inside of
 * quotes only. {{json path}} becomes a string, null and an object in turn: only
 * where a value may stand all of them pass. What passes here passes with any
 * other value too.
 */
#include "template_impl.h"

#include <assert.h>

#define SAMPLE_MAX 32 /* bytes of a sample */

static const struct json_value text_sample = {JSON_STRING, {"\"x\"", 3}};

static const struct json_value json_samples[] = {
    {JSON_STRING, {"\"x\"", 3}},
    {JSON_NULL, {"null", 4}},
    {JSON_OBJECT, {"{\"x\":[\"x\"]}", 11}},
};

/* start[i]: where part i begins in the result. */
static void
render_sample(const struct template *tmpl, struct json_value sample,
              size_t start[PARTS_MAX], struct buf *out)
{
    size_t i;

    for (i = 0; i < tmpl->part_count; i++) {
        const struct part *part = &tmpl->parts[i];

        start[i] = out->len;
        if (part->kind == PART_TEXT)
            buf_add_slice(out, part->text);
        else if (part->kind == PART_LITERAL && !part->json)
            template_put(tmpl, part,
                         (struct json_value){JSON_STRING, part->text}, out);
        else
            template_put(tmpl, part, part->json ? sample : text_sample, out);
    }
}

/* The error of the result, told of the template. */
static void
say_error(const struct template *tmpl, const struct json_error *error,
          const size_t start[PARTS_MAX], struct buf *why)
{
    size_t i = tmpl->part_count - 1;
    const struct part *part;

    assert(i < PARTS_MAX);
    while (i > 0 && start[i] > error->offset)
        i--;
    part = &tmpl->parts[i];
    if (part->kind == PART_TEXT) {
        size_t into = error->offset - start[i];

        if (into > part->text.len)
            into = part->text.len;
        template_say_where(tmpl, part->offset + into, why);
        buf_addf(why, "not JSON: %s", error->reason);
        return;
    }
    template_say_where(tmpl, part->offset, why);
    buf_add_text(why, part->json
                          ? "{{json ...}} is a whole value, it can stand only "
                            "outside of quotes where JSON has a value"
                          : "{{...}} is text, it can stand only inside of "
                            "quotes; outside of them it is {{json ...}}");
}

bool
template_gives_json(const struct template *tmpl, struct buf *why)
{
    struct buf out = BUF_INIT(TEMPLATE_TEXT_MAX + TEMPLATE_PLACES * SAMPLE_MAX);
    size_t start[PARTS_MAX];
    struct json_value value;
    struct json_error error;
    bool good = true;
    size_t i;

    for (i = 0; i < sizeof(json_samples) / sizeof(json_samples[0]); i++) {
        buf_clear(&out);
        render_sample(tmpl, json_samples[i], start, &out);
        good = json_read(buf_slice(&out), &value, &error);
        if (!good) {
            say_error(tmpl, &error, start, why);
            break;
        }
    }
    buf_free(&out);
    return good;
}
