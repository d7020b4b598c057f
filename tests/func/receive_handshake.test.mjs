// receive_handshake.test.mjs - requests by which a provider asks whether
// somebody is there: answered at once, stored never.

import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { assertGolden } from './lib/golden.mjs';
import { request } from './lib/http.mjs';
import { known } from './lib/known.mjs';
import { addSource, assertRefused, eventsOf, nowS, post, setSource } from
    './lib/provider_cases.mjs';
import { hexSignature } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

let stack;
before(async () => {
    stack = await Stack.start({ web: 'nginx' });
});
after(() => stack?.stop());

const receivePath = (name) => `/api/v1/webhooks/${name}`;

async function assertNothingStored(name) {
    assert.deepEqual(await eventsOf(stack, name), []);
}

describe('Notion', () => {
    let serial = 0;
    const tokenOf = (n) => `secret_${String(n).padStart(43, 'x')}`;
    const handshake = (token) => JSON.stringify({ verification_token: token });
    const notionSigned = (secret, body) => ({
        'X-Notion-Signature': `sha256=${hexSignature(secret, body)}` });

    // A source that awaits its token, as every new one of Notion's does.
    async function awaiting() {
        serial += 1;
        const name = `notion-${serial}`;
        const source = await addSource(stack, { name, provider: 'notion' });
        assert.equal(source.handshake, 'awaiting', JSON.stringify(source));
        await known(stack, name);
        return name;
    }

    const shown = async (name) =>
        (await stack.api().get(`/api/sources/${name}`)).json;

    async function assertKept(name, answer) {
        assert.equal(answer.status, 200, answer.text);
        assertGolden(answer.body, 'receive_token_captured');
        assert.equal((await shown(name)).handshake, 'captured');
        await assertNothingStored(name);
    }

    const eventBody = () => {
        serial += 1;
        return JSON.stringify({
            id: `56c3e00c-4f0c-4566-9676-${String(serial).padStart(12, '0')}`,
            timestamp: '2026-01-01T15:00:00.000Z', workspace_id: 'w',
            subscription_id: 's', integration_id: 'i', type: 'page.created',
            authors: [{ id: 'c7c11cca-1d73-471d-9b6e-bdef51470190',
                type: 'person' }], attempt_number: 1,
            entity: { id: '153104cd-477e-809d-8dc4-ff2d96ae3090',
                type: 'page' },
            data: { parent: { id: '13950b26-c203-4f3b-b97d-93ec06319565',
                type: 'space' } } });
    };

    for (const [how, headers] of [
        ['unsigned', () => ({})],
        ['signed with the token itself', notionSigned]])
        test(`a token that is awaited is kept, ${how}, and confirmed it signs`,
            async () => {
                const name = await awaiting();
                const token = tokenOf(serial);
                const body = handshake(token);
                await assertKept(name, await post(stack, name, { body },
                    headers(token, body)));

                // It waits for an operator: until then it signs nothing.
                const event = eventBody();
                await assertRefused(stack, name, () => post(stack, name,
                    { body: event }, notionSigned(token, event)), 401,
                /^no_secret$/);
                const confirmed = await stack.api().post(
                    `/api/sources/${name}/confirm`, {});
                assert.equal(confirmed.status, 200, confirmed.text);
                const answer = await post(stack, name, { body: event },
                    notionSigned(token, event));
                assert.equal(answer.status, 202, answer.text);
            });

    test('a token is sealed, and neither answers nor logs tell it',
        async () => {
            const name = await awaiting();
            const token = tokenOf('sealed');
            const answer = await post(stack, name, { body: handshake(token) });
            assert.ok(!answer.text.includes(token));
            const [row] = await stack.sql.rows(
                'SELECT captured_token FROM sources WHERE name = ?', [name]);
            assert.ok(row.captured_token.length > token.length);
            assert.ok(!row.captured_token.includes(Buffer.from(token)));
            assert.ok(!stack.logs().includes(token));
        });

    test('signed with something else, it is refused and nothing is kept',
        async () => {
            const name = await awaiting();
            const body = handshake(tokenOf(1));
            await assertRefused(stack, name, () => post(stack, name, { body },
                notionSigned('another secret', body)), 401,
            /^signature_mismatch$/);
            assert.equal((await shown(name)).handshake, 'awaiting');
        });

    test('a second token does not replace the first', async () => {
        const name = await awaiting();
        await assertKept(name, await post(stack, name,
            { body: handshake(tokenOf('first')) }));
        const [before] = await stack.sql.rows(
            'SELECT captured_token FROM sources WHERE name = ?', [name]);
        await assertRefused(stack, name, () => post(stack, name,
            { body: handshake(tokenOf('second')) }), 401,
        /^missing_signature$|^no_secret$/);
        const [kept] = await stack.sql.rows(
            'SELECT captured_token FROM sources WHERE name = ?', [name]);
        assert.deepEqual(kept.captured_token, before.captured_token);
    });

    test('of many at once one is kept', async () => {
        const name = await awaiting();
        const answers = await Promise.all(Array.from({ length: 12 }, (_, i) =>
            post(stack, name, { body: handshake(tokenOf(`many-${i}`)) })));
        const statuses = answers.map((answer) => answer.status).sort();
        assert.deepEqual(statuses, [200, ...Array(11).fill(401)]);
    });

    test('a source that awaits none refuses it and keeps its secret',
        async () => {
            const body = handshake(tokenOf('takeover'));
            await assertRefused(stack, 'notion', () => post(stack, 'notion',
                { body }), 401, /^missing_signature$/);
            await assertRefused(stack, 'notion', () => post(stack, 'notion',
                { body }, notionSigned(tokenOf('takeover'), body)), 401,
            /^signature_mismatch$/);
            const event = eventBody();
            const answer = await post(stack, 'notion', { body: event },
                notionSigned(stack.env.NOTION_SECRET, event));
            assert.equal(answer.status, 202, answer.text);
        });

    test('what is no token is not taken for one', async () => {
        const name = await awaiting();
        for (const token of ['', 'short', 'white space in it', 'x'.repeat(257),
            'ümlaut-in-a-token', 12345678, null, { a: 1 }])
            await assertRefused(stack, name, () => post(stack, name,
                { body: handshake(token) }), 401,
            /^missing_signature$|^no_secret$/);
        assert.equal((await shown(name)).handshake, 'awaiting');
    });
});

describe('Slack', () => {
    const secret = '8f742231b10e8888abcd99yyyzzz85a5';
    const slackSigned = (body, at = nowS()) => ({
        'X-Slack-Request-Timestamp': String(at),
        'X-Slack-Signature': 'v0=' + createHmac('sha256', secret)
            .update(`v0:${at}:${body}`).digest('hex') });

    before(() => addSource(stack, { name: 'slack', provider: 'slack',
        secret }));

    test('url_verification is answered with its challenge as plain text',
        async () => {
            const body = JSON.stringify({ token: 'Jhj5dZrVaK7ZwHHjRyZWjbDl',
                challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAY' +
                    'M8P "é', type: 'url_verification' });
            const answer = await post(stack, 'slack', { body },
                slackSigned(body));
            assert.equal(answer.status, 200, answer.text);
            assert.equal(answer.text, JSON.parse(body).challenge);
            assert.match(answer.headers['content-type'], /^text\/plain\b/);
            await assertNothingStored('slack');
        });

    test('url_verification that is not signed is 401', async () => {
        const body = JSON.stringify({ type: 'url_verification',
            challenge: 'told to anybody' });
        const answer = await assertRefused(stack, 'slack', () => post(stack,
            'slack', { body }), 401, /^missing_signature$/);
        assert.ok(!answer.text.includes('told to anybody'));
    });

    const probe = (body, headers = {}) => post(stack, 'slack', { body,
        contentType: 'application/x-www-form-urlencoded' }, headers);

    test('ssl_check is answered without a signature, and nothing else in it ' +
        'is used', async () => {
        for (const body of ['ssl_check=1&token=x',
            'token=x&ssl_check=1&command=%2Fdeploy&text=now',
            'payload=%7B%22type%22%3A%22x%22%7D&ssl_check=1']) {
            const answer = await probe(body);
            assert.equal(answer.status, 200, answer.text);
            assert.equal(answer.text, '');
        }
        const got = await request(stack.url, 'GET',
            `${receivePath('slack')}?ssl_check=1&token=x`);
        assert.equal(got.status, 200, got.text);
        await assertNothingStored('slack');
    });

    test('a form without it, or with something like it, is 401', async () => {
        for (const body of ['token=x', 'ssl_check=0', 'xssl_check=1',
            'ssl_check=11'])
            await assertRefused(stack, 'slack', () => probe(body), 401,
                /^missing_signature$/);
        // With a signature it is a request like others.
        await assertRefused(stack, 'slack', () => probe('ssl_check=1',
            { ...slackSigned('ssl_check=1'),
                'X-Slack-Signature': `v0=${'0'.repeat(64)}` }), 401,
        /^signature_mismatch$/);
    });
});

describe('Discord', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ format: 'der', type: 'spki' })
        .subarray(-32).toString('hex');
    const discordSigned = (body, at = nowS()) => ({
        'X-Signature-Timestamp': String(at),
        'X-Signature-Ed25519': sign(null, Buffer.from(at + body), privateKey)
            .toString('hex') });
    const send = (body, headers) => post(stack, 'discord', { body },
        headers ?? discordSigned(body));

    before(() => addSource(stack, { name: 'discord', provider: 'discord',
        secret: raw }));

    test('a ping is answered with a pong', async () => {
        const answer = await send(JSON.stringify({ application_id: '1',
            id: '1234567890', token: 't', type: 1, version: 1 }));
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.text, '{"type":1}');
        await assertNothingStored('discord');
    });

    test('a ping of webhook events is answered with 204', async () => {
        const answer = await send('{"version":1,"application_id":"1",' +
            '"type":0}');
        assert.equal(answer.status, 204, answer.text);
        assert.equal(answer.text, '');
        await assertNothingStored('discord');
    });

    test('a ping with a wrong signature is 401, as Discord tries', async () => {
        const body = '{"type":1}';
        await assertRefused(stack, 'discord', () => send(body,
            discordSigned('{"type":2}')), 401, /^signature_mismatch$/);
        await assertRefused(stack, 'discord', () => send(body, {}), 401,
            /^missing_signature$/);
    });

    test('a webhook event is no ping', async () => {
        const answer = await send(JSON.stringify({ version: 1,
            application_id: '1', type: 1, event: {
                type: 'APPLICATION_AUTHORIZED',
                timestamp: '2026-01-01T15:00:00.000000' } }));
        assert.equal(answer.status, 204, answer.text);
        assert.equal((await eventsOf(stack, 'discord')).length, 1);
    });
});

describe('X', () => {
    const secret = 'consumer secret of X';
    const ask = (query, name = 'x') => request(stack.url, 'GET',
        `${receivePath(name)}${query}`);

    before(() => addSource(stack, { name: 'x', provider: 'x', secret }));

    test('a CRC token is answered with its HMAC', async () => {
        const token = 'MTVjYzFmZjItYzQ4Zi00NzhmLWFmZjItNzA5YTYxNmRmYzQ0';
        const answer = await ask(`?crc_token=${token}&nonce=1`);
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.json, { response_token: 'sha256=' +
            createHmac('sha256', secret).update(token).digest('base64') });
        assert.match(answer.headers['content-type'], /^application\/json\b/);
    });

    test('nobody gets a body signed by asking for it', async () => {
        for (const token of ['{"for_user_id":"1"}', '[]', '"x"', '', ' ',
            'a'.repeat(300)])
            await assertRefused(stack, 'x', () => ask(
                `?crc_token=${encodeURIComponent(token)}`), 400,
            /^bad_request$/);
    });

    test('a source without a secret signs nothing', async () => {
        await addSource(stack, { name: 'x-bare', provider: 'x',
            secret: 'is taken away' });
        await setSource(stack, 'x-bare', { secret: null });
        await eventually('the secret is gone', async () =>
            (await ask('?crc_token=abc', 'x-bare')).status === 401);
        await assertRefused(stack, 'x-bare', () => ask('?crc_token=abc',
            'x-bare'), 401, /^no_secret$/);
    });

    test('of other sources GET is 405', async () => {
        for (const query of ['', '?crc_token=abc', '?ssl_check=1']) {
            const answer = await ask(query, 'supabase');
            assert.equal(answer.status, 405, `${query}: ${answer.text}`);
            assert.equal(answer.headers.allow, 'POST, OPTIONS');
            assertGolden(answer.body, 'receive_method_not_allowed');
        }
        const nobody = await ask('?crc_token=abc', 'nobody');
        assert.equal(nobody.status, 404, nobody.text);
    });
});
