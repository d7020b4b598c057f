// source_twilio.test.mjs - Twilio's webhooks, signed by its library over the
// URL that it knows us by: forms, and JSON by its hash.

import assert from 'node:assert/strict';
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import twilio from 'twilio';
import { addSource, assertRefused, errors, eventsOf, post } from
    './lib/provider_cases.mjs';
import { request } from './lib/http.mjs';
import { providerFile } from './lib/provider_stack.mjs';
import { eventually } from './lib/wait.mjs';

const token = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
const publicUrl = 'https://hooks.example.com/api/v1/webhooks/twilio';
const form = 'application/x-www-form-urlencoded';

const params = (n) => ({ ToCountry: 'US', To: '+18005551212',
    From: '+15017122661', Body: `Zoë's café & co = ${n} %`, NumMedia: '0',
    MessageSid: `SM${n}`, SmsStatus: 'received', AccountSid: 'AC1' });

const make = (n) => ({ type: 'twilio.message.received', record: `SM${n}`,
    contentType: `${form}; charset=utf-8`, payload: params(n),
    headers: { 'User-Agent': 'TwilioProxy/1.1',
        'I-Twilio-Idempotency-Token': randomUUID() },
    body: new URLSearchParams(params(n)).toString() });

const fields = (one) => Object.fromEntries(new URLSearchParams(
    one.body.toString('latin1')));

const it = providerFile({ provider: 'twilio', secret: token, status: 204,
    more: { public_url: publicUrl }, forged: 'another auth token',
    make, broken: false, tampering: false,
    // What is no form is signed by a hash in the URL, which is not there.
    badType: [401, /^malformed_signature$/],
    padded: (body, size) => `${body}&X=${'x'.repeat(size)}`,
    body: (answer) => assert.equal(answer.text, ''),
    sign: (one, { secret }) => ({ 'X-Twilio-Signature':
        twilio.getExpectedTwilioSignature(secret, publicUrl, fields(one)) }) });

const sign = (one, url = publicUrl) => ({ 'X-Twilio-Signature':
    twilio.getExpectedTwilioSignature(token, url, fields(one)) });
const send = (one, headers = sign(one)) =>
    post(it.stack, 'twilio', one, headers);

describe('twilio, its forms', () => {
    test('a field that is cut off, changed, added or dropped is refused',
        async () => {
            const one = make(50);
            for (const body of [one.body.slice(0, -1), `${one.body}&X=1`,
                one.body.replace('AC1', 'AC2'),
                one.body.replace(/NumMedia=0&/, '')])
                await assertRefused(it.stack, 'twilio', () => send(
                    { ...one, body }, sign(one)), ...errors.forged);
        });

    test('the same fields, printed another way, are the same request',
        async () => {
            const one = make(51);
            const body = one.body.split('&').reverse().join('&')
                .replaceAll('+', '%20');
            assert.notEqual(body, one.body);
            const answer = await send({ ...one, body }, sign(one));
            assert.equal(answer.status, 204, answer.text);
        });

    test('bytes of a field that are no UTF-8 become U+FFFD', async () => {
        const signature = createHmac('sha1', token).update(`${publicUrl}Body`)
            .update(Buffer.from([0xff, 0xfe])).update('MessageSidSM52')
            .digest('base64');
        const answer = await send({ ...make(52),
            body: 'MessageSid=SM52&Body=%FF%FE' },
        { 'X-Twilio-Signature': signature });
        assert.equal(answer.status, 204, answer.text);
        const event = (await eventsOf(it.stack, 'twilio')).at(-1);
        assert.deepEqual(JSON.parse(event.payload), { MessageSid: 'SM52',
            Body: '\ufffd\ufffd' });
    });

    test('another URL than the one that it calls is refused', async () => {
        const one = make(53);
        for (const url of ['https://evil.example.com/', `${publicUrl}/x`,
            `${publicUrl}?a=1`])
            await assertRefused(it.stack, 'twilio',
                () => send(one, sign(one, url)), ...errors.forged);
        const ported = await send(one, sign(one,
            publicUrl.replace('.com/', '.com:443/')));
        assert.equal(ported.status, 204, ported.text);
    });

    test('a query string is part of the URL', async () => {
        const one = make(54);
        const answer = await request(it.stack.url, 'POST',
            '/api/v1/webhooks/twilio?tenant=7', { body: one.body, headers: {
                'Content-Type': form, ...one.headers,
                ...sign(one, `${publicUrl}?tenant=7`) } });
        assert.equal(answer.status, 204, answer.text);
    });

    test('a call is named by its status', async () => {
        const body = 'CallSid=CA1&CallStatus=in-progress&From=%2B1';
        const one = { ...make(55), body };
        const answer = await send(one);
        assert.equal(answer.status, 204, answer.text);
        const event = (await eventsOf(it.stack, 'twilio')).at(-1);
        assert.equal(event.type, 'twilio.call.in-progress');
        assert.equal(JSON.parse(event.metadata).record_id, 'CA1');
    });

    test('a source that does not know its URL refuses, and says why',
        async () => {
            await addSource(it.stack, { name: 'nowhere', provider: 'twilio',
                secret: token });
            const one = make(56);
            await assertRefused(it.stack, 'nowhere', () => post(it.stack,
                'nowhere', one, sign(one)), 401, /unusable|url/);
            await eventually('it says why', async () => /public_url/.test(
                await it.stack.sql.value('SELECT detail FROM rejections ' +
                    'ORDER BY id DESC LIMIT 1')));
        });
});

describe('twilio, its JSON', () => {
    const json = (n) => JSON.stringify({ type: 'message.delivered', n,
        name: 'Zoë' });
    const hashed = (body) => 'bodySHA256=' + createHash('sha256').update(body)
        .digest('hex');
    const sendJson = (body, query, headers) => request(it.stack.url, 'POST',
        `/api/v1/webhooks/twilio?${query}`, { body, headers: { ...headers,
            'I-Twilio-Idempotency-Token': randomUUID() } });

    test('is signed by its hash in the URL', async () => {
        const body = json(1);
        const url = `${publicUrl}?${hashed(body)}`;
        const headers = { 'X-Twilio-Signature':
            twilio.getExpectedTwilioSignature(token, url, {}) };
        assert.ok(twilio.validateRequestWithBody(token,
            headers['X-Twilio-Signature'], url, body));
        const answer = await sendJson(body, hashed(body), headers);
        assert.equal(answer.status, 204, answer.text);
        for (const [text, status] of [[body.slice(0, -1), 401],
            [JSON.stringify(JSON.parse(body), null, 1), 401]])
            await assertRefused(it.stack, 'twilio', () => sendJson(text,
                hashed(body), headers), status, /^signature_mismatch$/);
    });

    test('truncated or in UTF-16 before it was signed, it is 422',
        async () => {
            for (const body of [json(2).slice(0, -5),
                Buffer.from(json(2), 'utf16le')]) {
                const url = `${publicUrl}?${hashed(body)}`;
                await assertRefused(it.stack, 'twilio', () => sendJson(body,
                    hashed(body), { 'X-Twilio-Signature':
                        twilio.getExpectedTwilioSignature(token, url, {}) }),
                ...errors.invalid);
            }
        });
});
