<?php
// Checks that a webhook comes from Postern, with PHP 8 alone.
declare(strict_types=1);

/** X-Webhook-Signature: sha256=<hex HMAC-SHA256 of the body> */
function webhook_verify_hmac(array $secrets, string $body, string $signature): bool
{
    foreach ($secrets as $secret) {
        $wanted = 'sha256=' . hash_hmac('sha256', $body, $secret);
        if (hash_equals($wanted, $signature)) {
            return true;
        }
    }
    return false;
}

function webhook_key(string $secret): string
{
    return str_starts_with($secret, 'whsec_')
        ? base64_decode(substr($secret, strlen('whsec_')))
        : $secret;
}

/**
 * webhook-id, webhook-timestamp and webhook-signature of Standard Webhooks:
 * refuses what is older than $tolerance_s; any of the signatures may fit.
 */
function webhook_verify_standard(
    array $secrets,
    string $body,
    string $id,
    string $timestamp,
    string $signatures,
    int $tolerance_s = 300
): bool {
    if (!preg_match('/^[0-9]{1,12}$/D', $timestamp)
        || abs(time() - (int) $timestamp) > $tolerance_s) {
        return false;
    }
    foreach ($secrets as $secret) {
        $mac = hash_hmac('sha256', "$id.$timestamp.$body", webhook_key($secret), true);
        $wanted = 'v1,' . base64_encode($mac);
        foreach (explode(' ', $signatures) as $given) {
            if (hash_equals($wanted, $given)) {
                return true;
            }
        }
    }
    return false;
}
