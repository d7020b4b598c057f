# shellcheck shell=bash
# Checks that a webhook comes from Postern, with bash and openssl. Secrets are
# never arguments of a program, where `ps` would show them.

to_hex() { od -An -v -tx1 | tr -d ' \n'; }

from_hex() {
    local i
    for ((i = 0; i < ${#1}; i += 2)); do
        printf '%b' "\\x${1:i:2}"
    done
}

# hmac_sha256 KEY_IN_HEX < TEXT: its HMAC-SHA256 (RFC 2104), as bytes.
hmac_sha256() {
    local key=$1 inner='' outer='' i
    if [ ${#key} -gt 128 ]; then
        key=$(from_hex "$key" | openssl dgst -sha256 -binary | to_hex)
    fi
    while [ ${#key} -lt 128 ]; do
        key+=00
    done
    for ((i = 0; i < 128; i += 2)); do
        printf -v inner '%s\\x%02x' "$inner" $((0x${key:i:2} ^ 0x36))
        printf -v outer '%s\\x%02x' "$outer" $((0x${key:i:2} ^ 0x5c))
    done
    { printf '%b' "$inner" && cat; } | openssl dgst -sha256 -binary |
        { printf '%b' "$outer" && cat; } | openssl dgst -sha256 -binary
}

# Compares what was made of both with a key that nobody knows: how long that
# takes says nothing about where they differ.
same() {
    local key
    key=$(openssl rand -hex 32)
    [ "$(printf %s "$1" | hmac_sha256 "$key" | to_hex)" = \
        "$(printf %s "$2" | hmac_sha256 "$key" | to_hex)" ]
}

# verify_hmac BODY_FILE SIGNATURE SECRET...
# X-Webhook-Signature: sha256=<hex HMAC-SHA256 of the body>
verify_hmac() {
    local body=$1 signature=$2 secret mac
    shift 2
    for secret in "$@"; do
        mac=$(hmac_sha256 "$(printf %s "$secret" | to_hex)" <"$body" | to_hex)
        ! same "sha256=$mac" "$signature" || return 0
    done
    return 1
}

key_of() {
    case $1 in
    whsec_*) printf %s "${1#whsec_}" | openssl base64 -d -A | to_hex ;;
    *) printf %s "$1" | to_hex ;;
    esac
}

# verify_standard BODY_FILE ID TIMESTAMP SIGNATURES SECRET...
# webhook-id, webhook-timestamp and webhook-signature of Standard Webhooks:
# refuses what is older than five minutes; any of the signatures may fit.
verify_standard() {
    local body=$1 id=$2 timestamp=$3 signatures=$4 secret mac age given
    local -a all
    shift 4
    [[ $timestamp =~ ^[0-9]{1,12}$ ]] || return 1
    age=$(($(date +%s) - 10#$timestamp))
    [ ${age#-} -le 300 ] || return 1
    read -ra all <<<"$signatures"
    for secret in "$@"; do
        mac=$({ printf '%s.%s.' "$id" "$timestamp" && cat "$body"; } |
            hmac_sha256 "$(key_of "$secret")" | openssl base64 -A)
        for given in "${all[@]}"; do
            ! same "v1,$mac" "$given" || return 0
        done
    done
    return 1
}
