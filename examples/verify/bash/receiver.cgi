#!/bin/bash
# Takes webhooks at /standard or /hmac, whichever signature it should check: a
# CGI program. WEBHOOK_SECRET is in its environment.
set -u
# shellcheck source-path=SCRIPTDIR source=verify.sh
. "$(dirname "$0")/verify.sh"

# The old one is for the time after a rotation.
secrets=("$WEBHOOK_SECRET" ${WEBHOOK_SECRET_OLD:+"$WEBHOOK_SECRET_OLD"})
body=$(mktemp) # the raw bytes; a variable cannot hold them all
trap 'rm -f "$body"' EXIT
head -c "${CONTENT_LENGTH:-0}" >"$body"

if [ "${PATH_INFO:-}" = /standard ]; then
    verify_standard "$body" "${HTTP_WEBHOOK_ID:-}" \
        "${HTTP_WEBHOOK_TIMESTAMP:-}" "${HTTP_WEBHOOK_SIGNATURE:-}" \
        "${secrets[@]}"
else
    verify_hmac "$body" "${HTTP_X_WEBHOOK_SIGNATURE:-}" "${secrets[@]}"
fi && status='204 No Content' || status='401 Unauthorized'
printf 'Status: %s\r\n\r\n' "$status"
