// verify_inbound.test.mjs - what providers' own libraries sign is verified by
// us, and what they refuse is refused. Where a library only verifies, it is
// asked whether the request we accept is one.

import assert from 'node:assert/strict';
import { createHash, createHmac, generateKeyPairSync, sign as signBytes }
    from 'node:crypto';
import { describe, test } from 'node:test';
import { join } from 'node:path';
import { LinearWebhookClient } from '@linear/sdk/webhooks';
import { signWebhookPayload } from '@notionhq/client';
import { sign as signGithub } from '@octokit/webhooks-methods';
import sendgrid from '@sendgrid/eventwebhook';
import discord from 'discord-interactions';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import twilio from 'twilio';
import { build, plainEnv, run } from '../func/lib/stack.mjs';

// What a body must survive: nothing of it is ordered, escaped or spaced as a
// JSON library of ours would write it.
const bodies = {
    'plain JSON': '{"id":"evt_1","type":"ping"}',
    'pretty JSON': '{\n  "b": 1.50,\n  "a": [ 1, 2 ]\n}\n',
    'accents and escapes': '{"name":"Zoë 😀","path":"a\\/b\\u00e9"}',
};

// One `postern verify`: the word it says.
async function verify(scheme, { headers, secrets, body, args = [] }) {
    const lines = Object.entries(headers).flatMap(([name, value]) =>
        [value].flat().flatMap((one) => ['--header', `${name}: ${one}`]));
    const done = await run(join(build, 'postern'), ['--json', 'verify',
        '--scheme', scheme, ...lines,
        ...[secrets].flat().flatMap((one) => ['--secret', one]), ...args],
    { input: body, env: plainEnv() });
    assert.ok(done.code === 0 || done.code === 1,
        `${done.code}: ${done.stderr}`);
    const { valid, result } = JSON.parse(done.stdout);
    assert.equal(valid, done.code === 0);
    assert.equal(valid, result === 'ok');
    return result;
}

// The request is right; with another body, secret or header it is not.
async function holds(scheme, request, header, another = 'another secret') {
    assert.equal(await verify(scheme, request), 'ok');
    assert.equal(await verify(scheme, { ...request,
        body: `${request.body} ` }), 'signature_mismatch');
    assert.equal(await verify(scheme, { ...request, secrets: another }),
        'signature_mismatch');
    assert.equal(await verify(scheme, { ...request,
        secrets: [another, request.secrets] }), 'ok');
    const value = request.headers[header];
    assert.equal(await verify(scheme, { ...request,
        headers: { ...request.headers, [header]: [value, value] } }),
    'malformed_signature');
    assert.equal(await verify(scheme, { ...request,
        headers: { ...request.headers, [header]: 'rubbish' } }),
    'malformed_signature');
    const { [header]: _, ...rest } = request.headers;
    assert.equal(await verify(scheme, { ...request, headers: rest }),
        'missing_signature');
}

const nowS = () => Math.floor(Date.now() / 1000);
const hmac = (secret, text, encoding) => createHmac('sha256', secret)
    .update(text).digest(encoding);

// Each gives the headers that a provider's library makes for a body at a time.
const signers = {
    github: {
        secret: "It's a Secret to Everybody",
        header: 'X-Hub-Signature-256',
        sign: async (secret, body) => ({
            'X-Hub-Signature-256': await signGithub(secret, body) }),
    },
    notion: {
        secret: 'secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl',
        header: 'X-Notion-Signature',
        sign: async (secret, body) => ({
            'X-Notion-Signature': await signWebhookPayload({ body,
                verificationToken: secret }) }),
    },
    stripe: {
        secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
        header: 'Stripe-Signature',
        timed: true,
        sign: async (secret, body, timestamp) => ({
            'Stripe-Signature': new Stripe('sk_test_none').webhooks
                .generateTestHeaderString({ payload: body, secret,
                    timestamp }) }),
    },
    standard: {
        secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
        header: 'webhook-signature',
        timed: true,
        sign: async (secret, body, timestamp) => ({
            'webhook-id': 'msg_1',
            'webhook-timestamp': `${timestamp}`,
            'webhook-signature': new StandardWebhook(secret).sign('msg_1',
                new Date(timestamp * 1000), body) }),
    },
};

for (const [scheme, { secret, header, sign, timed }] of
    Object.entries(signers)) {
    describe(`${scheme}, signed by its library`, () => {
        for (const [what, body] of Object.entries(bodies)) {
            test(`holds for ${what}`, async () => {
                await holds(scheme, { body, secrets: secret,
                    headers: await sign(secret, body, nowS()) }, header);
            });
        }

        test(timed ? 'is refused outside the window, old or early'
            : 'holds at any time', async () => {
            const body = bodies['plain JSON'];
            for (const shift of [-310, 310]) {
                const headers = await sign(secret, body, nowS() + shift);
                const request = { body, secrets: secret, headers };
                assert.equal(await verify(scheme, request),
                    timed ? 'stale_timestamp' : 'ok');
                assert.equal(await verify(scheme, { ...request,
                    args: ['--any-time'] }), 'ok');
            }
        });
    });
}

describe('svix', () => {
    const secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
    const body = bodies['pretty JSON'];

    test('holds with its own names of headers', async () => {
        const timestamp = nowS();
        await holds('standard', { body, secrets: secret, headers: {
            'svix-id': 'msg_1',
            'svix-timestamp': `${timestamp}`,
            'svix-signature': new SvixWebhook(secret).sign('msg_1',
                new Date(timestamp * 1000), body),
        } }, 'svix-signature');
    });
});

describe('Supabase Auth', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const other = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
    const body = bodies['accents and escapes'];

    test('signs with each of its secrets, joined with ", "', async () => {
        const now = new Date(nowS() * 1000);
        const headers = {
            'webhook-id': '7c3a1e1c-8f7b-4d7c-a9c0-5d0d3a6f1b7e',
            'webhook-timestamp': `${now.getTime() / 1000}`,
        };
        headers['webhook-signature'] = [other, secret].map((one) =>
            new StandardWebhook(one).sign(headers['webhook-id'], now, body))
            .join(', ');
        for (const secrets of [`v1,${secret}`, `v1,${other}|v1,${secret}`])
            assert.equal(await verify('standard', { body, secrets, headers }),
                'ok');
        assert.equal(await verify('standard', { body, headers,
            secrets: `v1,whsec_${Buffer.alloc(24).toString('base64')}` }),
        'signature_mismatch');
    });
});

describe('twilio', () => {
    const token = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
    const url = 'https://hooks.example.com/api/v1/webhooks/twilio?a=1&b=%20x';
    const signature = (at, params) =>
        twilio.getExpectedTwilioSignature(token, at, params);

    test('its form holds, whatever the order of the fields', async () => {
        const params = { To: '+18005551212', Body: "Zoë's café & co = 100%",
            MessageSid: 'SM1', Empty: '', MediaUrl: ['z', 'a', 'z'] };
        const body = new URLSearchParams(Object.entries(params).reverse()
            .flatMap(([name, values]) => [values].flat()
                .map((value) => [name, value]))).toString();
        const headers = { 'X-Twilio-Signature': signature(url, params),
            'Content-Type': 'application/x-www-form-urlencoded' };
        const request = { body, secrets: token, headers,
            args: ['--url', url] };
        assert.ok(twilio.validateRequest(token,
            headers['X-Twilio-Signature'], url, params));
        assert.equal(await verify('twilio', request), 'ok');
        assert.equal(await verify('twilio', { ...request,
            body: `${body}&X=1` }), 'signature_mismatch');
        assert.equal(await verify('twilio', { ...request,
            args: ['--url', `${url}&c=1`] }), 'signature_mismatch');
        assert.equal(await verify('twilio', { ...request,
            secrets: 'another' }), 'signature_mismatch');
        const other = signature(url.replace('.com/', '.com:443/'), params);
        assert.equal(await verify('twilio', { ...request,
            headers: { ...headers, 'X-Twilio-Signature': other } }), 'ok');
    });

    test('its JSON holds by the hash in the URL', async () => {
        const body = bodies['accents and escapes'];
        const hash = createHash('sha256').update(body).digest('hex');
        const at = `${url}&bodySHA256=${hash}`;
        const headers = { 'X-Twilio-Signature': signature(at, {}),
            'Content-Type': 'application/json' };
        const request = { body, secrets: token, headers, args: ['--url', at] };
        assert.ok(twilio.validateRequestWithBody(token,
            headers['X-Twilio-Signature'], at, body));
        assert.equal(await verify('twilio', request), 'ok');
        assert.equal(await verify('twilio', { ...request,
            body: `${body} ` }), 'signature_mismatch');
        assert.equal(await verify('twilio', { ...request,
            args: ['--url', url] }), 'malformed_signature');
    });
});

describe('sendgrid', () => {
    test('its library and we accept and refuse the same', async () => {
        const { publicKey, privateKey } = generateKeyPairSync('ec',
            { namedCurve: 'prime256v1' });
        const key = publicKey.export({ format: 'der', type: 'spki' })
            .toString('base64');
        const body = `[${bodies['plain JSON']}]\r\n`;
        const timestamp = '1600112502';
        const signature = signBytes('sha256', timestamp + body, privateKey)
            .toString('base64');
        const headers = {
            'X-Twilio-Email-Event-Webhook-Signature': signature,
            'X-Twilio-Email-Event-Webhook-Timestamp': timestamp,
        };
        const library = new sendgrid.EventWebhook();
        for (const [sent, right] of [[body, true], [body.trim(), false]]) {
            assert.equal(library.verifySignature(
                library.convertPublicKeyToECDSA(key), sent, signature,
                timestamp), right);
            assert.equal(await verify('sendgrid', { body: sent, secrets: key,
                headers }), right ? 'ok' : 'signature_mismatch');
        }
    });
});

describe('discord', () => {
    test('its library and we accept and refuse the same', async () => {
        const { publicKey, privateKey } = generateKeyPairSync('ed25519');
        const key = publicKey.export({ format: 'der', type: 'spki' })
            .subarray(-32).toString('hex');
        const body = '{"type":1}';
        const timestamp = `${nowS()}`;
        const signature = signBytes(null, Buffer.from(timestamp + body),
            privateKey).toString('hex');
        const headers = { 'X-Signature-Ed25519': signature,
            'X-Signature-Timestamp': timestamp };
        for (const [sent, right] of [[body, true], ['{"type":2}', false]]) {
            assert.equal(await discord.verifyKey(sent, signature, timestamp,
                key), right);
            assert.equal(await verify('discord', { body: sent, secrets: key,
                headers }), right ? 'ok' : 'signature_mismatch');
        }
    });
});

describe('linear', () => {
    test('its library and we accept and refuse the same', async () => {
        const secret = 'lin_wh_0123456789abcdef';
        const client = new LinearWebhookClient(secret);
        const at = (ms) => `{"action":"create","webhookTimestamp":${ms}}`;
        const now = Date.now();
        for (const [body, signed, want] of [
            [at(now), at(now), 'ok'],
            [at(now), at(now - 1), 'signature_mismatch'],
            [at(now - 70_000), at(now - 70_000), 'stale_timestamp'],
            [at(now + 70_000), at(now + 70_000), 'stale_timestamp'],
        ]) {
            const signature = hmac(secret, signed, 'hex');
            let right = true;
            try {
                right = client.verify(Buffer.from(body), signature,
                    JSON.parse(body).webhookTimestamp);
            } catch {
                right = false;
            }
            assert.equal(right, want === 'ok');
            assert.equal(await verify('linear', { body, secrets: secret,
                headers: { 'Linear-Signature': signature } }), want);
        }
    });
});

describe('schemes without a library here', () => {
    const body = bodies['pretty JSON'];

    test('slack', async () => {
        const timestamp = `${nowS()}`;
        await holds('slack', { body, secrets: 'slack secret', headers: {
            'X-Slack-Request-Timestamp': timestamp,
            'X-Slack-Signature': 'v0=' + hmac('slack secret',
                `v0:${timestamp}:${body}`, 'hex'),
        } }, 'X-Slack-Signature');
    });

    test('shopify, by both names', async () => {
        for (const name of ['X-Shopify-Hmac-Sha256', 'shopify-hmac-sha256'])
            await holds('shopify', { body, secrets: 'hush', headers: {
                [name]: hmac('hush', body, 'base64') } }, name);
    });

    test('bitbucket, and gitlab both ways', async () => {
        await holds('bitbucket', { body, secrets: 'bucket', headers: {
            'X-Hub-Signature': `sha256=${hmac('bucket', body, 'hex')}` } },
        'X-Hub-Signature');
        const token = 'glpat-secret-token';
        assert.equal(await verify('gitlab', { body, secrets: token,
            headers: { 'X-Gitlab-Token': token } }), 'ok');
        const key = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
        const timestamp = nowS();
        await holds('gitlab', { body, secrets: key, headers: {
            'webhook-id': 'f5e5f430', 'webhook-timestamp': `${timestamp}`,
            'webhook-signature': new StandardWebhook(key).sign('f5e5f430',
                new Date(timestamp * 1000), body),
        } }, 'webhook-signature',
        'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD');
    });

    test('hmac as it is configured', async () => {
        const timestamp = `${nowS()}`;
        const request = { body, secrets: 'k', args: ['--signature-header',
            'X-Sig', '--prefix', 'v=', '--encoding', 'base64', '--digest',
            'sha512', '--timestamp-header', 'X-Time', '--signed-text',
            '{timestamp}|{body}'] };
        const signature = `v=${createHmac('sha512', 'k')
            .update(`${timestamp}|${body}`).digest('base64')}`;
        await holds('hmac', { ...request, headers: { 'X-Sig': signature,
            'X-Time': timestamp } }, 'X-Sig');
    });

    test('token and basic', async () => {
        assert.equal(await verify('token', { body, secrets: 'open sesame',
            headers: { Authorization: 'Bearer open sesame' } }), 'ok');
        assert.equal(await verify('token', { body, secrets: 'open sesame',
            headers: { 'X-Webhook-Secret': 'open sesame' },
            args: ['--signature-header', 'X-Webhook-Secret'] }), 'ok');
        const basic = Buffer.from('me:open sesame').toString('base64');
        assert.equal(await verify('basic', { body, secrets: 'me:open sesame',
            headers: { Authorization: `Basic ${basic}` } }), 'ok');
        assert.equal(await verify('basic', { body, secrets: 'me:other',
            headers: { Authorization: `Basic ${basic}` } }),
        'signature_mismatch');
    });
});
