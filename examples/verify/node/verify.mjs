// Checks that a webhook comes from Postern, with Node alone.
import { createHmac, timingSafeEqual } from 'node:crypto';

function same(wanted, given) {
    const a = Buffer.from(wanted);
    const b = Buffer.from(given);
    return a.length === b.length && timingSafeEqual(a, b);
}

// X-Webhook-Signature: sha256=<hex HMAC-SHA256 of the body>
export function verifyHmac(secrets, body, signature) {
    return secrets.some((secret) => same('sha256=' +
        createHmac('sha256', secret).update(body).digest('hex'), signature));
}

const keyOf = (secret) => secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret);

// webhook-id, webhook-timestamp and webhook-signature of Standard Webhooks:
// refuses what is older than toleranceS; any of the signatures may fit.
export function verifyStandard(secrets, body, id, timestamp, signatures,
    toleranceS = 300) {
    if (!/^[0-9]{1,12}$/.test(timestamp) ||
        Math.abs(Date.now() / 1000 - Number(timestamp)) > toleranceS)
        return false;
    return secrets.some((secret) => {
        const wanted = 'v1,' + createHmac('sha256', keyOf(secret))
            .update(`${id}.${timestamp}.`).update(body).digest('base64');
        return signatures.split(' ').some((given) => same(wanted, given));
    });
}
