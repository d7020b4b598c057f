// guard.test.mjs - nothing private can be reached through a URL that a user
// typed: refused when it is stored, whichever way it comes in, and refused
// once more at the connect, when it has got into the tables all the same or
// its name has another address by then. A server on all addresses of this
// host sees who comes.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { changeConfig, deliveryId, reached, subscribe, trigger }
    from './lib/gateway.mjs';
import { idNumber } from './lib/ids.mjs';
import { signed } from './lib/sign.mjs';
import { Stack, plainEnv, root, run, start } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

// What is refused as an address, and at the connect as well ...
const PRIVATE = ['value_error.url.host', 'blocked'];
// ... and what is no URL as we take them, so that no two programs can read it
// differently.
const UNREADABLE = ['value_error.url', 'bad_url'];

// PORT is that of the server.
const ROWS = [
    ['loopback', 'http://127.0.0.1:PORT/', PRIVATE],
    ['another loopback', 'http://127.0.0.2:PORT/', PRIVATE],
    ['the last loopback', 'http://127.255.255.254:PORT/', PRIVATE],
    ['https', 'https://127.0.0.1:PORT/', PRIVATE],
    ['capitals', 'HTTP://127.0.0.1:PORT/', PRIVATE],
    ['no port', 'http://127.0.0.1/', PRIVATE],
    ['an odd port', 'http://127.0.0.1:22/', PRIVATE],
    ['a query alone', 'http://127.0.0.1:PORT?a=b', PRIVATE],
    ['0.0.0.0', 'http://0.0.0.0:PORT/', PRIVATE],
    ['this network', 'http://0.1.2.3:PORT/', PRIVATE],
    ['10/8', 'http://10.0.0.1:PORT/', PRIVATE],
    ['172.16/12', 'http://172.31.255.254:PORT/', PRIVATE],
    ['192.168/16', 'http://192.168.0.1:PORT/', PRIVATE],
    ['shared address space', 'http://100.64.0.1:PORT/', PRIVATE],
    ['the metadata service', 'http://169.254.169.254/latest/', PRIVATE],
    ['that of Azure', 'http://168.63.129.16/', PRIVATE],
    ['that of Oracle', 'http://192.0.0.192/', PRIVATE],
    ['that of Alibaba', 'http://100.100.100.200/', PRIVATE],
    ['documentation 1', 'http://192.0.2.1:PORT/', PRIVATE],
    ['documentation 2', 'http://198.51.100.1:PORT/', PRIVATE],
    ['documentation 3', 'http://203.0.113.1:PORT/', PRIVATE],
    ['benchmarking', 'http://198.19.255.255:PORT/', PRIVATE],
    ['6to4 anycast', 'http://192.88.99.1:PORT/', PRIVATE],
    ['multicast', 'http://224.0.0.251:PORT/', PRIVATE],
    ['reserved', 'http://240.0.0.1:PORT/', PRIVATE],
    ['broadcast', 'http://255.255.255.255:PORT/', PRIVATE],
    ['loopback of IPv6', 'http://[::1]:PORT/', PRIVATE],
    ['written out', 'http://[0:0:0:0:0:0:0:1]:PORT/', PRIVATE],
    ['with zeros', 'http://[0000:0000:0000::0001]:PORT/', PRIVATE],
    ['unspecified', 'http://[::]:PORT/', PRIVATE],
    ['mapped', 'http://[::ffff:127.0.0.1]:PORT/', PRIVATE],
    ['mapped in hex', 'http://[::ffff:7f00:1]:PORT/', PRIVATE],
    ['mapped in capitals', 'http://[::FFFF:7F00:1]:PORT/', PRIVATE],
    ['mapped and written out', 'http://[0:0:0:0:0:ffff:a9fe:a9fe]/', PRIVATE],
    ['IPv4-compatible', 'http://[::127.0.0.1]:PORT/', PRIVATE],
    ['translated', 'http://[::ffff:0:127.0.0.1]:PORT/', PRIVATE],
    ['NAT64', 'http://[64:ff9b::127.0.0.1]:PORT/', PRIVATE],
    ['NAT64 in hex', 'http://[64:ff9b::7f00:1]:PORT/', PRIVATE],
    ['local NAT64', 'http://[64:ff9b:1::7f00:1]:PORT/', PRIVATE],
    ['6to4', 'http://[2002:7f00:1::]:PORT/', PRIVATE],
    ['Teredo', 'http://[2001:0:7f00:1::]:PORT/', PRIVATE],
    ['ORCHID', 'http://[2001:20::1]:PORT/', PRIVATE],
    ['documentation of IPv6', 'http://[2001:db8::1]:PORT/', PRIVATE],
    ['its newer one', 'http://[3fff::1]:PORT/', PRIVATE],
    ['discard', 'http://[100::1]:PORT/', PRIVATE],
    ['link-local', 'http://[fe80::1]:PORT/', PRIVATE],
    ['site-local', 'http://[fec0::1]:PORT/', PRIVATE],
    ['unique local', 'http://[fc00::1]:PORT/', PRIVATE],
    ['metadata over IPv6', 'http://[fd00:ec2::254]/', PRIVATE],
    ['multicast of IPv6', 'http://[ff02::1]:PORT/', PRIVATE],
    ['localhost', 'http://localhost:PORT/', PRIVATE],
    ['LOCALHOST', 'http://LOCALHOST:PORT/', PRIVATE],
    ['localhost.', 'http://localhost.:PORT/', PRIVATE],
    ['below localhost', 'http://a.localhost:PORT/', PRIVATE],
    ['far below it', 'http://a.b.LocalHost.:PORT/', PRIVATE],

    ['a short form', 'http://127.1:PORT/', UNREADABLE],
    ['three parts', 'http://127.0.1:PORT/', UNREADABLE],
    ['five parts', 'http://127.0.0.0.1:PORT/', UNREADABLE],
    ['one number', 'http://2130706433:PORT/', UNREADABLE],
    ['a number too large', 'http://4294967297:PORT/', UNREADABLE],
    ['a huge number', 'http://340282366920938463463374607431768211455/',
        UNREADABLE],
    ['zero', 'http://0:PORT/', UNREADABLE],
    ['octal', 'http://0177.0.0.1:PORT/', UNREADABLE],
    ['octal with zeros', 'http://0000177.0.0.01:PORT/', UNREADABLE],
    ['one octal number', 'http://017700000001:PORT/', UNREADABLE],
    ['hex', 'http://0x7f.0x0.0x0.0x1:PORT/', UNREADABLE],
    ['one hex number', 'http://0x7f000001:PORT/', UNREADABLE],
    ['capital hex', 'http://0X7F000001:PORT/', UNREADABLE],
    ['mixed', 'http://0x7f.0.0.1:PORT/', UNREADABLE],
    ['mixed and short', 'http://0177.0x1:PORT/', UNREADABLE],
    ['a part too large', 'http://127.0.0.257:PORT/', UNREADABLE],
    ['overflow in a part', 'http://383.0.0.1:PORT/', UNREADABLE],
    ['a final dot', 'http://127.0.0.1.:PORT/', UNREADABLE],
    ['two of them', 'http://localhost..:PORT/', UNREADABLE],
    ['a zone', 'http://[fe80::1%25lo]:PORT/', UNREADABLE],
    ['a bare zone', 'http://[fe80::1%lo]:PORT/', UNREADABLE],
    ['a zone of loopback', 'http://[::1%25lo]:PORT/', UNREADABLE],
    ['a short form in IPv6', 'http://[::ffff:127.1]:PORT/', UNREADABLE],
    ['no brackets', 'http://::1:PORT/', UNREADABLE],
    ['IPv4 in brackets', 'http://[127.0.0.1]:PORT/', UNREADABLE],
    ['a future address', 'http://[v1.127]:PORT/', UNREADABLE],
    ['a user', 'http://ok@127.0.0.1:PORT/', UNREADABLE],
    ['user and password', 'http://example.com:80@127.0.0.1:PORT/', UNREADABLE],
    ['an empty user', 'http://@127.0.0.1:PORT/', UNREADABLE],
    ['two @', 'http://a@example.com@127.0.0.1:PORT/', UNREADABLE],
    ['an encoded @', 'http://example.com%40127.0.0.1:PORT/', UNREADABLE],
    ['a fragment', 'http://127.0.0.1:PORT#@example.com/', UNREADABLE],
    ['a fragment first', 'http://example.com#@127.0.0.1:PORT/', UNREADABLE],
    ['a backslash', 'http://example.com\\@127.0.0.1:PORT/', UNREADABLE],
    ['backslashes for slashes', 'http:\\\\127.0.0.1:PORT\\', UNREADABLE],
    ['a backslash behind', 'http://127.0.0.1:PORT\\.example.com/', UNREADABLE],
    ['a semicolon', 'http://127.0.0.1;.example.com/', UNREADABLE],
    ['one slash', 'http:/127.0.0.1:PORT/', UNREADABLE],
    ['no slash', 'http:127.0.0.1:PORT/', UNREADABLE],
    ['three slashes', 'http:///127.0.0.1:PORT/', UNREADABLE],
    ['no scheme', '//127.0.0.1:PORT/', UNREADABLE],
    ['percent', 'http://127%2e0%2e0%2e1:PORT/', UNREADABLE],
    ['percent in a name', 'http://%6cocalhost:PORT/', UNREADABLE],
    ['an encoded NUL', 'http://127.0.0.1%00.example.com:PORT/', UNREADABLE],
    ['fullwidth digits', 'http://\uff11\uff12\uff17.0.0.1:PORT/', UNREADABLE],
    ['circled digits', 'http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/',
        UNREADABLE],
    ['ideographic dots', 'http://127\u30020\u30020\u30021:PORT/', UNREADABLE],
    ['a circled letter', 'http://\u24dbocalhost:PORT/', UNREADABLE],
    ['Arabic digits', 'http://\u0661\u0662\u0667.0.0.1:PORT/', UNREADABLE],
    ['a soft hyphen', 'http://local\u00adhost:PORT/', UNREADABLE],
    ['a tab', 'http://127.0.0.1\t:PORT/', UNREADABLE],
    ['a tab in a name', 'http://local\thost:PORT/', UNREADABLE],
    ['a line break', 'http://127.0.0.1:PORT/\r\nHost: a', UNREADABLE],
    ['an encoded one', 'http://127.0.0.1:PORT/%0d%0aHost:%20a', UNREADABLE],
    ['a space in front', ' http://127.0.0.1:PORT/', UNREADABLE],
    ['a space behind', 'http://127.0.0.1 :PORT/', UNREADABLE],
    ['port 0', 'http://127.0.0.1:0/', UNREADABLE],
    ['a port too large', 'http://127.0.0.1:65616/', UNREADABLE],
    ['an empty port', 'http://127.0.0.1:/', UNREADABLE],
    ['two ports', 'http://127.0.0.1:80:PORT/', UNREADABLE],
    ['file', 'file:///etc/hosts', UNREADABLE],
    ['gopher', 'gopher://127.0.0.1:PORT/_x', UNREADABLE],
    ['ftp', 'ftp://127.0.0.1:PORT/', UNREADABLE],
    ['dict', 'dict://127.0.0.1:PORT/', UNREADABLE],
    ['ldap', 'ldap://127.0.0.1:PORT/', UNREADABLE],
    ['a unix socket', 'http+unix://%2Frun%2Fx/', UNREADABLE],
    ['a scheme in a scheme', 'url:http://127.0.0.1:PORT/', UNREADABLE],
];

let stack;
let api;
let server;
let port;
let visits = 0;

before(async () => {
    server = net.createServer((socket) => {
        visits++;
        socket.on('error', () => {});
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    await new Promise((resolve) => server.listen(0, '::', resolve));
    ({ port } = server.address());
    // Only one address of this host is listed, and none of the rows is it.
    stack = await Stack.start({ conf: { allow_targets: '127.0.0.77' } });
    api = stack.api();
});
after(async () => {
    await stack?.stop();
    server?.close();
});

const urlOf = (row) => row[1].replace('PORT', port);

// The addresses of this host that no other rule refuses are in the deny list
// too; which there are depends on the host.
function ownAddresses() {
    return Object.values(os.networkInterfaces()).flat()
        .filter(({ internal, scopeid }) => !internal && !scopeid)
        .map(({ address, family }) =>
            family === 'IPv6' ? `[${address}]` : address);
}

test('there are more than sixty spellings', () => {
    assert.ok(ROWS.length >= 100, `${ROWS.length}`);
    assert.equal(new Set(ROWS.map((row) => row[1])).size, ROWS.length);
});

// Each way a URL can come in: what to send, and where the answer names it.
const DOORS = [
    ['POST /api/webhooks', (url) => api.post('/api/webhooks',
        { url, events: ['a'] }), ['url']],
    ['PATCH /api/webhooks/{id}', (url) => api.patch(
        `/api/webhooks/${DOORS.subscription}`, { url }), ['url']],
    ['POST /api/webhooks/test', (url) => api.post('/api/webhooks/test',
        { url, event: 'a', data: {} }), ['url']],
    ['the token_url of OAuth2', (url) => api.post('/api/webhooks', {
        url: 'https://example.com/', events: ['a'], auth: { type: 'oauth2',
            token_url: url, client_id: 'a', client_secret: 'b' } }),
    ['auth', 'token_url']],
    ['the api_url of a source', (url) => api.post('/api/sources', {
        name: 'guarded', provider: 'supabase', secret: 'x'.repeat(16),
        api_key: 'k', api_url: url }), ['api_url']],
    ['the invalidate_url of a source', (url) => api.post('/api/sources', {
        name: 'guarded', provider: 'supabase', secret: 'x'.repeat(16),
        invalidate_url: url }), ['invalidate_url']],
    ['the url of a Svix endpoint', (url) => api.post(
        '/api/v1/app/guarded/endpoint', { url }), ['url']],
];

describe('is refused when it is stored', () => {
    before(async () => {
        DOORS.subscription = (await subscribe(stack, 'https://example.com/',
            ['never'])).id;
        const made = await api.post('/api/v1/app', { name: 'g',
            uid: 'guarded' });
        assert.equal(made.status, 201, made.text);
    });
    for (const [door, knock, loc] of DOORS) {
        test(`through ${door}`, async () => {
            for (const row of ROWS) {
                const [claim, , [type]] = row;
                const answer = await knock(urlOf(row));
                const said = `${claim}: ${answer.status} ${answer.text}`;
                assert.equal(answer.status, 422, said);
                const [problem] = answer.json.detail;
                assert.deepEqual(problem.loc, ['body', ...loc], said);
                assert.equal(problem.type, type, said);
                assert.match(problem.msg, type === UNREADABLE[0]
                    ? /not an absolute http or https URL/
                    : /not on the public Internet.*allow_targets/, said);
            }
        });
    }

    test('with an address of this host', async () => {
        for (const host of ownAddresses()) {
            const answer = await api.post('/api/webhooks',
                { url: `http://${host}:${port}/`, events: ['a'] });
            assert.equal(answer.status, 422, `${host}: ${answer.text}`);
        }
    });

    // In a network of its own, where the host has a public address.
    test('with a public address of this host', async (t) => {
        // Root needs no user namespace, in which it would not be itself.
        const kind = process.getuid() === 0 ? '-n' : '-rn';
        const add = (own) => run('unshare', [kind, 'sh', '-c',
            `ip link set lo up && ip addr add ${own}/32 dev lo && exec "$@"`,
            'sh', stack.program('postern'), '-c', stack.env.POSTERN_CONF,
            'webhook', 'add', 'http://8.8.4.4/', '--events', 'own.event'],
        { env: plainEnv() });
        const other = await add('8.8.8.8').catch((error) => ({
            code: 1, stderr: error.message }));
        if (other.code !== 0) {
            t.skip(`no network of its own here: ${other.stderr}`);
            return;
        }
        const done = await add('8.8.4.4');
        assert.notEqual(done.code, 0, done.stdout);
        assert.match(done.stderr, /not on the public Internet/);
    });

    test('through the command line', async () => {
        for (const row of ROWS.filter((_, i) => i % 10 === 0)) {
            const done = await stack.cli('webhook', 'add', '--events', 'a',
                '--', urlOf(row));
            assert.notEqual(done.code, 0, `${row[0]}: ${done.stdout}`);
            assert.match(done.stderr, /^postern: url: /, row[0]);
        }
    });
});

// The delivery of each: {subscription id: row}.
async function ended(eventId, count) {
    const rows = await eventually('all are archived', async () => {
        const got = await stack.sql.rows('SELECT * FROM deliveries ' +
            'WHERE event_id = ?', [idNumber(eventId)]);
        return got.length === count && got;
    }, 30_000);
    return new Map(rows.map((row) => [Number(row.owner_id), row]));
}

describe('is refused at the connect', () => {
    test('when it has got into the table', async () => {
        const all = [...ROWS, ...ownAddresses().map((host) =>
            [host, `http://${host}:PORT/`, PRIVATE])];
        const made = [];
        for (const row of all)
            made.push(await subscribe(stack, 'https://example.com/',
                ['guard.row'], { retry_count: 0 }));
        for (const [i, row] of all.entries())
            await changeConfig(stack, 'UPDATE subscriptions SET url = ?, ' +
                'config_version = {version} WHERE id = ?',
            [urlOf(row), made[i].id]);
        const before = visits;
        const { event_id: event, matched } = await trigger(stack, 'guard.row',
            {});
        assert.equal(matched, all.length);
        const rows = await ended(event, all.length);
        for (const [i, [claim, , [, error]]] of all.entries()) {
            const row = rows.get(made[i].id);
            const said = `${claim}: ${row.error_class} ${row.error_message}`;
            assert.equal(row.error_class, error, said);
            assert.equal(row.status, 'failed', said);
            assert.equal(row.response_code, null, said);
            assert.match(row.error_message, error === 'blocked'
                ? /is not public and not listed in allow_targets/
                : /URL cannot be used/, said);
        }
        assert.equal(visits, before, 'somebody came');
    });

    test('a listed address is reached, so the server can be seen', async () => {
        const before = visits;
        const answer = await api.post('/api/webhooks/test',
            { url: `http://127.0.0.77:${port}/`, event: 'a', data: {} });
        assert.equal(answer.status, 200, answer.text);
        assert.equal(visits, before + 1);
    });

    test('a redirect is not followed there', async () => {
        const redirecting = net.createServer((socket) => {
            socket.on('error', () => {});
            socket.end('HTTP/1.1 307 Go\r\nContent-Length: 0\r\nLocation: ' +
                `http://127.0.0.1:${port}/\r\n\r\n`);
        });
        await new Promise((resolve) =>
            redirecting.listen(0, '127.0.0.77', resolve));
        const before = visits;
        await subscribe(stack,
            `http://127.0.0.77:${redirecting.address().port}/`,
            ['guard.redirect'], { retry_count: 0 });
        const { event_id: event } = await trigger(stack, 'guard.redirect', {});
        const done = await reached(stack, await deliveryId(stack, event),
            'failed');
        assert.equal(done.response_code, 307);
        assert.equal(visits, before);
        redirecting.close();
    });
});

// A worker that looks names up where the test says.
describe('is refused at the connect, by its name', () => {
    let dir;
    let worker;

    const names = {
        'loopback.example': '127.0.0.1',
        'loopback6.example': '::1',
        'any.example': '0.0.0.0',
        'metadata.example': '169.254.169.254',
        'mapped.example': '::ffff:127.0.0.1',
        'both.example': '127.0.0.1+::1+10.0.0.1',
    };

    before(async () => {
        dir = mkdtempSync(join(os.tmpdir(), 'postern-guard-'));
        const library = join(dir, 'resolver.so');
        execFileSync(process.env.CC || 'cc', ['-shared', '-fPIC', '-o',
            library, join(root, 'tests/func/lib/resolver.c'), '-ldl']);
        const preload = [library];
        if (process.env.SAN)
            preload.unshift(execFileSync('cc', [
                `-print-file-name=lib${{ address: 'asan', thread: 'tsan' }[
                    process.env.SAN]}.so`]).toString().trim());
        await stack.kill('worker', 'SIGTERM');
        worker = start(stack.program('posternd'),
            ['-c', stack.env.POSTERN_CONF], { env: plainEnv({
                LD_PRELOAD: preload.join(' '),
                POSTERN_TEST_NAMES: [
                    ...Object.entries(names).map((pair) => pair.join('=')),
                    'allowed.example=127.0.0.77',
                    'partly.example=127.0.0.1+127.0.0.77',
                    'rebound.example=127.0.0.77/127.0.0.1',
                ].join(' '),
            }) });
    });
    after(async () => {
        worker.child.kill('SIGTERM');
        await worker.ended;
        rmSync(dir, { recursive: true, force: true });
    });

    async function send(event, url) {
        await subscribe(stack, url, [event], { retry_count: 0 });
        const { event_id: id } = await trigger(stack, event, {});
        return (await ended(id, 1)).values().next().value;
    }

    test('whatever private address the name has', async () => {
        const before = visits;
        for (const name of Object.keys(names)) {
            const row = await send(`name.${name}`, `http://${name}:${port}/`);
            const said = `${name}: ${row.error_class} ${row.error_message}`;
            assert.equal(row.error_class, 'blocked', said);
            assert.match(row.error_message,
                /not listed in allow_targets: [a-z]/, said);
        }
        assert.equal(visits, before, 'somebody came');
    });

    test('whoever asks: for a token, in a test, at the API of a source',
        async () => {
        const before = visits;
        const url = `http://loopback.example:${port}/`;
        const made = await subscribe(stack, `http://127.0.0.77:${port}/`,
            ['name.oauth2'], { retry_count: 0, auth: { type: 'oauth2',
                token_url: url, client_id: 'a', client_secret: 'b' } });
        const { event_id: id } = await trigger(stack, 'name.oauth2', {});
        const row = (await ended(id, 1)).get(made.id);
        assert.equal(row.error_class, 'oauth2');
        assert.match(row.error_message,
            /^no access token: the address of token_url is not public/);

        const tested = await api.post('/api/webhooks/test',
            { url, event: 'a', data: {} });
        assert.equal(tested.status, 200, tested.text);
        assert.match(tested.text, /not public and not listed/);

        const secret = 'a secret of this source';
        const source = await api.post('/api/sources', { name: 'guarded-name',
            provider: 'supabase', secret, api_key: 'k', api_url: url,
            debounce_ms: 0 });
        assert.equal(source.status, 201, source.text);
        const body = JSON.stringify({ type: 'INSERT', table: 't',
            schema: 'public', record: { id: 1 }, old_record: null });
        await eventually('it is received', async () => (await stack.receive(
            'guarded-name', body, signed(secret, body))).status === 202);
        await eventually('its API is not asked', () => worker.output()
            .includes('is not public and not listed in allow_targets: ' +
                'loopback'));
        assert.equal(visits, before, 'somebody came');
    });

    test('a name with a listed address is reached, there alone', async () => {
        for (const name of ['allowed.example', 'partly.example']) {
            const before = visits;
            const row = await send(`name.${name}`, `http://${name}:${port}/`);
            assert.equal(row.status, 'success', row.error_message);
            assert.equal(visits, before + 1);
        }
    });

    test('a name that has another address at the next connect', async () => {
        const before = visits;
        const first = await send('name.first',
            `http://rebound.example:${port}/`);
        assert.equal(first.status, 'success', first.error_message);
        // libcurl remembers addresses by name and port.
        const other = net.createServer(() => {
            visits++;
        });
        await new Promise((resolve) => other.listen(0, '::', resolve));
        const second = await send('name.second',
            `http://rebound.example:${other.address().port}/`);
        assert.equal(second.error_class, 'blocked', second.error_message);
        assert.equal(visits, before + 1);
        other.close();
    });
});
