/*
 * verify_impl.h - what the files of this room share; see verify.h.
 *
 * The way of a signed request: its header is read into a claim (signatures,
 * id, time), the signed text is put together, and every key that the secrets
 * give is tried on every signature.
 */
#ifndef VERIFY_IMPL_H
#define VERIFY_IMPL_H

#include "sign.h"
#include "verify.h"

#define SCHEME_SPELLINGS 2  /* families of header names a kind may have */
#define SIGNATURE_MAX 80    /* bytes, decoded; DER of ECDSA P-256 is <= 72 */
#define CLAIM_SIGNATURES 32 /* that one header may list */
#define TEXT_PARTS 12       /* of a signed text */
#define KEY_MAX SIGN_SECRET_MAX /* bytes of a key that has to be decoded */

enum algorithm {
    ALGORITHM_HMAC_SHA256,
    ALGORITHM_HMAC_SHA512,
    ALGORITHM_HMAC_SHA1,
    ALGORITHM_ED25519,
    ALGORITHM_ECDSA_P256
};

/* How a secret's text becomes keys. */
enum key_form {
    KEY_RAW,      /* the bytes as they are */
    KEY_STANDARD, /* whsec_, whpk_, lists, or raw */
    KEY_WHSEC,    /* whsec_ only */
    KEY_HEX,      /* hex of 32 bytes: ed25519 */
    KEY_SPKI      /* base64 of a P-256 public key */
};

struct signature {
    enum algorithm algorithm;
    size_t len;
    uint8_t bytes[SIGNATURE_MAX];
};

/* What a request says of itself, before any of it is believed. */
struct claim {
    struct slice id;        /* absent where the kind has none */
    struct slice timestamp; /* absent where the kind has none */
    struct signature signatures[CLAIM_SIGNATURES];
    size_t count;
};

struct checking;

/* One kind of verifier; "hmac" and "token" are completed from the verifier.
   A NULL name in headers[0] means that the kind needs no such header. */
struct scheme {
    const char *kind;
    const char *signature[SCHEME_SPELLINGS]; /* one of these picks it */
    const char *timestamp[SCHEME_SPELLINGS];
    const char *id[SCHEME_SPELLINGS];
    bool strongest_first; /* the first spelling that is there counts;
                             otherwise two at once are refused */
    const char *word;     /* of Authorization: "Bearer" */
    const char *prefix;
    bool prefix_optional;
    bool base64; /* else hex */
    enum algorithm algorithm;
    enum key_form keys;
    const char *signed_text;
    int64_t window_s; /* 0: no time is checked */
    /* Fills signatures (and, for stripe, timestamp). False: malformed. */
    bool (*read)(const struct scheme *scheme, struct slice header,
                 struct claim *claim);
    enum verify_result (*check)(struct checking *checking);
};

/* One verifier at work on one message. */
struct checking {
    struct scheme scheme;
    const struct verifier *verifier;
    const struct verify_message *message;
    size_t spelling;  /* whose headers are there */
    int64_t window_s; /* 0: not checked */
    size_t secret;    /* out: the index of the one that fits */
};

/* verify_scheme.c: false if there is no such kind. */
bool scheme_of(const struct verifier *verifier, struct scheme *scheme)
    __attribute__((warn_unused_result));

/* verify_read.c: signature headers. */
bool read_single(const struct scheme *scheme, struct slice header,
                 struct claim *claim);
bool read_stripe(const struct scheme *scheme, struct slice header,
                 struct claim *claim);
bool read_standard(const struct scheme *scheme, struct slice header,
                   struct claim *claim);
/* Bytes of an algorithm's signature; 0: it varies. */
size_t algorithm_size(enum algorithm algorithm);

/* verify_text.c: the bytes that are signed, as pieces of other memory. */
struct text {
    struct slice parts[TEXT_PARTS];
    size_t count;
};

/* NULL, or what is wrong with a template. */
const char *text_problem(const char *template, bool has_timestamp, bool has_id);
/* The template must be right. VERIFY_MALFORMED: a value could be read in two
   ways; VERIFY_UNUSABLE: the URL is needed and not known. */
enum verify_result text_compose(const char *template, const struct claim *claim,
                                const struct verify_message *message,
                                struct text *text)
    __attribute__((warn_unused_result));

/* verify_key.c */
struct key {
    enum algorithm algorithm; /* the only one it may serve */
    struct slice bytes;       /* of the secret, or of room */
    uint8_t room[KEY_MAX];
};

/* What is left of a secret that may stand for several keys. */
struct key_list {
    struct slice rest;
    bool marked; /* "v1,..." or "v1a,...", perhaps with '|' between items */
};

struct key_list key_list(struct slice secret);
/* The next usable key; false at the end. bytes points into the secret or into
   *key. */
bool key_next(const struct scheme *scheme, struct key_list *list,
              struct key *key) __attribute__((warn_unused_result));
void key_wipe(struct key *key);
bool keys_take(const struct scheme *scheme, struct slice secret);

/* verify_crypto.c: true if one of the claim's signatures of the key's
   algorithm fits. All of them are compared; of those that a public key checks,
   the first eight. */
bool crypto_fits(const struct key *key, const struct text *text,
                 const struct claim *claim) __attribute__((warn_unused_result));
/* True if both are the same, in time that depends on their lengths only. */
bool crypto_same(struct slice a, struct slice b)
    __attribute__((warn_unused_result));
/* True if bytes are the DER of a public key on P-256. */
bool crypto_is_p256(struct slice der) __attribute__((warn_unused_result));

/* verify_form.c: the pairs of a form body or a query, decoded. */
struct form_pair {
    struct slice name;
    struct slice value;
};

struct form {
    struct form_pair *pairs;
    size_t count;
    char *room;
};

/* False: more pairs than a form may have; nothing to free. */
bool form_read(struct slice text, struct form *form)
    __attribute__((warn_unused_result));
/* By name, then value, as bytes; equal pairs are left once. */
void form_sort(struct form *form);
void form_free(struct form *form);

/* verify_signed.c. header_take: VERIFY_MISSING, or VERIFY_MALFORMED for one
   that came several times. */
enum verify_result header_take(const struct verify_message *message,
                               const char *name, struct slice *value)
    __attribute__((warn_unused_result));
/* VERIFY_STALE outside the window of the checking. */
enum verify_result time_check(const struct checking *checking, int64_t at_us)
    __attribute__((warn_unused_result));
/* Tries all keys on all signatures; *secret as in checking. */
enum verify_result keys_check(struct checking *checking,
                              const struct text *text,
                              const struct claim *claim)
    __attribute__((warn_unused_result));
/* True if one of the verifier's secrets gives a key. */
bool keys_any(const struct checking *checking);
enum verify_result check_signed(struct checking *checking);
enum verify_result check_linear(struct checking *checking);
/* The SHA-256 of what is signed, if a time or an id is; see verify_once(). */
bool signed_once(const struct checking *checking, uint8_t hash[32])
    __attribute__((warn_unused_result));

/* verify_shared.c: secrets that are sent as they are. */
enum verify_result check_token(struct checking *checking);
enum verify_result check_basic(struct checking *checking);
enum verify_result check_gitlab(struct checking *checking);
/* What follows "Bearer " in any case, spaces skipped; absent otherwise. */
struct slice authorization_rest(struct slice value, const char *word);

/* verify_twilio.c */
enum verify_result check_twilio(struct checking *checking);

#endif /* VERIFY_IMPL_H */
