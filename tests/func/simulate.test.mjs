// simulate.test.mjs - `postern simulate` as an HTTP client: TLS that is checked,
// answers of every shape, servers that hang or talk nonsense. What it sends to a
// gateway is in source_notion.test.mjs and source_supabase.test.mjs.

import assert from 'node:assert/strict';
import https from 'node:https';
import net from 'node:net';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Receiver } from './lib/receiver.mjs';
import { hexSignature } from './lib/sign.mjs';
import { build, plainEnv, run } from './lib/stack.mjs';

const secret = 'secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl';
const page = 'a1b2c3d4-e5f6-4890-abcd-ef1234567890';
let dir;
let receiver;
before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'postern-simulate-'));
    receiver = await Receiver.start();
});
after(async () => {
    await receiver?.stop();
    rmSync(dir, { recursive: true, force: true });
});

const simulate = (url, ...more) => run(join(build, 'postern'), ['simulate',
    'notion', 'page.updated', '--page', page, '--secret', secret, '--url', url,
    ...more], { env: plainEnv({ HOME: dir }), cwd: dir });

describe('over HTTP', () => {
    test('a URL with a path is used as it is, one without gets it',
        async () => {
            const place = receiver.place('hook', { status: 200,
                body: '{"ok":true}' });
            const usual = receiver.place('api/v1/webhooks/notion');
            const other = receiver.place('base/api/v1/webhooks/wiki');
            const done = await simulate(`${place.url}?a=b`);
            assert.equal(done.code, 0, done.stderr);
            assert.equal(done.stdout, '200 {"ok":true}\n');
            const request = await place.arrived(1);
            assert.equal(request.url, '/hook?a=b');
            assert.equal(request.headers['content-type'], 'application/json');
            assert.equal(request.headers['x-notion-signature'],
                `sha256=${hexSignature(secret, request.body)}`);
            assert.equal(request.json.entity.id, page);
            await simulate(receiver.base);
            await usual.arrived(1);
            await simulate(`${receiver.base}/base/`, '--source', 'wiki');
            await other.arrived(1);
        });

    test('the exit code tells what the status means', async () => {
        for (const [status, code] of [[204, 0], [302, 1], [404, 1], [429, 75],
            [500, 75], [503, 75]]) {
            const place = receiver.place(`status-${status}`, status);
            assert.equal((await simulate(place.url)).code, code);
        }
    });

    test('a redirect is not followed', async () => {
        const target = receiver.place('target');
        const place = receiver.place('from', { status: 307,
            headers: { Location: target.url } });
        await simulate(place.url);
        assert.equal(target.requests.length, 0);
    });

    test('an answer in chunks is put together', async () => {
        const body = 'x'.repeat(100_000);
        const place = receiver.place('chunks', { status: 200,
            headers: { 'Transfer-Encoding': 'chunked' }, body });
        const done = await simulate(place.url, '--json');
        assert.deepEqual(JSON.parse(done.stdout), { status: 200, body });
    });

    // A server that says exactly this.
    async function saying(text, url = (port) => `http://127.0.0.1:${port}/x`) {
        const server = net.createServer((socket) => {
            socket.on('error', () => {});
            socket.once('data', () => socket.end(text));
        });
        await new Promise((resolve) =>
            server.listen(0, '127.0.0.1', resolve));
        try {
            return await simulate(url(server.address().port));
        } finally {
            server.close();
        }
    }

    test('nonsense, half an answer and too much of one are told', async () => {
        for (const [text, why] of [['SSH-2.0-OpenSSH\r\n', /HTTP/],
            ['', /without an answer/],
            ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', /whole/],
            ['HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n', /large/],
            [`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(2_000_000)}`, /large/]]) {
            const done = await saying(text);
            assert.equal(done.code, 69, done.stdout);
            assert.match(done.stderr, why);
        }
        const done = await saying('HTTP/1.1 200 OK\r\n\r\nto the end');
        assert.equal(done.stdout, '200 to the end\n');
    });

    test('a server that does not answer is waited for so long', async () => {
        const place = receiver.place('hangs', { hold: new Promise(() => {}) });
        const began = performance.now();
        const done = await simulate(place.url, '--timeout', '1');
        assert.equal(done.code, 69);
        assert.match(done.stderr, /no answer in time/);
        assert.ok(performance.now() - began >= 900);
        assert.equal((await simulate(place.url, '--timeout', '0')).code, 64);
    });

    test('--dry-run shows the request, as JSON if that is asked for',
        async () => {
            const place = receiver.place('dry');
            const done = await simulate(place.url, '--dry-run', '--json');
            assert.equal(done.code, 0, done.stderr);
            const shown = JSON.parse(done.stdout);
            assert.equal(shown.method, 'POST');
            assert.equal(shown.url, place.url);
            assert.equal(shown.headers['Content-Type'], 'application/json');
            assert.equal(shown.headers['X-Notion-Signature'],
                `sha256=${hexSignature(secret, shown.body)}`);
            assert.equal(JSON.parse(shown.body).entity.id, page);
            assert.equal(place.requests.length, 0);
        });

    test('an event that Notion does not have is told, with those it has',
        async () => {
            for (const args of [['frob'], ['page.frob'], ['comment.moved'],
                ['page.frob', '--page', 'not an id'], []]) {
                const done = await run(join(build, 'postern'),
                    ['simulate', 'notion', ...args],
                    { env: plainEnv({ HOME: dir }), cwd: dir });
                assert.equal(done.code, 64);
                for (const type of [...args.slice(0, 1), 'page.created',
                    'page.content_updated', 'database.schema_updated',
                    'data_source.undeleted', 'comment.deleted'])
                    assert.ok(done.stderr.includes(type), done.stderr);
            }
        });

    test('Notion tries an event one to eight times', async () => {
        for (const [count, code] of [['0', 64], ['1', 0], ['8', 0], ['9', 64],
            ['x', 64]]) {
            const done = await simulate('http://127.0.0.1/x', '--dry-run',
                '--attempt', count);
            assert.equal(done.code, code, done.stderr);
        }
    });

    test('URLs that are none are refused', async () => {
        for (const url of ['ftp://127.0.0.1/', 'http://', 'http://a b/',
            'http://user:pass@127.0.0.1/', '127.0.0.1:80/x'])
            assert.notEqual((await simulate(url)).code, 0, url);
    });
});

describe('over TLS', () => {
    let server;
    let url;
    const openssl = async (...args) => {
        const done = await run('openssl', args, { env: process.env, cwd: dir });
        assert.equal(done.code, 0, done.stderr);
    };
    before(async () => {
        for (const [name, subject] of [['good', 'DNS:localhost,IP:127.0.0.1'],
            ['other', 'DNS:elsewhere.example']])
            await openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt',
                'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
                '-subj', `/CN=${name}`, '-addext', `subjectAltName=${subject}`,
                '-keyout', `${name}.key`, '-out', `${name}.pem`);
        await start('good');
    });
    after(() => server?.close());

    async function start(name) {
        server?.close();
        server = https.createServer({ key: readFileSync(join(dir,
            `${name}.key`)), cert: readFileSync(join(dir, `${name}.pem`)) },
        (req, res) => {
            req.resume();
            req.on('end', () => res.end(`hello ${req.socket.servername}`));
        });
        server.unref();
        await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
        url = (host) => `https://${host}:${server.address().port}/x`;
    }
    const trusting = (name) => ['--set', `ca_bundle=${join(dir, name)}`];

    test('a certificate of the host that is trusted, by name and address',
        async () => {
            const named = await simulate(url('localhost'),
                ...trusting('good.pem'));
            assert.equal(named.stdout, '200 hello localhost\n', named.stderr);
            const bare = await simulate(url('127.0.0.1'),
                ...trusting('good.pem'));
            assert.equal(bare.code, 0, bare.stderr);
        });

    test('one that nobody trusts, and one of another host, are refused',
        async () => {
            const unknown = await simulate(url('localhost'));
            assert.equal(unknown.code, 69);
            assert.match(unknown.stderr, /not trusted/);
            await start('other');
            const wrong = await simulate(url('localhost'),
                ...trusting('other.pem'));
            assert.equal(wrong.code, 69);
            assert.match(wrong.stderr, /not trusted: hostname mismatch/i);
            const address = await simulate(url('127.0.0.1'),
                ...trusting('other.pem'));
            assert.match(address.stderr, /not trusted: IP address mismatch/i);
        });

    test('plain HTTP in place of TLS is told', async () => {
        const done = await simulate(receiver.base.replace('http:', 'https:'));
        assert.equal(done.code, 69);
        assert.match(done.stderr, /TLS/);
    });
});
