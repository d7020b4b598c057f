/*
 * reception.h - one request to a receiver, from its path to its answer.
 *
 * The steps are functions that say whether to go on; if not, the answer is
 * written (or exchange->must_wait is set, and everything will begin again in a
 * thread that may wait). Whatever is refused to a known source is noted in
 * table `rejections`.
 */
#ifndef RECEPTION_H
#define RECEPTION_H

#include "app.h"
#include "inbound.h"
#include "provider.h"

#include <stdbool.h>

#define RECEPTION_DETAIL 240 /* bytes, with NUL */

/* The words in which a receiver answers: the same machinery has several. */
struct receive_face {
    const char *bad_signature; /* message of 401 */
    void (*accepted)(struct reply *reply, const struct source *source,
                     const struct inbound *in, const struct new_event *event);
    void (*ignored)(struct reply *reply, const struct source *source,
                    const char *reason);
};

struct reception {
    struct exchange *exchange;
    const struct receive_face *face;
    struct slice name;               /* of the source, as asked for */
    const struct source *source;     /* of exchange->catalog; NULL: gone */
    const struct provider *provider; /* of the source */
    bool verified;
    bool is_once;                  /* and verify_once() has filled this: */
    uint8_t once[32];              /* what makes it the only one of its kind */
    char detail[RECEPTION_DETAIL]; /* of the refusal, for the operator alone;
                                      or "" */
    /* What a source that only watches took all the same; NULL: nothing. */
    const char *watched_reason;
    int watched_status;
    char watched_detail[RECEPTION_DETAIL];
};

/* Finds the source, in a newer catalog if need be. False: 404, or 503. */
bool reception_begin(struct reception *reception)
    __attribute__((warn_unused_result));

/* Is the catalog the newest? True: it was not, and the source of the new one is
   in place, or gone. *unknown: nobody could be asked. */
bool reception_look_again(struct reception *reception, bool *unknown);

/* How strict the source is, as far as the configuration lets it be. */
enum verify_mode reception_mode(const struct reception *reception);

/* The sentence behind a refusal: printf(3). */
void reception_detail(struct reception *reception, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Refused with that detail, but that the source only watches. */
void reception_watched(struct reception *reception, int status,
                       const char *reason);

/* Notes what was watched; before the request is handed to somebody else. */
void reception_note_watched(struct reception *reception);

/* A request that was right and came before: a row all the same. Whoever
   commits does this, when the reply is written; of the exchange only app,
   request and reply are used. */
void reception_note_repeat(const struct exchange *exchange,
                           const struct source *source, uint64_t event_id);

/* At the end: notes what was watched, or the refusal that the reply holds. */
void reception_end(struct reception *reception);

#endif /* RECEPTION_H */
