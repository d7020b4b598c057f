// Checks what Postern delivers, with Node alone.
//
//   node verify_delivery.mjs SECRET BODY_FILE 'sha256=...'
//
// Always over the raw bytes of the request: with Express, that is
// express.raw({type: 'application/json'}), not express.json().
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

function equal(a, b) {
    const left = Buffer.from(a);
    const right = Buffer.from(b);
    return left.length === right.length && timingSafeEqual(left, right);
}

// X-Webhook-Signature: sha256=<hex HMAC-SHA256 of the body>
export function verify(secret, body, header) {
    const hex = createHmac('sha256', secret).update(body).digest('hex');
    return equal(`sha256=${hex}`, header);
}

// webhook-id, webhook-timestamp and webhook-signature, as Standard Webhooks
// defines them: protects against replays too.
export function verifyStandard(secret, body, headers, toleranceS = 300) {
    const { id, timestamp, signature } = headers;
    if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= toleranceS))
        return false;
    const key = secret.startsWith('whsec_')
        ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
    const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`)
        .update(body).digest('base64');
    return signature.split(' ').some((part) => equal(`v1,${mac}`, part));
}

if (process.argv[1] &&
    realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
    const [secret, file, header] = process.argv.slice(2);
    if (header === undefined) {
        console.error("usage: verify_delivery.mjs SECRET BODY_FILE 'sha256=...'");
        process.exit(64);
    }
    const valid = verify(secret, readFileSync(file), header);
    console.log(valid ? 'valid' : 'invalid');
    process.exit(valid ? 0 : 1);
}
