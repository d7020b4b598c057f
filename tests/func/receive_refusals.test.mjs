// receive_refusals.test.mjs - what a source has refused stands in its
// rejections, with the reason, and tells nobody what would have been right.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { request } from './lib/http.mjs';
import { known } from './lib/known.mjs';
import { addSource, assertRefused, eventsOf, nowS, post, setSource } from
    './lib/provider_cases.mjs';
import { fresh } from './lib/receive_cases.mjs';
import { hexSignature, signed, standardSignature } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const SECRET = 'the secret of these tests';
const KEY = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

let stack;
before(async () => {
    stack = await Stack.start({ web: 'nginx' });
    for (const [name, fields] of [
        ['plain', { provider: 'hmac', secret: SECRET }],
        ['timed', { provider: 'standard', secret: KEY }],
        ['bare', { provider: 'hmac', secret: SECRET, without: true }],
        ['place', { provider: 'twilio', secret: SECRET }],
        ['placed', { provider: 'twilio', secret: SECRET,
            public_url: 'https://hooks.example.com/in' }],
        ['git', { provider: 'github', secret: SECRET }],
        ['told', { provider: 'hmac', secret: SECRET,
            dedupe: 'header:X-Id' }],
    ]) {
        const { without, ...rest } = fields;
        await addSource(stack, { name, ...rest });
        if (without)
            await setSource(stack, name, { secret: null });
    }
    for (const name of ['plain', 'timed', 'bare', 'place', 'placed', 'git',
        'told'])
        await known(stack, name);
});
after(() => stack?.stop());

const rows = (where) => stack.sql.rows(
    `SELECT * FROM rejections WHERE ${where} ORDER BY id`);

describe('rejections', () => {
    const body = () => JSON.stringify(fresh({ source: 'plain' }));
    const standard = (text, { at = nowS(), key = KEY } = {}) => ({
        'webhook-id': 'msg_1', 'webhook-timestamp': String(at),
        'webhook-signature': standardSignature(key, 'msg_1', at, text) });
    const right = (text) => signed(SECRET, text);

    const cases = [
        ['no signature', 'plain', 401, 'missing_signature', () => ({})],
        ['another secret', 'plain', 401, 'signature_mismatch',
            (text) => signed('another', text)],
        ['another body', 'plain', 401, 'signature_mismatch',
            (text) => right(`${text} `)],
        ['no hex', 'plain', 401, 'malformed_signature',
            () => ({ 'X-Webhook-Signature': 'z'.repeat(64) })],
        ['a time long ago', 'timed', 401, 'stale_timestamp',
            (text) => standard(text, { at: nowS() - 400 })],
        ['a time to come', 'timed', 401, 'stale_timestamp',
            (text) => standard(text, { at: nowS() + 400 })],
        ['two families of headers', 'timed', 401, 'ambiguous_signature',
            (text) => {
                const one = standard(text);
                return { ...one, 'svix-id': one['webhook-id'],
                    'svix-timestamp': one['webhook-timestamp'],
                    'svix-signature': one['webhook-signature'] };
            }],
        ['no secret at all', 'bare', 401, 'no_secret', right],
        ['no public_url', 'place', 401, 'unusable_verifier',
            () => ({ 'X-Twilio-Signature': 'q'.repeat(27) + '=' })],
        ['another content type', 'plain', 415, 'unsupported_media_type',
            (text) => ({ ...right(text), 'Content-Type': 'text/plain' })],
    ];
    for (const [what, name, status, reason, headers] of cases)
        test(`${what}: ${reason}`, async () => {
            const text = body();
            const answer = await assertRefused(stack, name,
                () => post(stack, name, { body: text }, headers(text)),
                status, new RegExp(`^${reason}$`));
            const [row] = (await rows(`reason = '${reason}'`)).slice(-1);
            assert.equal(row.remote_address, '127.0.0.1');
            assert.ok(row.detail.length > 10, row.detail);
            // Neither the answer nor the row tells the right signature.
            const mac = hexSignature(SECRET, text);
            for (const told of [answer.text, row.detail])
                assert.ok(!told.includes(mac) && !told.includes(SECRET));
            assert.ok(!stack.logs().includes(mac));
        });

    test('what is wrong with a body is told by its first problem',
        async () => {
            const text = JSON.stringify({ ...fresh({ source: 'supabase' }),
                record_id: null });
            await assertRefused(stack, 'supabase',
                () => stack.receive('supabase', text), 422,
                /^validation_error$/);
            const [row] = (await rows("reason = 'validation_error'"))
                .slice(-1);
            assert.equal(row.detail,
                'record_id: none is not an allowed value');
        });

    test('a body that names another source is told with that name',
        async () => {
            await assertRefused(stack, 'supabase', () => stack.receive(
                'supabase', fresh({ source: 'other' })), 400,
            /^invalid_source$/);
            const [row] = (await rows("reason = 'invalid_source'")).slice(-1);
            assert.match(row.detail, /other/);
        });

    test('a large body is told with its size', async () => {
        const text = ' '.repeat(102_401);
        await assertRefused(stack, 'plain', () => post(stack, 'plain',
            { body: text }, right(text)), 413, /^payload_too_large$/);
        const [row] = (await rows("reason = 'payload_too_large'")).slice(-1);
        assert.match(row.detail, /102401/);
    });

    test('what comes to no source is not noted', async () => {
        const [{ n }] = await stack.sql.rows(
            'SELECT COUNT(*) n FROM rejections');
        const answer = await request(stack.url, 'POST',
            '/api/v1/webhooks/nobody', { body: '{}' });
        assert.equal(answer.status, 404, answer.text);
        await assertRefused(stack, 'plain', () => post(stack, 'plain',
            { body: '{}' }), 401, /^missing_signature$/);
        const [{ n: now }] = await stack.sql.rows(
            'SELECT COUNT(*) n FROM rejections');
        assert.equal(Number(now), Number(n) + 1);
    });

    test('a flood of forged requests is answered, and counted where it is ' +
        'not noted', { timeout: 60_000 }, async () => {
        const [{ n }] = await stack.sql.rows(
            "SELECT COUNT(*) n FROM rejections WHERE reason <> 'dropped'");
        const forged = { 'X-Webhook-Signature': '0'.repeat(64) };
        const count = 3000;
        for (let sent = 0; sent < count; sent += 100) {
            const answers = await Promise.all(Array.from({ length: 100 },
                () => post(stack, 'plain', { body: '{}' }, forged)));
            assert.ok(answers.every((answer) => answer.status === 401));
        }
        await eventually('all of them are accounted for', async () => {
            const noted = (await stack.sql.rows("SELECT COUNT(*) n FROM " +
                "rejections WHERE reason <> 'dropped'"))[0].n;
            const dropped = (await rows("reason = 'dropped'")).map((row) =>
                Number(row.detail.split(' ')[0]))
                .reduce((a, b) => a + b, 0);
            return Number(noted) - Number(n) + dropped === count;
        });
    });

    test('what was noted last is written at the end', async () => {
        const text = body();
        const answer = await post(stack, 'plain', { body: text }, {
            'X-Webhook-Signature': 'last words' });
        assert.equal(answer.status, 401);
        const before = (await rows("reason = 'malformed_signature'")).length;
        await stack.restart('responder');
        const now = (await rows("reason = 'malformed_signature'")).length;
        assert.ok(now >= before && now >= 2, `${before}, ${now}`);
    });
});

describe('signatures over the address', () => {
    const sign = (url, params) => createHmac('sha1', SECRET).update(url +
        Object.keys(params).sort().map((key) => key + params[key]).join(''))
        .digest('base64');
    const params = { CallSid: 'CA1', From: '+15550100', To: '+15550101' };
    const send = (url, query = '') => request(stack.url, 'POST',
        `/api/v1/webhooks/placed${query}`, {
            body: new URLSearchParams(params).toString(), headers: {
                'Content-Type': 'application/x-www-form-urlencoded',
                'X-Twilio-Signature': sign(url, params) } });

    test('public_url is what counts, with the query as it came', async () => {
        const url = 'https://hooks.example.com/in';
        const plain = await send(url);
        assert.equal(plain.status, 204, plain.text);
        const asked = await send(`${url}?a=1&b=%20x`, '?a=1&b=%20x');
        assert.equal(asked.status, 204, asked.text);
        const other = await send(`${url}?a=1`, '?a=2');
        assert.equal(other.status, 401, other.text);
        assert.equal((await eventsOf(stack, 'placed')).length, 2);
    });
});

describe('bodies', () => {
    test('a form is verified as it came and stored as JSON', async () => {
        const payload = { action: 'opened', number: 7, text: 'ä & ö+' };
        const text = `payload=${encodeURIComponent(JSON.stringify(payload))}`;
        const headers = { 'X-GitHub-Event': 'issues',
            'X-GitHub-Delivery': 'one',
            'X-Hub-Signature-256': `sha256=${hexSignature(SECRET, text)}` };
        const one = { body: text,
            contentType: 'application/x-www-form-urlencoded' };
        const answer = await post(stack, 'git', one, headers);
        assert.equal(answer.status, 202, answer.text);
        const [event] = await eventsOf(stack, 'git');
        assert.deepEqual(JSON.parse(event.payload.toString()), payload);
        assert.equal(event.type, 'git.issues.opened');

        // A signature over what it says is none.
        await assertRefused(stack, 'git', () => post(stack, 'git', one, {
            ...headers, 'X-Hub-Signature-256': 'sha256=' +
                hexSignature(SECRET, JSON.stringify(payload)) }), 401,
        /^signature_mismatch$/);
    });

    test('a source that does not send forms refuses them, after the signature',
        async () => {
            const text = 'a=1';
            const one = { body: text,
                contentType: 'application/x-www-form-urlencoded' };
            await assertRefused(stack, 'supabase', () => post(stack,
                'supabase', one), 401, /^missing_signature$/);
            await assertRefused(stack, 'supabase', () => post(stack,
                'supabase', one, signed(stack.env.SUPABASE_SECRET, text)), 415,
            /^unsupported_media_type$/);
        });

    test('a repeat is told by the configured header, after the signature',
        async () => {
            const text = JSON.stringify(fresh({ source: 'told' }));
            const send = (id, headers) => post(stack, 'told', { body: text },
                { ...(headers ?? signed(SECRET, text)),
                    ...(id === undefined ? {} : { 'X-Id': id }) });
            const first = await send('a');
            assert.equal(first.status, 202, first.text);
            const again = await send('a');
            assert.equal(again.status, 200, again.text);
            assert.equal(again.json.status, 'duplicate');
            assert.deepEqual({ ...again.json.details, event_id: undefined },
                { ...first.json.details, event_id: undefined });
            // A forged request learns nothing and takes no key.
            const forged = await send('b', signed('another', text));
            assert.equal(forged.status, 401, forged.text);
            assert.equal((await send('b')).status, 202);
            // Without the header nothing tells a repeat.
            assert.equal((await send()).status, 202);
            assert.equal((await send()).status, 202);
            assert.equal((await send('')).status, 202);
            assert.equal((await send('')).status, 202);
            assert.equal((await eventsOf(stack, 'told')).length, 6);
        });
});

describe('the test endpoint', () => {
    const path = '/api/v1/webhooks/test';
    const ask = (query, body, type, headers) => request(stack.url, 'POST',
        `${path}${query}`, { body, headers: { 'Content-Type': type,
            ...headers } });

    test('reads a form as the source that is asked for would', async () => {
        const form = 'payload=' + encodeURIComponent('{"action":"opened"}');
        const answer = await ask('?source=git', form,
            'application/x-www-form-urlencoded', { 'X-GitHub-Event': 'issues',
                'X-GitHub-Delivery': 'test' });
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.json.parsed_payload.source, 'git');
        assert.equal(answer.json.would_be_processed, true);
    });

    test('of a type that the source does not send is 415', async () => {
        const answer = await ask('', JSON.stringify(fresh()), 'text/plain');
        assert.equal(answer.status, 415, answer.text);
        assert.equal(answer.json.error, 'unsupported_media_type');
    });

    test('leaves no event and no rejection', async () => {
        const count = async () => (await Promise.all(['events', 'rejections']
            .map((table) => stack.sql.count(`SELECT COUNT(*) FROM ${table}`))))
            .join();
        // Rejections are written in order: once this one is, all before are.
        const refuse = () => assertRefused(stack, 'plain', () => post(stack,
            'plain', { body: '{}' }), 401, /^missing_signature$/);
        await refuse();
        const before = await count();
        await ask('', '{"broken', 'application/json');
        await ask('?source=plain', JSON.stringify(fresh({ source: 'plain' })),
            'application/json');
        await ask('?source=nobody', '{}', 'application/json');
        await refuse();
        const [events, rejections] = (await count()).split(',');
        const [eventsBefore, rejectionsBefore] = before.split(',');
        assert.equal(events, eventsBefore);
        assert.equal(Number(rejections), Number(rejectionsBefore) + 1);
    });
});
