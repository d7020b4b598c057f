// sign.mjs - signatures as senders make them, by node:crypto alone.

import { createHmac } from 'node:crypto';

// Hex HMAC-SHA256 of the raw body.
export function hexSignature(secret, body) {
    return createHmac('sha256', secret).update(body).digest('hex');
}

// The header of the documented scheme, bare or with its prefix.
export function signed(secret, body, prefix = '') {
    return { 'X-Webhook-Signature': prefix + hexSignature(secret, body) };
}

// webhook-signature of Standard Webhooks 1.0.0.
export function standardSignature(secret, id, timestamp, body) {
    const key = secret.startsWith('whsec_')
        ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
    const mac = createHmac('sha256', key);
    mac.update(`${id}.${timestamp}.`).update(body);
    return `v1,${mac.digest('base64')}`;
}
