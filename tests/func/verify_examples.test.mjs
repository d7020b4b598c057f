// verify_examples.test.mjs - the verifiers of examples/verify/ judge real
// deliveries, and what somebody has changed, kept or made up.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { deliveriesOf, reached, subscribe } from './lib/gateway.mjs';
import { request } from './lib/http.mjs';
import { idText } from './lib/ids.mjs';
import { payloads } from './lib/payloads.mjs';
import { Receiver } from './lib/receiver.mjs';
import { hexSignature, standardSignature } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { installed, Verifier } from './lib/verifiers.mjs';

const whsec = () => `whsec_${randomBytes(32).toString('base64')}`;
// The other one is longer than a block of SHA-256.
const secrets = { whsec: whsec(), text: `old /+= ${'secret '.repeat(12)}!` };

const languages = await installed();
const found = languages.filter(({ language }) => language);

let stack;
let receiver;
const verifiers = {};
before(async () => {
    [stack, receiver] = await Promise.all([Stack.start(), Receiver.start()]);
    for (const one of found)
        verifiers[one.name] = await Verifier.start(one,
            [secrets.whsec, secrets.text]);
});
after(async () => {
    for (const verifier of Object.values(verifiers))
        await verifier.stop();
    await receiver?.stop();
    await stack?.stop();
});

async function send(type, data) {
    const answer = await stack.api().post('/api/events/trigger',
        `{"event":"${type}","data":${data}}`);
    assert.equal(answer.status, 202, answer.text);
    const { event_id, matched } = answer.json;
    const rows = await deliveriesOf(stack, event_id);
    assert.equal(rows.length, matched);
    return rows.map((row) => idText('dlv', row.id));
}

// One delivery as a receiver has got it.
async function recorded(secret, data = '{"amount":1}', more = {}) {
    const name = `recorded-${recorded.serial = (recorded.serial ?? 0) + 1}`;
    const place = receiver.place(name);
    const made = await subscribe(stack, place.url, [`kept.${name}`],
        { secret, ...more });
    await send(`kept.${name}`, data);
    return { ...await place.arrived(1), subscription: made };
}

const signatureHeaders = ({ headers }) => Object.fromEntries(
    Object.entries(headers).filter(([name]) =>
        /^(x-webhook-|webhook-)/.test(name)));

// What a verifier answers to a request that is like one that has come.
async function judge(name, path, kept, change = {}) {
    const answer = await request(verifiers[name].url, 'POST', path, {
        body: change.body ?? kept.body,
        headers: { ...signatureHeaders(kept), ...change.headers } });
    assert.ok([204, 401].includes(answer.status), `${name} ${answer.status}`);
    return answer.status;
}

describe('the verifier of each language', () => {
    for (const { name, missing, always } of languages) {
        test(`${name} is run`, (t) => {
            if (missing && !always)
                t.skip(`${missing} is not installed`);
            else
                assert.equal(missing, undefined, `${missing} is missing`);
        });
    }
});

describe('deliveries of real events are accepted', () => {
    before(async () => {
        for (const { name } of found)
            for (const path of ['standard', 'hmac'])
                for (const [kind, secret] of Object.entries(secrets))
                    await subscribe(stack, `${verifiers[name].url}/${path}`,
                        ['real.*'], { secret, retry_count: 0,
                            description: `${name} ${path} ${kind}` });
    });

    for (const [what, data] of Object.entries(payloads)) {
        test(`${what}: by every language, both signatures, both kinds of secret`,
            async () => {
                const ids = await send('real.thing', data);
                assert.equal(ids.length, found.length * 4);
                for (const id of ids)
                    await reached(stack, id, 'success');
            });
    }
});

// [what, path, how a kept request is changed, the answer]
const cases = [
    ['a delivery sent on as it is', '/standard', () => ({}), 204],
    ['… by the other signature', '/hmac', () => ({}), 204],
    ['another body', '/standard', (kept) => ({
        body: Buffer.from(kept.body.toString().replace(':1', ':9')) }), 401],
    ['another body by the other signature', '/hmac', (kept) => ({
        body: Buffer.from(kept.body.toString().replace(':1', ':9')) }), 401],
    ['a body with a line break at its end', '/hmac', (kept) => ({
        body: Buffer.concat([kept.body, Buffer.from('\n')]) }), 401],
    ['an empty body', '/standard', () => ({ body: Buffer.alloc(0) }), 401],
    ['another id', '/standard', () => ({
        headers: { 'webhook-id': 'evt_0000000000001' } }), 401],
    ['no signature', '/standard', () => ({
        headers: { 'webhook-signature': undefined } }), 401],
    ['no other signature', '/hmac', () => ({
        headers: { 'x-webhook-signature': undefined } }), 401],
    ['no time', '/standard', () => ({
        headers: { 'webhook-timestamp': undefined } }), 401],
    ['a time that is no number', '/standard', () => ({
        headers: { 'webhook-timestamp': 'now' } }), 401],
    ['a signature without its version', '/standard', (kept) => ({
        headers: { 'webhook-signature':
            kept.headers['webhook-signature'].slice(3) } }), 401],
    ['a signature of another version', '/standard', (kept) => ({
        headers: { 'webhook-signature':
            kept.headers['webhook-signature'].replace('v1,', 'v2,') } }), 401],
    ['a shortened signature', '/standard', (kept) => ({
        headers: { 'webhook-signature':
            kept.headers['webhook-signature'].slice(0, -2) } }), 401],
    ['a shortened hexadecimal signature', '/hmac', (kept) => ({
        headers: { 'x-webhook-signature':
            kept.headers['x-webhook-signature'].slice(0, -2) } }), 401],
    ['a signature that stands among others', '/standard', (kept) => ({
        headers: { 'webhook-signature': `v1,AAAA v1a,xyz ${
            kept.headers['webhook-signature']} v9,zzz` } }), 204],
    ['one signed with an unknown secret', '/standard',
        (kept) => signedNow(kept, whsec(), 0), 401],
    ['one signed now', '/standard',
        (kept) => signedNow(kept, secrets.whsec, 0), 204],
    ['one signed four minutes ago', '/standard',
        (kept) => signedNow(kept, secrets.whsec, -240), 204],
    ['one signed six minutes ago: it has expired', '/standard',
        (kept) => signedNow(kept, secrets.whsec, -360), 401],
    ['one from six minutes ahead', '/standard',
        (kept) => signedNow(kept, secrets.whsec, 360), 401],
    ['a hexadecimal signature with the decoded key', '/hmac', (kept) => ({
        headers: { 'x-webhook-signature': 'sha256=' + hexSignature(
            Buffer.from(secrets.whsec.slice(6), 'base64'), kept.body) } }),
    401],
    ['bytes that are no UTF-8', '/standard', (kept) => signedNow({ ...kept,
        body: Buffer.from([0x7b, 0xff, 0x00, 0x80, 0x0a, 0x7d]) },
    secrets.whsec, 0), 204],
    ['bytes that are no UTF-8 by the other signature', '/hmac', () => {
        const body = Buffer.from([0x7b, 0xff, 0x00, 0x80, 0x0a, 0x7d]);
        return { body, headers: { 'x-webhook-signature':
            `sha256=${hexSignature(secrets.text, body)}` } };
    }, 204],
];

function signedNow(kept, secret, seconds) {
    const timestamp = String(Math.floor(Date.now() / 1000) + seconds);
    return { body: kept.body, headers: { 'webhook-timestamp': timestamp,
        'webhook-signature': standardSignature(secret,
            kept.headers['webhook-id'], timestamp, kept.body) } };
}

describe('what comes to a receiver', () => {
    let kept;
    before(async () => {
        kept = await recorded(secrets.whsec);
    });

    for (const [what, path, change, want] of cases) {
        test(`${what}: ${want === 204 ? 'accepted' : 'refused'} by all`,
            async () => {
                for (const { name } of found)
                    assert.equal(await judge(name, path, kept, change(kept)),
                        want, name);
            });
    }
});

describe('after a rotation', () => {
    let kept;
    let fresh;
    before(async () => {
        const first = await recorded(secrets.text);
        const path = `/api/webhooks/${first.subscription.id}`;
        const rotated = await stack.api().post(`${path}/rotate-secret`,
            { grace_seconds: 3600 });
        assert.equal(rotated.status, 200, rotated.text);
        fresh = rotated.json.secret;
        const place = receiver.place('rotated');
        const patched = await stack.api().patch(path, { url: place.url,
            events: ['rotated.event'] });
        assert.equal(patched.status, 200, patched.text);
        await send('rotated.event', payloads.emoji);
        kept = await place.arrived(1);
    });

    test('two signatures come, of the new secret and of the old', () => {
        const given = kept.headers['webhook-signature'].split(' ');
        assert.deepEqual(given, [fresh, secrets.text].map((secret) =>
            standardSignature(secret, kept.headers['webhook-id'],
                kept.headers['webhook-timestamp'], kept.body)));
    });

    test('who knows the old secret only goes on with webhook-signature',
        async () => {
            for (const { name } of found)
                assert.equal(await judge(name, '/standard', kept), 204, name);
        });

    test('X-Webhook-Signature needs the new one', async () => {
        for (const { name } of found)
            assert.equal(await judge(name, '/hmac', kept), 401, name);
    });

    test('who knows both takes either', async () => {
        for (const one of found) {
            const both = await Verifier.start(one, [fresh, secrets.text]);
            try {
                for (const path of ['/standard', '/hmac']) {
                    const answer = await request(both.url, 'POST', path, {
                        body: kept.body, headers: signatureHeaders(kept) });
                    assert.equal(answer.status, 204, `${one.name} ${path}`);
                }
            } finally {
                await both.stop();
            }
        }
    });
});
