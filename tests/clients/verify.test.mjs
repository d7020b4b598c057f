// verify.test.mjs - deliveries are verified by programs that are not ours: the
// npm clients of Standard Webhooks, Svix and GitHub. (Every payload:
// verify_payloads.)

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { verify as verifyGithub } from '@octokit/webhooks-methods';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { subscribe, trigger } from '../func/lib/gateway.mjs';
import { Receiver } from '../func/lib/receiver.mjs';
import { Stack } from '../func/lib/stack.mjs';

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([Stack.start(), Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

let serial = 0;

// One real delivery: {request, secret}.
async function deliver(data, fields = {}) {
    const name = `client-${++serial}`;
    const place = receiver.place(name);
    const { secret } = await subscribe(stack, place.url, [`client.${name}`],
        fields);
    await trigger(stack, `client.${name}`, data);
    return { request: await place.arrived(1), secret };
}

const payloads = {
    'a small object': { id: '123', name: 'Test Item' },
    'accents and emoji': { name: 'Zoë 😀', path: 'a/b' },
    'nested data': { a: [1, { b: null }, true], c: { d: {} } },
    'an empty object': {},
};

for (const [what, data] of Object.entries(payloads)) {
    describe(what, () => {
        for (const format of ['envelope', 'payload', 'standard']) {
            test(`standardwebhooks verifies it as ${format}`, async () => {
                const { request, secret } = await deliver(data, { format });
                const seen = new StandardWebhook(secret).verify(request.body,
                    request.headers);
                assert.deepEqual(format === 'payload' ? seen : seen.data,
                    data);
            });
        }

        test('svix verifies it', async () => {
            const { request, secret } = await deliver(data);
            const seen = new SvixWebhook(secret).verify(request.body,
                request.headers);
            assert.deepEqual(seen.data, data);
        });

        test("GitHub's client verifies X-Webhook-Signature", async () => {
            const { request, secret } = await deliver(data);
            assert.equal(await verifyGithub(secret, request.body.toString(),
                request.headers['x-webhook-signature']), true);
        });
    });
}

describe('tampering', () => {
    test('standardwebhooks and svix refuse a changed body', async () => {
        const { request, secret } = await deliver({ amount: 1 });
        const changed = request.body.toString().replace('"amount":1',
            '"amount":9');
        assert.notEqual(changed, request.body.toString());
        for (const Webhook of [StandardWebhook, SvixWebhook])
            assert.throws(() => new Webhook(secret).verify(changed,
                request.headers));
    });

    test('they refuse another id and another secret', async () => {
        const { request } = await deliver({ amount: 1 });
        const { secret: other } = await deliver({ amount: 1 });
        assert.throws(() => new StandardWebhook(other).verify(request.body,
            request.headers));
    });

    test("GitHub's client refuses a changed body", async () => {
        const { request, secret } = await deliver({ amount: 1 });
        assert.equal(await verifyGithub(secret,
            `${request.body} `, request.headers['x-webhook-signature']),
        false);
    });
});

describe('a secret given by the user', () => {
    test('raw text is the key for standardwebhooks in raw form', async () => {
        const { request, secret } = await deliver({ a: 1 },
            { secret: 'your-secret-key' });
        assert.equal(secret, 'your-secret-key');
        new StandardWebhook(secret, { format: 'raw' }).verify(request.body,
            request.headers);
    });

    test('a whsec_ secret made elsewhere is taken', async () => {
        const given = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
        const { request, secret } = await deliver({ a: 1 },
            { secret: given });
        assert.equal(secret, given);
        new StandardWebhook(given).verify(request.body, request.headers);
        new SvixWebhook(given).verify(request.body, request.headers);
    });
});
