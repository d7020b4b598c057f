// headers.test.mjs - headers that a subscription adds to its requests: which
// are refused, by whichever way they come in, and that those which are taken
// arrive as they were given, once, beside all of ours.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sendOne, subscribe } from './lib/gateway.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';

let stack;
let api;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([Stack.start(), Receiver.start()]);
    api = stack.api();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

const url = 'https://example.com/hook';
const RESERVED = 'value_error.header.reserved';
const NAME = 'value_error.header.name';
const VALUE = 'value_error.header.value';

// Names and why they are refused; in any letter case.
const REFUSED_NAMES = [
    ...['Host', 'Content-Length', 'Content-Encoding', 'Content-Range',
        'Transfer-Encoding', 'Expect', 'host', 'CONTENT-LENGTH',
        'tRANSFER-eNCODING'].map((name) => [name, RESERVED, /HTTP itself/]),
    ...['Connection', 'Keep-Alive', 'Proxy-Authorization', 'Proxy-Connection',
        'TE', 'Trailer', 'Upgrade', 'HTTP2-Settings', 'connection', 'te']
        .map((name) => [name, RESERVED, /belongs to the connection/]),
    ...['Content-Type', 'User-Agent', 'Traceparent', 'Webhook-Id',
        'Webhook-Timestamp', 'webhook-signature', 'Webhook-Other',
        'X-Webhook-Signature', 'X-Webhook-Event', 'x-webhook-attempt',
        'X-Webhook-Mine', 'Svix-Id', 'svix-signature', 'Ce-Id', 'ce-type',
        'CE-MINE'].map((name) => [name, RESERVED, /set by the gateway/]),
    ...['X Y', ' X', 'X ', 'X:', ':X', 'X:Y', 'X\r\nY', 'X\nY', 'X\tY',
        'X\x7f', '(X)', 'X@Y', 'X/Y', 'X[1]', 'X{}', 'X"', 'X\\', 'X,Y', 'X;Y',
        'X=Y', '\u00dcber', 'X\u2028Y', 'Host\r\nX', 'x'.repeat(257)]
        .map((name) => [name, NAME, /not the name of a header/]),
];

const REFUSED_VALUES = ['a\r\nX-Other: b', 'a\nb', 'a\rb', 'a\x7f',
    '\x1b[31m', '\x01', ' a', 'a ', '\ta', 'a\t', '\r\n', 'a\r\n b'];

// A value each, as it arrives.
const TAKEN = {
    'X-Plain': 'plain',
    'x-lower': 'as it is',
    'X-UPPER': 'AS IT IS',
    'X-Tab': 'a\tb',
    'X-Punctuation': '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
    'X-Percent': '%0d%0aX: y',
    'X-Colon': 'a: b',
    'X-Umlaut': 'gr\u00fc\u00df dich',
    "X!#$%&'*+.^_`|~9": 'every character of a token',
    Authorization: 'Bearer of-the-user',
    Accept: 'application/xml',
    Cookie: 'a=b',
    'Content-Language': 'de',
    'Xwebhook-Signature': 'not ours',
    Webhook: 'not ours',
    'X-Long': 'v'.repeat(4096),
};

async function refused(answer, name, type, words, said = name) {
    assert.equal(answer.status, 422, `${said}: ${answer.text}`);
    const [problem, ...others] = answer.json.detail;
    assert.deepEqual(others, [], said);
    assert.equal(problem.loc[1], 'headers', said);
    if (name.length < 100)
        assert.equal(problem.loc[2], name, said);
    assert.equal(problem.type, type, said);
    assert.match(problem.msg, words, said);
}

describe('refused are', () => {
    const doors = {
        'at POST': (headers) => api.post('/api/webhooks',
            { url, events: ['a'], headers }),
        'at PATCH': (headers) => api.patch(`/api/webhooks/${doors.id}`,
            { headers }),
    };
    before(async () => {
        doors.id = (await subscribe(stack, url, ['never'])).id;
    });

    for (const way of Object.keys(doors)) {
        test(`names, ${way}`, async () => {
            for (const [name, type, words] of REFUSED_NAMES)
                await refused(await doors[way]({ [name]: 'x' }), name, type,
                    words);
        });

        test(`values, ${way}`, async () => {
            for (const value of REFUSED_VALUES)
                await refused(await doors[way]({ 'X-A': value }), 'X-A', VALUE,
                    /invalid header value/, JSON.stringify(value));
        });

        test(`NUL, what is empty, and a name that stands twice, ${way}`,
            async () => {
                for (const headers of [{ '': 'x' }, { 'X-A': '' },
                    { 'X-\0': 'x' }, { 'X-A': 'a\0b' }, { 'X-A': '\0' }]) {
                    const answer = await doors[way](headers);
                    assert.equal(answer.status, 422, answer.text);
                    assert.equal(answer.json.detail[0].loc[1], 'headers');
                }
                await refused(await doors[way]({ 'X-A': '1', 'x-a': '2' }),
                    'x-a', RESERVED, /set already/);
            });

        test(`too many, and too large ones, ${way}`, async () => {
            const many = Object.fromEntries(Array.from({ length: 21 },
                (_, i) => [`X-${i}`, 'x']));
            const tooMany = await doors[way](many);
            assert.equal(tooMany.status, 422, tooMany.text);
            assert.match(tooMany.json.detail[0].type, /max_items/);
            delete many['X-20'];
            assert.ok((await doors[way](many)).status < 300);
            const long = await doors[way]({ 'X-A': 'v'.repeat(4097) });
            assert.equal(long.status, 422, long.text);
            assert.equal(long.json.detail[0].loc[2], 'X-A');
            const large = { 'X-A': 'v'.repeat(4093), 'X-B': 'v'.repeat(4093) };
            assert.ok((await doors[way](large)).status < 300);
            large['X-A'] += 'v';
            const tooLarge = await doors[way](large);
            assert.equal(tooLarge.status, 422, tooLarge.text);
            assert.equal(tooLarge.json.detail[0].type,
                'value_error.dict.max_bytes');
        });

        test(`what is no text, ${way}`, async () => {
            for (const value of [1, true, ['a'], { a: 'b' }]) {
                const answer = await doors[way]({ 'X-A': value });
                assert.equal(answer.status, 422, answer.text);
                assert.equal(answer.json.detail[0].loc[1], 'headers');
            }
            for (const headers of ['X-A: b', ['X-A'], 5]) {
                const answer = await doors[way](headers);
                assert.equal(answer.status, 422, answer.text);
                assert.equal(answer.json.detail[0].type, 'type_error.dict');
            }
        });
    }

    test('the same in the Svix-compatible API', async () => {
        await api.post('/api/v1/app', { name: 'h', uid: 'headers' });
        const made = await api.post('/api/v1/app/headers/endpoint', { url });
        assert.equal(made.status, 201, made.text);
        const path = `/api/v1/app/headers/endpoint/${made.json.id}/headers`;
        for (const [name] of REFUSED_NAMES) {
            const answer = await api.put(path, { headers: { [name]: 'x' } });
            assert.equal(answer.status, 422, `${name}: ${answer.text}`);
        }
        for (const value of REFUSED_VALUES) {
            const answer = await api.patch(path, { headers: { 'X-A': value } });
            assert.equal(answer.status, 422,
                `${JSON.stringify(value)}: ${answer.text}`);
        }
        const shown = await api.get(path);
        assert.deepEqual(shown.json.headers, {});
    });

    test('the same by the command line', async () => {
        for (const header of ['Host: x', 'X Y: x', 'Webhook-Id: 1',
            'X-A: a\r\nX-B: b', 'X-A: \x01']) {
            const done = await stack.cli('webhook', 'add', url, '--events',
                'a', '--header', header);
            assert.notEqual(done.code, 0, header);
        }
    });
});

// Values of a header by its name in lower case, from a list of both in turn.
function valuesOf(rawHeaders) {
    const all = new Map();
    for (let i = 0; i < rawHeaders.length; i += 2) {
        const name = rawHeaders[i].toLowerCase();
        all.set(name, [...all.get(name) ?? [], rawHeaders[i + 1]]);
    }
    return all;
}

describe('on the wire', () => {
    test('each arrives once and as it was given, and so do ours', async () => {
        const { place } = await sendOne(stack, receiver, 'taken', [200],
            { headers: TAKEN });
        const { rawHeaders } = await place.arrived(1);
        const all = valuesOf(rawHeaders);
        for (const [name, value] of Object.entries(TAKEN)) {
            const bytes = Buffer.from(value).toString('latin1');
            assert.deepEqual(all.get(name.toLowerCase()), [bytes], name);
            assert.ok(rawHeaders.includes(name), `${name} in its letters`);
        }
        for (const ours of ['host', 'content-type', 'content-length',
            'user-agent', 'webhook-id', 'webhook-timestamp',
            'webhook-signature', 'x-webhook-signature', 'x-webhook-event',
            'x-webhook-delivery', 'x-webhook-attempt', 'traceparent'])
            assert.equal(all.get(ours)?.length, 1, ours);
        for (const never of ['expect', 'transfer-encoding', 'accept-encoding',
            'connection'])
            assert.equal(all.get(never), undefined, never);
    });

    test('they are shown masked, and kept sealed', async () => {
        const made = await subscribe(stack, url, ['sealed'],
            { headers: { 'X-Secret': 'a-value-to-be-hidden' } });
        const shown = await api.get(`/api/webhooks/${made.id}`);
        assert.deepEqual(Object.keys(shown.json.headers), ['X-Secret']);
        assert.ok(!shown.text.includes('to-be-hidden'), shown.text);
        const row = await stack.sql.one(
            'SELECT headers FROM subscriptions WHERE id = ?', [made.id]);
        assert.ok(!row.headers.toString('latin1').includes('to-be-hidden'));
    });
});
