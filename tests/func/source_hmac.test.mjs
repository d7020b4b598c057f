// source_hmac.test.mjs - anybody who signs with HMAC: the scheme that is usual
// here, and one that is described by a verifier of the source; bodies by paths.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { addSource, assertRefused, errors, eventsOf, nowS, post, setSource }
    from './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';
import { hexSignature } from './lib/sign.mjs';
import { eventually } from './lib/wait.mjs';

const secret = 'a secret of both sides';
const make = (n) => ({ headers: {}, type: 'crm.contact.changed',
    record: `c-${n}`,
    body: JSON.stringify({ kind: 'contact.changed', about: { key: `c-${n}`,
        name: 'Zoë 😀' }, at: '2026-01-01T15:00:00Z', event: `e-${n}` }) });

const it = providerFile({ name: 'crm', provider: 'hmac', secret,
    status: 202, forged: 'another secret', make,
    more: { type_path: 'kind', record_path: 'about.key', data_path: 'about',
        time_path: 'at', dedupe: 'json:event' },
    sign: (one, { secret: key }) => ({
        'X-Webhook-Signature': hexSignature(key, one.body) }) });

describe('hmac, its ways', () => {
    test('a prefix is optional, a form is read too', async () => {
        const one = { ...make(50), contentType:
            'application/x-www-form-urlencoded', body: 'kind=form.sent&a=1' };
        const answer = await post(it.stack, 'crm', one, {
            'X-Webhook-Signature': `sha256=${hexSignature(secret,
                one.body)}` });
        assert.equal(answer.status, 202, answer.text);
        const event = (await eventsOf(it.stack, 'crm')).at(-1);
        assert.equal(event.type, 'crm.form.sent');
        assert.deepEqual(JSON.parse(event.payload),
            { kind: 'form.sent', a: '1' });
    });

    test('what its key tells apart is mirrored under its key', async () => {
        const row = await it.stack.sql.one('SELECT data FROM records WHERE ' +
            "record_id = 'c-1'");
        assert.deepEqual(JSON.parse(row.data), { key: 'c-1',
            name: 'Zoë 😀' });
    });
});

describe('without an id and a signed time', () => {
    const one = { body: '{"status":"alive"}' };
    const headers = { 'X-Webhook-Signature': hexSignature(secret, one.body) };
    const send = () => post(it.stack, 'beat', one, headers);
    before(() => addSource(it.stack, { name: 'beat', provider: 'hmac',
        secret }));

    test('a heartbeat that says the same counts each time', async () => {
        for (let i = 0; i < 3; i++) {
            const answer = await send();
            assert.equal(answer.status, 202, answer.text);
        }
        assert.equal((await eventsOf(it.stack, 'beat')).length, 3);
    });

    test('or once, if the source says so', async () => {
        await setSource(it.stack, 'beat', { dedupe: 'body_sha256' });
        await eventually('equal bodies are repeats', async () =>
            (await send()).json.status === 'duplicate');
        await assertRefused(it.stack, 'beat', send, 200, /^duplicate$/);
    });
});

describe('a verifier of its own', () => {
    const keys = ['the newest secret', 'the one before'];
    const body = '{"type":"shipped","id":1}';
    const sign = (key, at = nowS(), text = body) => ({ 'X-Acme-Time': `${at}`,
        'X-Acme-Sign': 'v=' + createHmac('sha512', key)
            .update(`${at}|${text}`).digest('base64') });
    const send = (headers, text = body) => post(it.stack, 'acme',
        { body: text }, headers);
    before(() => addSource(it.stack, { name: 'acme', provider: 'hmac',
        verifiers: [{ kind: 'hmac', header: 'X-Acme-Sign', prefix: 'v=',
            encoding: 'base64', digest: 'sha512', window: 60,
            signed: '{timestamp}|{body}', timestamp_header: 'X-Acme-Time',
            secrets: keys }] }));

    test('checks what it describes, with each of its secrets', async () => {
        for (const [i, key] of keys.entries()) {
            const answer = await send(sign(key, nowS() - i));
            assert.equal(answer.status, 202, answer.text);
        }
    });

    test('the same body at another time is another event, the same request ' +
        'is a repeat', async () => {
        const at = nowS() - 20;
        for (let i = 0; i < 3; i++) {
            const answer = await send(sign(keys[0], at + i));
            assert.equal(answer.status, 202, answer.text);
        }
        for (const headers of [sign(keys[0], at + 1),
            { ...sign(keys[0], at + 1), 'X-Request-Id': 'another' },
            sign(keys[1], at + 1)]) {
            const again = await assertRefused(it.stack, 'acme',
                () => send(headers), 200, /^duplicate$/);
            assert.equal(again.json.status, 'duplicate');
        }
    });

    test('and nothing else', async () => {
        const refused = (headers, error, text) => assertRefused(it.stack,
            'acme', () => send(headers, text), ...error);
        await refused(sign('a third secret'), errors.forged);
        await refused(sign(keys[0], nowS() - 70), errors.stale);
        await refused(sign(keys[0], nowS() + 70), errors.stale);
        await refused(sign(keys[0]), errors.forged, `${body} `);
        await refused({ 'X-Webhook-Signature': hexSignature(keys[0], body) },
            errors.unsigned);
        const { 'X-Acme-Time': at, 'X-Acme-Sign': value } = sign(keys[0]);
        await refused({ 'X-Acme-Sign': value }, errors.unsigned);
        await refused({ 'X-Acme-Time': at, 'X-Acme-Sign': value.slice(2) },
            errors.malformed);
    });

    test('its secrets are shown nowhere', async () => {
        const answer = await it.stack.api().get('/api/sources');
        for (const key of [...keys, secret])
            assert.ok(!answer.text.includes(key));
        const acme = answer.json.find((source) => source.name === 'acme');
        assert.equal(acme.verifiers[0].secrets, 2);
    });
});
