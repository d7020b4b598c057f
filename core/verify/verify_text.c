/*
 * verify_text.c - what is signed: a template with the values of a request.
 */
#include "verify_impl.h"

enum place { PLACE_BODY, PLACE_TIMESTAMP, PLACE_ID, PLACE_URL, PLACES };

static const char *const places[] = {
    [PLACE_BODY] = "{body}",
    [PLACE_TIMESTAMP] = "{timestamp}",
    [PLACE_ID] = "{id}",
    [PLACE_URL] = "{url}",
};

/* The place that a template begins with, or PLACES. */
static enum place
place_at(const char *template)
{
    enum place place;

    for (place = 0; place < PLACES; place++)
        if (strncmp(template, places[place], strlen(places[place])) == 0)
            break;
    return place;
}

const char *
text_problem(const char *template, bool has_timestamp, bool has_id)
{
    size_t seen[PLACES] = {0}, parts = 0;

    while (*template != '\0') {
        enum place place = place_at(template);
        size_t literal = strcspn(template, "{}");

        if (place == PLACES && literal == 0)
            return "the signed text knows {body}, {timestamp}, {id} and {url}";
        if (place != PLACES)
            seen[place]++;
        template += place == PLACES ? literal : strlen(places[place]);
        if (place == PLACE_ID && template[0] == '{')
            return "something must stand behind {id} that ends it";
        parts++;
    }
    if (parts > TEXT_PARTS)
        return "the signed text has too many parts";
    if (seen[PLACE_BODY] != 1)
        return "the signed text must have {body}, once";
    /* A time or an id that is not signed proves nothing. */
    if ((seen[PLACE_TIMESTAMP] > 0) != has_timestamp)
        return "{timestamp} in the signed text and the name of its header go "
               "together";
    if ((seen[PLACE_ID] > 0) != has_id)
        return "{id} in the signed text and the name of its header go together";
    return NULL;
}

/* A value that holds the sign which ends it could give part of itself to what
   stands behind. */
static bool
is_clear(struct slice value, const char *behind)
{
    if (value.len == 0)
        return false;
    return behind[0] == '\0' || behind[0] == '{' ||
           memchr(value.ptr, behind[0], value.len) == NULL;
}

enum verify_result
text_compose(const char *template, const struct claim *claim,
             const struct verify_message *message, struct text *text)
{
    const struct slice values[] = {
        [PLACE_BODY] = message->body,
        [PLACE_TIMESTAMP] = claim->timestamp,
        [PLACE_ID] = claim->id,
        [PLACE_URL] = message->url,
    };

    text->count = 0;
    while (*template != '\0') {
        enum place place = place_at(template);
        size_t len =
            place == PLACES ? strcspn(template, "{}") : strlen(places[place]);

        text->parts[text->count++] =
            place == PLACES ? slice_make(template, len) : values[place];
        template += len;
        if (place == PLACE_URL && message->url.ptr == NULL)
            return VERIFY_UNUSABLE;
        if ((place == PLACE_ID || place == PLACE_TIMESTAMP) &&
            !is_clear(values[place], template))
            return VERIFY_MALFORMED;
    }
    return VERIFY_OK;
}
