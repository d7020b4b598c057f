// verify_payloads.test.mjs - every payload is verified by programs that are not
// ours: the npm clients of Standard Webhooks and Svix, during a rotation too,
// openssl for ed25519, and the documented snippets in Python and Node.

import assert from 'node:assert/strict';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { subscribe } from '../func/lib/gateway.mjs';
import { payloads, plain } from '../func/lib/payloads.mjs';
import { Receiver } from '../func/lib/receiver.mjs';
import { plainEnv, run, Stack } from '../func/lib/stack.mjs';

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([Stack.start(), Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

async function send(type, data) {
    const answer = await stack.api().post('/api/events/trigger',
        `{"event":"${type}","data":${data}}`);
    assert.equal(answer.status, 202, answer.text);
}

// What a subscription gets of all payloads: {name: request}.
async function deliverAll(type, place, all) {
    const got = {};
    for (const [name, data] of Object.entries(all)) {
        const n = place.requests.length + 1;
        await send(type, data);
        got[name] = await place.arrived(n);
    }
    return got;
}

describe('the npm clients verify', () => {
    for (const fields of [{ format: 'envelope' }, { format: 'payload' },
        { format: 'standard' }, { format: 'cloudevents' },
        { ed25519: true }, { signature_headers: 'svix' }]) {
        test(`every payload of ${JSON.stringify(fields)}`, async () => {
            const name = `clients-${Object.values(fields)[0]}`;
            const place = receiver.place(name);
            const { secret } = await subscribe(stack, place.url, [name],
                fields);
            const got = await deliverAll(name, place, payloads);
            for (const [what, { body, headers }] of Object.entries(got)) {
                const seen = new SvixWebhook(secret).verify(body, headers);
                assert.deepEqual(fields.format === 'payload' ? seen
                    : seen.data, JSON.parse(payloads[what]), what);
                if (!fields.signature_headers)
                    new StandardWebhook(secret).verify(body, headers);
                const changed = body.toString().replace(/\}$/, ' }');
                assert.throws(() =>
                    new SvixWebhook(secret).verify(changed, headers), what);
            }
        });
    }

    test('every payload during a rotation, with the old secret and the new',
        async () => {
            const place = receiver.place('clients-rotation');
            const made = await subscribe(stack, place.url,
                ['clients.rotation'], { ed25519: true });
            const rotated = await stack.api().post(
                `/api/webhooks/${made.id}/rotate-secret`,
                { grace_seconds: 3600 });
            assert.equal(rotated.status, 200, rotated.text);
            const got = await deliverAll('clients.rotation', place, payloads);
            for (const [what, { body, headers }] of Object.entries(got)) {
                assert.deepEqual(headers['webhook-signature'].split(' ')
                    .map((part) => part.slice(0, part.indexOf(','))).sort(),
                ['v1', 'v1', 'v1a', 'v1a'], what);
                for (const Webhook of [StandardWebhook, SvixWebhook])
                    for (const { secret } of [made, rotated.json])
                        new Webhook(secret).verify(body, headers);
                const other = new StandardWebhook('whsec_' +
                    Buffer.alloc(32).toString('base64'));
                assert.throws(() => other.verify(body, headers));
            }
        });
});

describe('openssl verifies', () => {
    // The header of a public key of ed25519 (RFC 8410).
    const prefix = Buffer.from('302a300506032b6570032100', 'hex');

    // Whether a signature of ed25519 is that of the key.
    async function fits(key, request, signature) {
        const file = (name) => join(stack.base, `openssl-${name}`);
        const { 'webhook-id': id, 'webhook-timestamp': at } = request.headers;
        writeFileSync(file('key'), Buffer.concat([prefix,
            Buffer.from(key.slice('whpk_'.length), 'base64')]));
        writeFileSync(file('text'), Buffer.concat([
            Buffer.from(`${id}.${at}.`), request.body]));
        writeFileSync(file('signature'), Buffer.from(signature, 'base64'));
        const done = await run('openssl', ['pkeyutl', '-verify', '-rawin',
            '-pubin', '-keyform', 'DER', '-inkey', file('key'), '-in',
            file('text'), '-sigfile', file('signature')],
        { env: plainEnv() });
        return done.code === 0;
    }

    test('v1a of every payload, with the public key', async () => {
        const place = receiver.place('openssl');
        const { public_key: key } = await subscribe(stack, place.url,
            ['openssl.v1a'], { ed25519: true });
        const got = await deliverAll('openssl.v1a', place, payloads);
        for (const [what, request] of Object.entries(got)) {
            const signature = request.headers['webhook-signature'].split(' ')
                .find((part) => part.startsWith('v1a,')).slice(4);
            assert.ok(await fits(key, request, signature), what);
            const { body } = request;
            assert.ok(!await fits(key, { ...request, headers: request.headers,
                body: Buffer.concat([body, Buffer.from(' ')]) }, signature),
            what);
        }
    });
});

// The documented receivers, as they stand in other people's programs.
const python = `
import hashlib, hmac, json, sys

def verify_webhook_signature(request_body, signature_header, secret):
    expected_sig = hmac.new(
        secret.encode(),
        request_body,
        hashlib.sha256
    ).hexdigest()

    provided_sig = signature_header.replace("sha256=", "")
    return hmac.compare_digest(expected_sig, provided_sig)

def verify_signature(payload, signature, secret):
    payload_json = json.dumps(payload, separators=(',', ':'))
    expected = hmac.new(
        secret.encode('utf-8'),
        payload_json.encode('utf-8'),
        hashlib.sha256
    ).hexdigest()

    if signature.startswith("sha256="):
        signature = signature[7:]

    return hmac.compare_digest(expected, signature)

body = sys.stdin.buffer.read()
given = body if sys.argv[1] == "verify_webhook_signature" else json.loads(body)
print(globals()[sys.argv[1]](given, sys.argv[2], sys.argv[3]))
`;

async function inPython(name, { body, headers }, secret) {
    const done = await run('python3', ['-c', python, name,
        headers['x-webhook-signature'], secret],
    { input: body, env: plainEnv() });
    assert.equal(done.code, 0, done.stderr);
    return done.stdout === 'True\n';
}

function inNode({ body, headers }, secret) {
    const hmac = createHmac('sha256', secret);
    hmac.update(JSON.stringify(JSON.parse(body)));
    const expected = `sha256=${hmac.digest('hex')}`;
    return timingSafeEqual(Buffer.from(expected),
        Buffer.from(headers['x-webhook-signature']));
}

describe('the documented snippets', () => {
    for (const format of ['envelope', 'payload', 'standard']) {
        test(`over the raw body verify every payload as ${format}: Python`,
            async () => {
                const place = receiver.place(`raw-${format}`);
                const { secret } = await subscribe(stack, place.url,
                    [`raw.${format}`], { format });
                const got = await deliverAll(`raw.${format}`, place, payloads);
                for (const [what, request] of Object.entries(got)) {
                    assert.ok(await inPython('verify_webhook_signature',
                        request, secret), what);
                    assert.ok(!await inPython('verify_webhook_signature',
                        { ...request, body: Buffer.concat([request.body,
                            Buffer.from('\n')]) }, secret), what);
                }
            });

        test(`that print the JSON again hold for plain ASCII as ${format}: ` +
            'Python and Node', async () => {
            const place = receiver.place(`again-${format}`);
            const { secret } = await subscribe(stack, place.url,
                [`again.${format}`], { format, secret: 'your-secret-key' });
            const got = await deliverAll(`again.${format}`, place, plain);
            for (const [what, request] of Object.entries(got)) {
                assert.ok(await inPython('verify_signature', request, secret),
                    what);
                assert.ok(inNode(request, secret), what);
                assert.ok(!inNode(request, 'another secret'), what);
            }
        });
    }
});
