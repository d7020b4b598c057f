// formats.test.mjs - the bodies of deliveries in every format, the headers that
// belong to them, and the signatures over them.

import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { reached, sendOne as sendOneEvent } from './lib/gateway.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';
import { hexSignature } from './lib/sign.mjs';

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

const path = '/api/webhooks';
const url = 'https://example.com/hook';

async function send(name, options) {
    const sent = await sendOneEvent(stack, receiver, name, [200], options);
    return { ...sent, request: await sent.place.arrived(1) };
}

describe('the body', () => {
    test('cloudevents is a structured CloudEvent', async () => {
        const { request, eventId } = await send('ce', { format: 'cloudevents',
            cloudevents_source: '/shop/1', data: { n: 1 } });
        assert.match(request.headers['content-type'],
            /^application\/cloudevents\+json/);
        const body = request.json;
        assert.equal(body.specversion, '1.0');
        assert.equal(body.id, eventId);
        assert.equal(body.source, '/shop/1');
        assert.equal(body.type, 'deliver.ce');
        assert.deepEqual(body.data, { n: 1 });
    });

    test('cloudevents-binary is the data, attributes are headers',
        async () => {
            const { request, eventId } = await send('ceb', {
                format: 'cloudevents-binary', data: { n: 1 } });
            assert.equal(request.body.toString(), '{"n":1}');
            assert.match(request.headers['content-type'],
                /^application\/json/);
            assert.equal(request.headers['ce-specversion'], '1.0');
            assert.equal(request.headers['ce-id'], eventId);
            assert.equal(request.headers['ce-type'], 'deliver.ceb');
            assert.ok(request.headers['ce-source']);
            assert.ok(request.headers['ce-time']);
        });

    test('slack and discord are messages of theirs', async () => {
        const slack = await send('slack', { format: 'slack',
            data: { text: 'Hello <world>' } });
        assert.equal(slack.request.json.text, 'Hello &lt;world&gt;');
        const discord = await send('discord', { format: 'discord',
            data: { title: 'Disk full', color: 'danger', host: 'db1' } });
        const [embed] = discord.request.json.embeds;
        assert.equal(embed.title, 'Disk full');
        assert.equal(embed.fields[0].name, 'host');
    });

    test('a JSON template is filled in and stays JSON', async () => {
        const { request } = await send('tmpl', { format: 'template',
            template: '{"text":"Order {{data.order.id}} of {{data.who}}",' +
                '"items":{{json data.items}}}',
            data: { order: { id: 7 }, who: 'a "b"\n', items: [1, 2] } });
        assert.match(request.headers['content-type'], /^application\/json/);
        assert.deepEqual(request.json, { text: 'Order 7 of a "b"\n',
            items: [1, 2] });
    });

    test('a text template is plain text', async () => {
        const { request } = await send('text', { format: 'template',
            template_type: 'text', template: 'n={{data.n}}', data: { n: 5 } });
        assert.equal(request.body.toString(), 'n=5');
        assert.match(request.headers['content-type'], /^text\/plain/);
    });

    test('is the same at every attempt', async () => {
        const sent = await sendOneEvent(stack, receiver, 'again', [500, 200],
            { format: 'cloudevents', retry_delay: 1 });
        const second = await sent.place.arrived(2);
        assert.deepEqual(second.body, sent.place.requests[0].body);
    });

    test('a template that makes too large a body fails for good', async () => {
        const place = '{{json data}}';
        const sent = await sendOneEvent(stack, receiver, 'large', [200], {
            format: 'template',
            template: `[${Array(20).fill(place).join(',')}]`,
            data: { s: 'x'.repeat(100_000) } });
        const failed = await reached(stack, sent.id, 'failed');
        assert.equal(failed.attempts[0].error_class, 'too_large');
        assert.equal(sent.place.requests.length, 0);
    });
});

describe('signatures', () => {
    test('are good for both libraries in every format', async () => {
        const formats = ['payload', 'standard', 'cloudevents',
            'cloudevents-binary', 'slack', 'discord'];
        for (const format of formats) {
            const { request, subscription } = await send(`sign-${format}`,
                { format, data: { s: 'Zoë 😀', n: 1 } });
            const text = request.body.toString('utf8');
            new StandardWebhook(subscription.secret)
                .verify(text, request.headers);
            new SvixWebhook(subscription.secret).verify(text,
                request.headers);
            assert.equal(request.headers['x-webhook-signature'],
                `sha256=${hexSignature(subscription.secret, request.body)}`);
        }
    });

    test('svix-* headers come on request, in place of webhook-*', async () => {
        const { request, subscription, eventId } = await send('svix',
            { signature_headers: 'svix' });
        assert.equal(request.headers['svix-id'], eventId);
        assert.equal(request.headers['webhook-id'], undefined);
        assert.equal(request.headers['webhook-signature'], undefined);
        new SvixWebhook(subscription.secret).verify(request.body.toString(),
            { 'svix-id': request.headers['svix-id'],
                'svix-timestamp': request.headers['svix-timestamp'],
                'svix-signature': request.headers['svix-signature'] });
    });

    function ed25519(publicKey) {
        const raw = Buffer.from(publicKey.slice('whpk_'.length), 'base64');
        assert.equal(raw.length, 32);
        return createPublicKey({ format: 'jwk', key: { kty: 'OKP',
            crv: 'Ed25519', x: raw.toString('base64url') } });
    }

    // Whether one of the v1a signatures is by that key.
    function isSigned(request, publicKey) {
        const message = Buffer.concat([Buffer.from(
            `${request.headers['webhook-id']}.` +
            `${request.headers['webhook-timestamp']}.`), request.body]);
        return request.headers['webhook-signature'].split(' ')
            .filter((s) => s.startsWith('v1a,'))
            .some((s) => verify(null, message, ed25519(publicKey),
                Buffer.from(s.slice(4), 'base64')));
    }

    test('ed25519 adds v1a, which the public key verifies, also after a ' +
        'rotation', async () => {
        const { request, subscription, place } = await send('v1a',
            { ed25519: true });
        assert.match(subscription.public_key, /^whpk_/);
        assert.ok(isSigned(request, subscription.public_key));
        assert.ok(!request.headers['webhook-signature'].includes('whsk'));

        const rotated = await api.post(
            `${path}/${subscription.id}/rotate-secret`,
            { grace_seconds: 600 });
        assert.equal(rotated.status, 200, rotated.text);
        const fresh = rotated.json.public_key;
        assert.notEqual(fresh, subscription.public_key);
        let n = 1;
        for (;;) {
            await api.post('/api/events/trigger',
                { event: 'deliver.v1a', data: {} });
            const next = await place.arrived(++n);
            if (!isSigned(next, fresh) && n < 50)
                continue; // the worker has not seen the change yet
            assert.ok(isSigned(next, fresh));
            assert.ok(isSigned(next, subscription.public_key));
            for (const secret of [rotated.json.secret, subscription.secret])
                new StandardWebhook(secret).verify(next.body.toString(),
                    next.headers);
            break;
        }
    });

    test('switching ed25519 off and on makes a new key', async () => {
        const { subscription } = await send('offon', { ed25519: true });
        const off = await api.patch(`${path}/${subscription.id}`,
            { ed25519: false });
        assert.equal(off.json.public_key, null);
        const on = await api.patch(`${path}/${subscription.id}`,
            { ed25519: true });
        assert.notEqual(on.json.public_key, subscription.public_key);
        const kept = await api.patch(`${path}/${subscription.id}`,
            { ed25519: true });
        assert.equal(kept.json.public_key, on.json.public_key);
    });
});

describe('bad input', () => {
    const wrong = [
        ['an unknown format', { format: 'xml' }, 'format', /permitted/],
        ['a format of the wrong type', { format: 1 }, 'format', /./],
        ['template without its text', { format: 'template' }, 'template',
            /needs a template/],
        ['a type without a template', { template_type: 'json' },
            'template_type', /belongs/],
        ['an unknown type', { template: 'x', template_type: 'html' },
            'template_type', /./],
        ['a template that is no text', { template: {} }, 'template', /str/],
        ['a template with an unknown path', { template: '{{order.id}}',
            template_type: 'text' }, 'template', /line 1, column/],
        ['a template that makes no JSON', { template: '{"a":{{data.x}}}' },
            'template', /line 1, column/],
        ['too long a template', { template: `"${'x'.repeat(17_000)}"` },
            'template', /at most/],
        ['a source that is no URI', { cloudevents_source: 'a b' },
            'cloudevents_source', /URI/],
        ['unknown headers', { signature_headers: 'x' }, 'signature_headers',
            /./],
        ['ed25519 as text', { ed25519: 'yes' }, 'ed25519', /bool/],
    ];
    for (const [name, fields, field, words] of wrong) {
        test(`${name} is 422 and named`, async () => {
            const answer = await api.post(path,
                { url, events: ['a'], ...fields });
            assert.equal(answer.status, 422, answer.text);
            const problem = answer.json.detail.find((d) =>
                d.loc[1] === field);
            assert.ok(problem, answer.text);
            assert.match(problem.msg, words);
        });
    }

    test('a template cannot be taken from the format that needs it',
        async () => {
            const made = await api.post(path, { url, events: ['a'],
                format: 'template', template: '{}' });
            assert.equal(made.status, 201, made.text);
            const at = `${path}/${made.json.id}`;
            const alone = await api.patch(at, { template: null });
            assert.equal(alone.status, 422, alone.text);
            const both = await api.patch(at,
                { template: null, format: 'payload' });
            assert.equal(both.status, 200, both.text);
            assert.equal(both.json.template, null);
        });
});
