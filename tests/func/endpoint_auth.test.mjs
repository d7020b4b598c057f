// endpoint_auth.test.mjs - how deliveries prove themselves to endpoints: basic,
// bearer, API key, OAuth2 client credentials, client certificates.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { reached, sendOne as sendOneEvent, subscribe, trigger }
    from './lib/gateway.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';

let stack;
let api;
let receiver;
let dir;

function openssl(...args) {
    execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
}

function makeSelfSigned(name, ...more) {
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt',
        'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
        `/CN=${name}`, ...more, '-keyout', `${name}.key`, '-out',
        `${name}.pem`);
}

const read = (name) => readFileSync(join(dir, name), 'utf8');

before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'postern-auth-'));
    chmodSync(dir, 0o755);
    makeSelfSigned('server', '-addext', 'subjectAltName=IP:127.0.0.1');
    makeSelfSigned('client');
    makeSelfSigned('other');
    chmodSync(join(dir, 'server.pem'), 0o644);
    [stack, receiver] = await Promise.all([
        Stack.start({ conf: { ca_bundle: join(dir, 'server.pem') } }),
        Receiver.start()]);
    api = stack.api();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
    rmSync(dir, { recursive: true, force: true });
});

const path = '/api/webhooks';
const url = 'https://example.com/hook';

async function send(name, options) {
    const sent = await sendOneEvent(stack, receiver, name, [200], options);
    return { ...sent, request: await sent.place.arrived(1) };
}

describe('a header', () => {
    test('basic: user and password', async () => {
        const { request } = await send('basic', { auth: { type: 'basic',
            user: 'anna', password: 'geheim:ä' } });
        assert.equal(request.headers.authorization, 'Basic ' +
            Buffer.from('anna:geheim:ä').toString('base64'));
    });

    test('bearer: a token, which takes the place of an own header',
        async () => {
            const { request } = await send('bearer', {
                headers: { Authorization: 'mine', 'X-Other': '1' },
                auth: { type: 'bearer', token: 'abc.def' } });
            assert.equal(request.headers.authorization, 'Bearer abc.def');
            assert.equal(request.headers['x-other'], '1');
        });

    test('api_key: in the header that is named, or X-API-Key', async () => {
        const usual = await send('key', { auth: { type: 'api_key',
            token: 'k1' } });
        assert.equal(usual.request.headers['x-api-key'], 'k1');
        const named = await send('named', { auth: { type: 'api_key',
            token: 'k2', header: 'X-Shop-Key' } });
        assert.equal(named.request.headers['x-shop-key'], 'k2');
    });
});

describe('secrets', () => {
    const secrets = [
        { type: 'basic', user: 'anna', password: 'hidden-secret-1' },
        { type: 'bearer', token: 'hidden-secret-2' },
        { type: 'api_key', token: 'hidden-secret-3', header: 'X-K' },
        { type: 'oauth2', token_url: 'https://example.com/token',
            client_id: 'me', client_secret: 'hidden-secret-4', scope: 'a b' },
    ];
    for (const auth of secrets) {
        test(`of ${auth.type} are never shown and sealed at rest`,
            async () => {
                const answer = await api.post(path,
                    { url, events: ['a'], auth });
                assert.equal(answer.status, 201, answer.text);
                assert.ok(!answer.text.includes('hidden-secret'));
                assert.equal(answer.json.auth.type, auth.type);
                const row = await stack.sql.one(
                    'SELECT * FROM subscriptions WHERE id = ?',
                    [answer.json.id]);
                for (const value of Object.values(row)) {
                    const text = Buffer.isBuffer(value)
                        ? value.toString('latin1') : String(value);
                    assert.ok(!text.includes('hidden-secret'), text);
                }
                const gone = await api.patch(`${path}/${answer.json.id}`,
                    { auth: null });
                assert.equal(gone.json.auth, null);
            });
    }
});

describe('oauth2', () => {
    function client(name, script, more = {}) {
        const server = receiver.place(`token-${name}`, ...script);
        return { server, auth: { type: 'oauth2', token_url: server.url,
            client_id: 'me', client_secret: 's&cret', ...more } };
    }

    const token = (text, life = 3600) => ({ status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ access_token: text, token_type: 'Bearer',
            expires_in: life }) });

    test('a token is asked for once and used until it ends', async () => {
        const { server, auth } = client('once', [token('t1'), token('t2')],
            { scope: 'hooks' });
        const { request, place } = await send('oauth', { auth });
        assert.equal(request.headers.authorization, 'Bearer t1');
        const asked = server.requests[0];
        assert.equal(asked.method, 'POST');
        assert.match(asked.headers['content-type'],
            /^application\/x-www-form-urlencoded/);
        assert.equal(asked.headers.authorization, 'Basic ' +
            Buffer.from('me:s%26cret').toString('base64'));
        assert.equal(asked.body.toString(),
            'grant_type=client_credentials&scope=hooks');
        await trigger(stack, 'deliver.oauth', { n: 2 });
        const second = await place.arrived(2);
        assert.equal(second.headers.authorization, 'Bearer t1');
        assert.equal(server.requests.length, 1);
    });

    test('a new one follows 401, and one that has ended', async () => {
        const { server, auth } = client('renew',
            [token('old'), token('new', 1), token('newer')]);
        const sent = await sendOneEvent(stack, receiver, 'renew', [401, 200],
            { auth, retry_delay: 1 });
        const second = await sent.place.arrived(2);
        assert.equal(sent.place.requests[0].headers.authorization,
            'Bearer old');
        assert.equal(second.headers.authorization, 'Bearer new');
        await reached(stack, sent.id, 'success');
        await trigger(stack, 'deliver.renew', {});
        assert.equal((await sent.place.arrived(3)).headers.authorization,
            'Bearer newer');
        assert.equal(server.requests.length, 3);
    });

    const failures = [
        ['refused', { status: 401,
            body: '{"error":"invalid_client"}' }, /invalid_client/],
        ['redirected', { status: 302,
            headers: { location: 'http://127.0.0.1/' } }, /no access token/],
        ['garbled', { status: 200, body: 'hello' }, /no access token/],
        ['dropped', { drop: true }, /no access token/],
    ];
    for (const [name, answer, words] of failures) {
        test(`${name}: nothing is sent, and the history says why`,
            async () => {
                const { auth } = client(name, [answer]);
                const sent = await sendOneEvent(stack, receiver,
                    `no-${name}`, [200], { auth, retry_count: 0 });
                const failed = await reached(stack, sent.id, 'failed');
                assert.equal(failed.attempts[0].error_class, 'oauth2');
                assert.match(failed.attempts[0].error_message, words);
                assert.ok(!JSON.stringify(failed).includes('s&cret'));
                assert.equal(sent.place.requests.length, 0);
            });
    }

    test('a delivery follows once the server is well again', async () => {
        const { auth } = client('well', [503, token('t')]);
        const sent = await sendOneEvent(stack, receiver, 'well', [200],
            { auth, retry_delay: 1 });
        assert.equal((await sent.place.arrived(1)).headers.authorization,
            'Bearer t');
    });
});

describe('a client certificate', () => {
    test('is shown to the endpoint, and only by its own subscription',
        async () => {
            const seen = [];
            const server = https.createServer({ key: read('server.key'),
                cert: read('server.pem'), requestCert: true,
                rejectUnauthorized: false }, (request, response) => {
                seen.push(request.socket.getPeerCertificate().subject?.CN);
                request.resume();
                response.writeHead(200).end();
            });
            await new Promise((resolve) =>
                server.listen(0, '127.0.0.1', resolve));
            const target = `https://127.0.0.1:${server.address().port}/`;
            const deliver = async (name, more) => {
                const made = await subscribe(stack, target, [name], more);
                await trigger(stack, name, {});
                const answer = await api.get(
                    `${path}/${made.id}/deliveries`);
                await reached(stack, answer.json[0].id, 'success');
                return made;
            };
            try {
                const made = await deliver('mtls.with', {
                    client_certificate: read('client.pem') +
                        read('client.key') });
                assert.equal(made.client_certificate.subject, 'CN=client');
                assert.ok(Date.parse(made.client_certificate.expires_at));
                await deliver('mtls.without', {});
                assert.deepEqual(seen, ['client', undefined]);
            } finally {
                server.closeAllConnections();
                server.close();
            }
        });
});

describe('bad input', () => {
    const wrong = [
        ['a text', 'x', 'auth', undefined],
        ['no type', {}, 'auth', 'type'],
        ['an unknown type', { type: 'digest' }, 'auth', 'type'],
        ['basic without user', { type: 'basic' }, 'auth', 'user'],
        ['a colon in user', { type: 'basic', user: 'a:b' }, 'auth', 'user'],
        ['bearer with spaces', { type: 'bearer', token: 'a b' }, 'auth',
            'token'],
        ['a token that is a number', { type: 'bearer', token: 5 }, 'auth',
            'token'],
        ['a line break', { type: 'api_key', token: 'a\r\nX: 1' }, 'auth',
            'token'],
        ['a header of ours', { type: 'api_key', token: 'a',
            header: 'Webhook-Id' }, 'auth', 'header'],
        ['a member of another type', { type: 'bearer', token: 'a',
            user: 'b' }, 'auth', 'user'],
        ['an unknown member', { type: 'bearer', token: 'a', x: 'b' },
            'auth', 'x'],
        ['oauth2 without secret', { type: 'oauth2',
            token_url: 'https://example.com/', client_id: 'a' }, 'auth',
        'client_secret'],
        ['a private token_url', { type: 'oauth2', client_id: 'a',
            client_secret: 'b', token_url: 'http://192.168.0.1/' }, 'auth',
        'token_url'],
    ];
    for (const [name, auth, field, member] of wrong) {
        test(`${name} is 422 and named`, async () => {
            const answer = await api.post(path, { url, events: ['a'], auth });
            assert.equal(answer.status, 422, answer.text);
            assert.equal(answer.json.detail.length, 1);
            const { loc } = answer.json.detail[0];
            assert.equal(loc[1], field);
            assert.equal(loc[2], member);
        });
    }

    test('certificates that cannot be used are 422', async () => {
        for (const [pem, words] of [
            ['x', /no certificate/],
            [read('client.pem'), /no private key/],
            [read('client.pem') + read('other.key'), /not that of/],
        ]) {
            const answer = await api.post(path,
                { url, events: ['a'], client_certificate: pem });
            assert.equal(answer.status, 422, answer.text);
            assert.match(answer.json.detail[0].msg, words);
            assert.ok(!answer.text.includes('PRIVATE'));
        }
    });
});
