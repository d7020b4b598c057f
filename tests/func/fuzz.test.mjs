// fuzz.test.mjs - thousands of damaged and strange requests: whatever comes in,
// the answer is an answer (never 5xx), and the gateway works afterwards.
//
// The requests follow from a seed; POSTERN_TEST_SEED repeats a run.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { request } from './lib/http.mjs';
import { Receiver } from './lib/receiver.mjs';
import { fresh, notionBody, supabaseBody } from './lib/receive_cases.mjs';
import { signed } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { slow } from './lib/wait.mjs';

const SEED = Number(process.env.POSTERN_TEST_SEED || 20260101);
const ROUNDS = Number(process.env.POSTERN_TEST_FUZZ_ROUNDS || 400);

let stack;
let receiver;
let agent;
before(async () => {
    [stack, receiver] = await Promise.all([Stack.start(), Receiver.start()]);
    agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
});
after(async () => {
    agent?.destroy();
    await receiver?.stop();
    await stack?.stop();
});

// mulberry32: small, and the same everywhere.
function randomFrom(seed) {
    let state = seed >>> 0;
    return (below) => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) % below;
    };
}

// Values that programs trip over.
const strange = [null, true, false, 0, -1, 1.5, 1e308, '', ' ', 'x', '\u0000',
    '\ud83d\ude00', '\u202e', 'a\nb', "'; DROP TABLE events; --", '%s%n', '../..',
    'x'.repeat(300), 'é'.repeat(256), [], {}, [[]], { a: null }, '2026-13-45',
    '0000-00-00T00:00:00Z', '9999-12-31T23:59:59Z', '1969-01-01T00:00:00Z',
    '2026-01-01T15:00:00+99:99', '99999999999999999999', '*', 'a.*', '.', '$.a',
    'http://[', 'https://example.com:99999/', 'https://' + 'a'.repeat(300),
    ['*', '*'], Array(120).fill('a'), { 'X-A': 'b' }, { 'a\u0000b': 'c' }];

// Texts that stand where a JSON value stands.
const rawValues = ['01', '1e999999', '-', '1.', 'NaN', '"\\u12"', '"\\ud800"',
    '123456789012345678901234567890', '[' .repeat(70), '{"a":1,"a":2}', '"\t"',
    '""""', '\u00e9', ',', ''];

function mutate(random, body) {
    const copy = structuredClone(body);
    const keys = Object.keys(copy);
    const times = 1 + (random(3) === 0 ? random(3) : 0);
    for (let i = 0; i < times; i++) {
        const key = random(8) === 0 ? `extra_${random(9)}`
            : keys[random(keys.length)];
        if (random(4) === 0)
            delete copy[key];
        else
            copy[key] = strange[random(strange.length)];
    }
    let text = JSON.stringify(copy);
    if (random(6) === 0) {
        // A value replaced by text that may be no JSON at all.
        const spots = [...text.matchAll(/":/g)].map((m) => m.index + 2);
        if (spots.length > 0) {
            const at = spots[random(spots.length)];
            const rest = text.slice(at).search(/[,}]/);
            text = text.slice(0, at) + rawValues[random(rawValues.length)] +
                text.slice(at + Math.max(0, rest));
        }
    }
    let bytes = Buffer.from(text);
    if (random(8) === 0 && bytes.length > 0) {
        // Damaged bytes.
        for (let i = 0; i < 1 + random(4); i++)
            bytes[random(bytes.length)] = random(256);
    }
    if (random(25) === 0)
        bytes = bytes.subarray(0, random(bytes.length + 1));
    return bytes;
}

// Sends what make(random) gives, ROUNDS times, a few at a time.
async function storm(name, make) {
    const random = randomFrom(SEED ^ name.length * 7919);
    const counts = {};
    for (let round = 0; round < ROUNDS; round += 4) {
        await Promise.all(Array.from({ length: 4 }, async () => {
            const { method = 'POST', path, body, headers } = make(random);
            const answer = await request(stack.url, method, path,
                { body, headers, agent });
            counts[answer.status] = (counts[answer.status] ?? 0) + 1;
            assert.ok(answer.status < 500, `seed ${SEED}: ${method} ${path} ` +
                `${body?.toString('latin1')}\n${answer.status} ${answer.text}`);
            if (answer.status >= 400 && method !== 'HEAD')
                JSON.parse(answer.text);
        }));
    }
    console.log(`# ${name}: ${JSON.stringify(counts)}`);
    return counts;
}

const limit = { timeout: slow(60_000) };
const bearer = () => ({ Authorization: `Bearer ${stack.token}` });

test('damaged inbound webhooks', limit, async () => {
    const native = { type: 'UPDATE', table: 'users', schema: 'public',
        record: { id: 1, name: 'a' }, old_record: { id: 1 } };
    await storm('receivers', (random) => {
        const source = random(4) === 0 ? 'notion' : 'supabase';
        const body = mutate(random, source === 'notion' ? notionBody
            : random(3) === 0 ? native : supabaseBody);
        return { path: `/api/v1/webhooks/${source}`, body, headers:
            signed(stack.env[`${source.toUpperCase()}_SECRET`], body) };
    });
});

test('damaged payloads at the test endpoint', limit, () =>
    storm('test endpoint', (random) => ({ path: '/api/v1/webhooks/test',
        body: mutate(random, supabaseBody) })));

test('damaged subscriptions', limit, () =>
    storm('subscriptions', (random) => ({ path: '/api/webhooks',
        headers: bearer(), body: mutate(random, {
            url: 'https://example.com/', events: ['fuzz.a', 'b.*'],
            secret: 'long enough', description: 'text', active: true,
            retry_count: 3, retry_delay: 2, timeout: 10,
            headers: { 'X-A': 'b' }, metadata: { a: 1 }, format: 'envelope',
            channels: ['c'], max_concurrency: 1, retry_schedule: [1, 2] }) })));

test('damaged changes of a subscription', limit, async () => {
    const made = await stack.api().post('/api/webhooks',
        { url: 'https://example.com/', events: ['fuzz.patch'] });
    await storm('changes', (random) => ({ method: 'PATCH', headers: bearer(),
        path: `/api/webhooks/${made.json.id}`, body: mutate(random, {
            url: 'https://example.com/', events: ['fuzz.a'], active: false,
            timeout: 5, headers: { 'X-A': 'b' }, metadata: {} }) }));
});

test('damaged triggers', limit, () =>
    storm('triggers', (random) => {
        const body = mutate(random, { event: 'fuzz.never', data: { a: 1 },
            metadata: { b: 2 }, id: `id-${random(50)}`, channels: ['c'],
            deliver_at: '2026-01-01T00:00:00Z' });
        return { path: '/api/events/trigger', headers: bearer(),
            body: random(3) === 0
                ? Buffer.concat([Buffer.from('['), body, Buffer.from(']')])
                : body };
    }));

test('strange paths, queries and headers', limit, () => {
    const parts = ['api', 'webhooks', 'events', 'deliveries', 'v1', 'stats',
        'test', 'history', 'trigger', '1', 'ep_0000000000001', 'dlv_x', '..',
        '%00', '%2e%2e', '%ff', '%c3%a9', '', 'x'.repeat(300), 'health', '*',
        'event-types', 'supabase', "'", '%25', 'retry', 'cancel', 'pause'];
    const routes = ['/api/webhooks', '/api/webhooks/ID', '/api/deliveries',
        '/api/webhooks/ID/deliveries', '/api/webhooks/ID/stats', '/api/stats',
        '/api/deliveries/ID', '/api/events/history', '/api/events/ID',
        '/api/events', '/api/v1/webhooks/stats', '/api/webhooks/ID/pause',
        '/api/deliveries/ID/retry', '/api/webhooks/ID/rotate-secret'];
    const ids = ['1', '0', '2147483648', '99999999999999999999', 'ep_1', 'x',
        'dlv_zzzzzzzzzzzzz', 'evt_7zzzzzzzzzzzz', 'dlv_0000000000001', '%31',
        '1%00', '-1', 'EP_0000000000001', '1;', "1'"];
    const queries = ['limit=1', 'limit=', 'limit=%00', 'cursor=1', 'cursor=é',
        'status=', 'status=success', 'since=2026-01-01', 'since=%zz', 'a=b=c',
        '&&&', 'limit=1&limit=2', 'response_code=5xx', 'response_code=x',
        'event_type=%27%22%5c', 'subscription=0', 'error_class=%F0%9F%98%80',
        'source=%C3%A9', 'event_type=%C3%A9', 'since=1969-01-01T00:00:00Z',
        'until=9999-12-31T23:59:59Z', 'webhook_id=1', 'subscription=ep_x'];
    return storm('paths', (random) => {
        const path = random(3) > 0
            ? routes[random(routes.length)].replace('ID',
                ids[random(ids.length)])
            : '/' + Array.from({ length: 1 + random(5) }, () =>
                parts[random(parts.length)]).join('/');
        const query = random(2) === 0 ? ''
            : '?' + Array.from({ length: 1 + random(3) }, () =>
                queries[random(queries.length)]).join('&');
        const method = ['GET', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE',
            'OPTIONS', 'PROPFIND'][random(9)];
        return { method, path: printable(path + query), headers: { ...bearer(),
            Accept: ['*/*', '', 'application/problem+json', 'x'.repeat(500)][
                random(4)],
            'Idempotency-Key': ['', 'k', '\xe9', 'k'.repeat(300)][random(4)] },
        body: ['POST', 'PUT', 'PATCH'].includes(method) ? '{}' : undefined };
    });
});

// As clients send it: bytes outside of ASCII percent-encoded.
function printable(text) {
    return text.replace(/[^\x21-\x7e]/g, (c) => encodeURIComponent(c));
}

test('afterwards everything works as before', async () => {
    const place = receiver.place('after');
    await stack.api().post('/api/webhooks',
        { url: place.url, events: ['after.the.storm'] });
    const answer = await stack.receive('supabase', fresh());
    assert.equal(answer.status, 202, answer.text);
    await stack.api().post('/api/events/trigger',
        { event: 'after.the.storm', data: {} });
    await place.arrived(1);
    const stats = (await stack.api().get('/api/v1/webhooks/stats')).json;
    assert.equal(stats.total_failed, 0,
        'what was accepted could be processed');
    const errors = stack.logs().split('\n').filter((line) =>
        / - (ERROR|CRITICAL) - |"level":"ERROR"/.test(line));
    assert.deepEqual(errors.slice(0, 5), []);
});
