#!/bin/sh
# Signs webhook bodies as Supabase's and Notion's senders do and sends them.
#
#   send.sh [--url URL] [--secret SECRET] supabase|notion [FILE...]
#
# Without FILE: the example of that source. URL is $POSTERN_URL, else
# http://localhost:8000; the secret is $SUPABASE_SECRET or $NOTION_SECRET, else
# $WEBHOOK_SECRET. All of them are in the `env` file of a stack:
#   set -a; . var/env; examples/webhook_examples/send.sh supabase
# Prints each answer; exit code 1 if one of them was not 2xx.
set -eu

usage() {
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0" >&2
    exit 64
}

url=${POSTERN_URL:-http://localhost:8000}
secret=
while [ $# -gt 0 ]; do
    case $1 in
    --url) [ $# -ge 2 ] || usage; url=${2%/}; shift 2 ;;
    --secret) [ $# -ge 2 ] || usage; secret=$2; shift 2 ;;
    -*) usage ;;
    *) break ;;
    esac
done
[ $# -ge 1 ] || usage
source=$1
shift
case $source in
supabase) default_secret=${SUPABASE_SECRET:-${WEBHOOK_SECRET:-}} ;;
notion) default_secret=${NOTION_SECRET:-${WEBHOOK_SECRET:-}} ;;
*) usage ;;
esac
secret=${secret:-$default_secret}
if [ -z "$secret" ]; then
    echo "send.sh: no secret: give --secret, or set WEBHOOK_SECRET" >&2
    exit 64
fi
[ $# -gt 0 ] || set -- "$(dirname "$0")/${source}_webhook_payload.json"

for file in "$@"; do
    if [ ! -r "$file" ]; then
        echo "send.sh: $file cannot be read" >&2
        exit 66
    fi
done

failed=0
for file in "$@"; do
    # The signature covers the very bytes that are sent: hex HMAC-SHA256.
    signature=$(openssl dgst -sha256 -hmac "$secret" -r <"$file" |
        cut -d' ' -f1)
    answer=$(curl -sS -w '\n%{http_code}' -X POST \
        -H 'Content-Type: application/json' \
        -H "X-Webhook-Signature: $signature" \
        --data-binary @"$file" "$url/api/v1/webhooks/$source") || answer='
000'
    status=${answer##*
}
    printf '%s: %s\n%s\n' "$file" "$status" "${answer%?"$status"}"
    case $status in 2??) ;; *) failed=1 ;; esac
done
exit "$failed"
