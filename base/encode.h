/*
 * encode.h - bytes as text: hexadecimal, base64 (RFC 4648 section 4), Crockford
 * base32 and forms.
 */
#ifndef ENCODE_H
#define ENCODE_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lower case; out holds 2 * len + 1 bytes. */
void encode_hex(const void *src, size_t len, char *out);

/* The value of a hex digit of either case, or -1. */
int decode_hex_digit(char c);

/* Exactly 2 * len hex digits of either case, else false with out unspecified. */
bool decode_hex(struct slice text, uint8_t *out, size_t len)
    __attribute__((warn_unused_result));

/* Standard alphabet with padding. */
void encode_base64(struct slice src, struct buf *out);

/* Standard alphabet, padding required, no white space, no stray bits in the
   last character. Returns the number of bytes written, or -1 (wrong text, or
   more than max bytes). */
int decode_base64(struct slice text, uint8_t *out, size_t max)
    __attribute__((warn_unused_result));

/* A name or value of application/x-www-form-urlencoded: '+' is a space, a
   broken %xx stays as it is. out holds text.len bytes; returns how many are
   written. */
size_t decode_form(struct slice text, char *out);

/* 13 characters for 63 bits; out holds 14 bytes. */
void encode_base32_u64(uint64_t value, char out[14]);
bool decode_base32_u64(struct slice text, uint64_t *value)
    __attribute__((warn_unused_result));

#endif /* ENCODE_H */
