// hostile.test.mjs - receivers that answer as no receiver should: each attempt
// is classified and explained, costs no more memory and time than it may, and
// harms neither what comes after it nor anybody else.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { closedPort, deliveryId, reached, subscribe, trigger }
    from './lib/gateway.mjs';
import { HostileServer, OK, pour, repeat } from './lib/hostile.mjs';
import { idNumber } from './lib/ids.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Stack, root } from './lib/stack.mjs';
import { eventually, pause, slow, within } from './lib/wait.mjs';

const MB = 1 << 20;
const KEPT = 1024; // response_body_kept
const TIMEOUT_S = 2;
const HEAD = 'HTTP/1.1 200 OK\r\n';
const zeros = Buffer.alloc(64 * 1024);

let stack;
let api;
let receiver;
const servers = [];

before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ conf: { max_body: '2M' } }), Receiver.start()]);
    api = stack.api();
});
after(async () => {
    for (const server of servers)
        server.stop();
    await receiver?.stop();
    await stack?.stop();
});

async function hostile(behave, options) {
    const server = await HostileServer.start(behave, options);
    servers.push(server);
    return server;
}

let serial = 0;

// One event to that URL: the delivery as the API and the table show it.
async function deliver(url, status, { data = {}, more = {}, event } = {}) {
    const type = event ?? `hostile.n${++serial}`;
    if (event === undefined)
        await subscribe(stack, url, [type], { retry_count: 0,
            timeout: TIMEOUT_S, ...more });
    const { event_id: id } = await trigger(stack, type, data);
    const shown = await reached(stack, await deliveryId(stack, id), status,
        30_000);
    const row = await stack.sql.one('SELECT * FROM deliveries WHERE id = ?',
        [idNumber(shown.id)]);
    return { type, shown, row };
}

// What a receiver does, and what is said about it. An answer that has begun
// well ("success") counts by its status, however it goes on.
const write = (...parts) => async (socket) => {
    for (const part of parts)
        socket.write(part);
};
const writeAndClose = (...parts) => async (socket) => {
    socket.end(Buffer.concat(parts.map((part) => Buffer.from(part,
        typeof part === 'string' ? 'latin1' : undefined))));
};

const ODD = [
    // -- answers that are too long
    ['a body of 1 GB', async (socket, server) => {
        socket.write(`${HEAD}Content-Length: ${1024 * MB}\r\n\r\n`);
        server.sent = await pour(socket, repeat(zeros, 16 * 1024));
    }, { success: 200 }],
    ['a body without an end', async (socket, server) => {
        socket.write(`${HEAD}\r\n`);
        server.sent = await pour(socket, repeat(zeros));
    }, { success: 200 }],
    ['chunks without an end', async (socket, server) => {
        socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
        server.sent = await pour(socket, repeat(Buffer.concat([
            Buffer.from('10000\r\n'), zeros, Buffer.from('\r\n')])));
    }, { success: 200 }],
    ['an error with a body without an end', async (socket, server) => {
        socket.write('HTTP/1.1 500 No\r\n\r\n');
        server.sent = await pour(socket, repeat(zeros));
    }, { class: 'http', says: /^HTTP 500$/, code: 500 }],
    ['headers without an end', async (socket, server) => {
        socket.write(HEAD);
        server.sent = await pour(socket, repeat(Buffer.from('X-A: b\r\n')));
    }, { class: 'http', says: /not valid HTTP: its headers are larger/ }],
    ['100,000 headers', async (socket, server) => {
        socket.write(HEAD);
        server.sent = await pour(socket, function* () {
            for (let i = 0; i < 100_000; i++)
                yield Buffer.from(`X-Header-${i}: ${i}\r\n`);
            yield Buffer.from('\r\n');
        }());
    }, { class: 'http', says: /not valid HTTP: its headers are larger/ }],
    ['a header of 1 MB', async (socket, server) => {
        socket.write(`${HEAD}X-A: `);
        server.sent = await pour(socket, repeat(Buffer.alloc(MB, 'a'), 1));
        socket.end('\r\n\r\n');
    }, { class: 'http', says: /one of its headers is too long/ }],
    ['a header without an end', async (socket, server) => {
        socket.write(`${HEAD}X-A: `);
        server.sent = await pour(socket, repeat(Buffer.alloc(4096, 'a')));
    }, { class: 'http', says: /one of its headers is too long/ }],
    ['a status line without an end', async (socket, server) => {
        socket.write('HTTP/1.1 200 ');
        server.sent = await pour(socket, repeat(Buffer.alloc(4096, 'a')));
    }, { class: 'http', says: /one of its headers is too long/ }],
    ['trailers without an end', async (socket, server) => {
        socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n`);
        server.sent = await pour(socket, repeat(Buffer.from('X-A: b\r\n')));
    }, { class: 'http', says: /not valid HTTP: its headers are larger/ }],
    ['103 without an end', async (socket, server) => {
        server.sent = await pour(socket, repeat(
            Buffer.from('HTTP/1.1 103 Early Hints\r\n\r\n')));
    }, { class: 'http', says: /not valid HTTP: its headers are larger/ }],
    ['100 without an end', async (socket, server) => {
        server.sent = await pour(socket, repeat(
            Buffer.from('HTTP/1.1 100 Continue\r\n\r\n')));
    }, { class: 'http', says: /not valid HTTP: its headers are larger/ }],
    ['a bomb of gzip', writeAndClose(HEAD, 'Content-Encoding: gzip\r\n\r\n',
        gzipSync(Buffer.alloc(100 * MB))), { success: 200 }],
    ['a bomb of gzip in its framing', async (socket) => {
        const bomb = gzipSync(Buffer.alloc(100 * MB));
        socket.write(`${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n`);
        socket.write(`${bomb.length.toString(16)}\r\n`);
        socket.write(bomb);
        socket.end('\r\n0\r\n\r\n');
    }, { success: 200 }],

    // -- answers that take too long
    ['nothing at all', async () => {}, { class: 'timeout',
        says: /^not finished in time: / }],
    ['a body, 1 byte per second', async (socket) => {
        socket.write(`${HEAD}Content-Length: 1000\r\n\r\n`);
        while (!socket.destroyed) {
            socket.write('x');
            await pause(1000);
        }
    }, { class: 'timeout', says: /^not finished in time: / }],
    ['headers, 1 byte per second', async (socket) => {
        for (let i = 0; !socket.destroyed; i++) {
            socket.write((HEAD + 'X-A: '.padEnd(1000, 'a'))[i]);
            await pause(1000);
        }
    }, { class: 'timeout', says: /^not finished in time: / }],
    ['100 Continue every now and then', async (socket) => {
        while (!socket.destroyed) {
            socket.write('HTTP/1.1 100 Continue\r\n\r\n');
            await pause(100);
        }
    }, { class: 'timeout', says: /^not finished in time: / }],

    // -- answers that are no HTTP
    ['HTTP/0.9', writeAndClose('hello\n'), { class: 'http',
        says: /not valid HTTP: .*HTTP\/0\.9/ }],
    ['noise', writeAndClose(Buffer.from(Array.from({ length: 500 },
        (_, i) => (i * 7919) % 256))), { class: 'http',
        says: /not valid HTTP/ }],
    ['HTTP/9.9', writeAndClose('HTTP/9.9 200 OK\r\n\r\n'), { class: 'http',
        says: /not valid HTTP/ }],
    ['HTTP/2 without being asked', writeAndClose(
        Buffer.from('00000604000000000000030000ffff', 'hex')),
    { class: 'http', says: /not valid HTTP/ }],
    ['SSH', writeAndClose('SSH-2.0-OpenSSH_9.2\r\n'), { class: 'http',
        says: /not valid HTTP/ }],
    ['a status in letters', writeAndClose('HTTP/1.1 abc OK\r\n\r\n'),
        { class: 'http', says: /not valid HTTP/ }],
    ['status 000', writeAndClose('HTTP/1.1 000 Nothing\r\n\r\n'),
        { class: 'http', says: /HTTP 0|not valid HTTP/ }],
    ['status 999', writeAndClose('HTTP/1.1 999 Odd\r\n\r\n'),
        { class: 'http', says: /^HTTP 999$/, code: 999 }],
    ['status 1000', writeAndClose('HTTP/1.1 1000 Odd\r\n\r\n'),
        { class: 'http', says: /not valid HTTP|^HTTP 100/ }],
    ['no reason phrase', writeAndClose('HTTP/1.1 200\r\n\r\n'),
        { success: 200 }],
    ['NUL in a header', writeAndClose(`${HEAD}X-A: a\0b\r\n\r\n`),
        { class: 'http', says: /not valid HTTP: Nul byte/ }],
    ['odd bytes in the reason', writeAndClose('HTTP/1.1 500 \xff\x1b[31m\r\n',
        'Content-Length: 0\r\n\r\n'),
    { class: 'http', says: /^HTTP 500$/, code: 500 }],
    ['a negative length', writeAndClose(`${HEAD}Content-Length: -5\r\n\r\n`),
        { class: 'http', says: /not valid HTTP: .*Content-Length/ }],
    ['a length in letters', writeAndClose(
        `${HEAD}Content-Length: many\r\n\r\n`),
    { class: 'http', says: /not valid HTTP: .*Content-Length/ }],
    ['a length beyond 64 bits', writeAndClose(
        `${HEAD}Content-Length: 99999999999999999999\r\n\r\nbody`),
    { success: 200 }],
    ['a chunk without a size', writeAndClose(
        `${HEAD}Transfer-Encoding: chunked\r\n\r\nZZ\r\nbody\r\n`),
    { class: 'http', says: /not valid HTTP: .*chunk/ }],
    ['a chunk of 2^64 bytes', writeAndClose(`${HEAD}Transfer-Encoding: ` +
        'chunked\r\n\r\n10000000000000000000\r\nbody\r\n'),
    { class: 'http', says: /not valid HTTP: .*chunk/ }],
    ['an encoding that nobody knows', writeAndClose(
        `${HEAD}Transfer-Encoding: rot13\r\n\r\nobql`),
    { class: 'http', says: /not valid HTTP: .*encoding/ }],
    ['a 204 with a body', writeAndClose('HTTP/1.1 204 No Content\r\n' +
        'Content-Length: 5\r\n\r\nextra'), { success: 204 }],
    ['trailers behind its chunks', writeAndClose(`${HEAD}Transfer-Encoding: ` +
        'chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nX-Other: 2\r\n\r\n'),
    { success: 200 }],
    ['100 and 103 in front', writeAndClose('HTTP/1.1 100 Continue\r\n\r\n' +
        'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', OK),
    { success: 200 }],
    ['line feeds alone', writeAndClose('HTTP/1.1 200 OK\nX-A: b\n' +
        'Content-Length: 2\n\nok'), { success: 200 }],
    ['a second answer behind the first', writeAndClose(OK, OK),
        { success: 200 }],
    ['Retry-After beyond all numbers', writeAndClose('HTTP/1.1 503 No\r\n' +
        'Retry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n'),
    { class: 'http', says: /^HTTP 503$/, code: 503 }],

    // -- connections that break off
    ['closed before the status', writeAndClose(), { class: 'connect',
        says: /^closed without an answer: / }],
    ['closed in the status', writeAndClose('HTTP/1.'), { class: 'connect',
        says: /^closed without an answer: / }],
    ['closed in the headers', writeAndClose(`${HEAD}X-A: b\r\n`),
        { class: 'connect', says: /^closed in the middle of the answer: / }],
    ['closed behind 100 Continue', writeAndClose(
        'HTTP/1.1 100 Continue\r\n\r\n'), { class: 'connect',
        says: /^closed / }],
    ['closed in the body', writeAndClose(
        `${HEAD}Content-Length: 100\r\n\r\nonly this`), { class: 'connect',
        says: /^closed in the middle of the answer: / }],
    ['closed in a chunk', writeAndClose(
        `${HEAD}Transfer-Encoding: chunked\r\n\r\nff\r\nonly this`),
    { class: 'connect', says: /^closed in the middle of the answer: / }],
    ['reset instead of an answer', async (socket) => {
        socket.resetAndDestroy();
    }, { class: 'connect', says: /^the connection broke off: / }],
    ['reset in the body', async (socket) => {
        socket.write(`${HEAD}Content-Length: 100\r\n\r\nonly this`);
        await pause(100);
        socket.resetAndDestroy();
    }, { class: 'connect', says: /^the connection broke off: / }],
];

// -- below the request: it is not read, or there is no TLS
const EARLY = [
    ['reset while we send', async (socket) => {
        socket.once('data', () => socket.resetAndDestroy());
    }, { class: 'connect', says: /^the connection broke off: / },
    { data: { text: 'x'.repeat(MB) } }],
    ['never reading what we send', async (socket) => {
        socket.pause();
    }, { class: 'timeout', says: /^not finished in time: / },
    { data: { text: 'x'.repeat(MB) } }],
    ['an answer before the request is whole', async (socket) => {
        socket.once('data', () => socket.end('HTTP/1.1 413 Too Large\r\n' +
            'Content-Length: 0\r\nConnection: close\r\n\r\n'));
    }, { class: 'http', says: /^HTTP 413$/, code: 413 }],
    ['HTTP where TLS should be', write('HTTP/1.1 400 Bad\r\n\r\n'),
        { class: 'tls', says: /^no agreement about TLS/ }, { https: true }],
    ['noise where TLS should be', write(Buffer.from(Array.from({ length: 500 },
        (_, i) => (i * 7919) % 256))),
    { class: 'tls', says: /^no agreement about TLS/ }, { https: true }],
    ['a TLS alert', write(Buffer.from('15030300020228', 'hex')),
        { class: 'tls', says: /^no agreement about TLS/ }, { https: true }],
    ['a TLS record that does not end', write(Buffer.from('160303ffff02',
        'hex')), { class: 'tls', says: /./ }, { https: true }],
    ['closed in the TLS handshake', async (socket) => {
        socket.once('data', () => socket.end());
    }, { class: 'tls', says: /./ }, { https: true }],
    ['silence in the TLS handshake', async () => {}, { class: 'timeout',
        says: /^not finished in time: / }, { https: true }],
];

async function judge(server, want, options = {}) {
    const began = performance.now();
    const { type, shown, row } = await deliver(server.url,
        want.success ? 'success' : 'failed', { data: options.data });
    const took = (performance.now() - began) / 1000;
    const said = `${row.error_class}: ${row.error_message}`;
    if (want.success) {
        assert.equal(shown.response_code, want.success, said);
        assert.equal(row.error_class, null, said);
    } else {
        assert.equal(row.error_class, want.class, said);
        assert.match(String(row.error_message), want.says, said);
        assert.match(String(row.error_message), /^[\x20-\x7e]+$/, said);
        if (want.code)
            assert.equal(shown.response_code, want.code, said);
    }
    assert.ok((shown.response_body ?? '').length <= KEPT);
    assert.ok(took < TIMEOUT_S + slow(5), `${took} s`);
    return { type, row };
}

// The lane goes on: the next event to the same endpoint.
async function goesOn(server, type) {
    server.well = true;
    const { shown } = await deliver(null, 'success', { event: type });
    assert.equal(shown.response_body, 'ok');
}

// The most memory the worker has had since the last call, in bytes.
function peak() {
    let most = 0;
    for (const pid of stack.pids('worker')) {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        most += Number(/VmHWM:\s*(\d+)/.exec(status)[1]) * 1024;
        writeFileSync(`/proc/${pid}/clear_refs`, '5');
    }
    return most;
}

describe('a receiver', () => {
    let calm;
    let stop = false;
    let neighbour;
    let latest = 0;

    // Somebody else's deliveries go on all the while.
    before(async () => {
        const place = receiver.place('neighbour');
        await subscribe(stack, place.url, ['neighbour.event']);
        await trigger(stack, 'neighbour.event', { i: -1 });
        await place.arrived(1);
        peak();
        calm = peak();
        neighbour = (async () => {
            for (let i = 0; !stop; i++) {
                const sent = performance.now();
                await trigger(stack, 'neighbour.event', { i });
                await place.arrived(i + 2);
                latest = Math.max(latest, performance.now() - sent);
                await pause(50);
            }
        })();
        neighbour.catch(() => {});
    });

    describe('that answers with', { concurrency: 8 }, () => {
        for (const [name, behave, want] of ODD) {
            test(name, { timeout: slow(60_000) }, async () => {
                const server = await hostile(behave);
                const { type } = await judge(server, want);
                if (name.includes('1 GB'))
                    await eventually('it is not read to its end', () =>
                        server.sent !== undefined);
                assert.ok(!(server.sent > 64 * MB), `${server.sent} bytes`);
                assert.ok(!/accept-encoding/i.test(
                    server.request.toString('latin1')));
                await goesOn(server, type);
            });
        }
    });

    describe('with', { concurrency: 8 }, () => {
        for (const [name, behave, want, options = {}] of EARLY) {
            test(name, { timeout: slow(60_000) }, async () => {
                const server = await hostile(behave, { early: true,
                    https: options.https });
                const { type } = await judge(server, want, options);
                if (!options.https)
                    await goesOn(server, type);
            });
        }

        test('a port where nobody listens', async () => {
            const { row } = await deliver(
                `http://127.0.0.1:${await closedPort()}/`, 'failed');
            assert.equal(row.error_class, 'connect');
            assert.match(String(row.error_message), /^no connection: /);
        });

        test('no place for another connection', async () => {
            const child = spawn(process.execPath, ['-e', 'require("net")' +
                '.createServer().listen({port: 0, host: "127.0.0.1", ' +
                'backlog: 1}, function () { console.log(' +
                'this.address().port) })'], { stdio: ['ignore', 'pipe',
                'inherit'] });
            const port = Number(await new Promise((resolve) =>
                child.stdout.once('data', resolve)));
            child.kill('SIGSTOP');
            const fillers = [];
            try {
                for (let connected = true; connected;) {
                    const filler = net.connect(port, '127.0.0.1');
                    filler.on('error', () => {});
                    fillers.push(filler);
                    connected = await Promise.race([
                        new Promise((resolve) =>
                            filler.once('connect', () => resolve(true))),
                        pause(500).then(() => false)]);
                }
                const { row } = await deliver(`http://127.0.0.1:${port}/`,
                    'failed');
                assert.equal(row.error_class, 'timeout');
                assert.match(String(row.error_message),
                    /^not finished in time: /);
                assert.ok(Number(row.duration_ms) < TIMEOUT_S * 1000 +
                    slow(1000), `${row.duration_ms} ms`);
            } finally {
                for (const filler of fillers)
                    filler.destroy();
                child.kill('SIGKILL');
            }
        });
    });

    test('of that kind harms nobody else', async () => {
        stop = true;
        await within(neighbour, 10_000, 'the last event of the neighbour');
        assert.ok(latest > 0 && latest < slow(2000), `${latest} ms`);
    });

    test('of that kind does not fill the memory', () => {
        const most = peak();
        const grown = (most - calm) / MB;
        assert.ok(grown < (process.env.SAN ? 400 : 48), `${grown} MB more`);
    });
});

describe('bytes that are no text', () => {
    const body = Buffer.concat([Buffer.from('a\0b'),
        Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0x1b]),
        Buffer.from('<script>\u2028"\\')]);
    let id;
    let eventId;

    before(async () => {
        const server = await hostile(writeAndClose(
            `HTTP/1.1 500 No\r\nContent-Length: ${body.length}\r\n\r\n`,
            body));
        const { shown } = await deliver(server.url, 'failed');
        id = shown.id;
        eventId = shown.event_id;
    });

    test('are shown as text by the API', async () => {
        const answer = await api.get(`/api/deliveries/${id}`);
        assert.equal(Buffer.from(answer.text).compare(answer.body), 0,
            'the answer is UTF-8');
        assert.match(answer.json.response_body, /^a.*b/s);
        assert.ok(answer.json.response_body.includes('<script>'));
    });

    test('and by the command line, without what a terminal obeys', async () => {
        for (const args of [[], ['--json']]) {
            const done = await stack.cli('delivery', 'show', id, ...args);
            assert.equal(done.code, 0, done.stderr);
            assert.equal(Buffer.from(done.stdout).compare(done.bytes), 0);
            assert.ok(!/[\0\x1b]/.test(done.stdout), done.stdout);
        }
    });

    test('and by SQL', async () => {
        const row = await stack.sql.one('SELECT response_body FROM ' +
            'webhook_deliveries WHERE event_id = ?', [idNumber(eventId)]);
        assert.match(String(row.response_body), /a.*b.*<script>/s);
    });
});

test('every class of failure is explained in docs/reference/errors.md', () => {
    const code = readFileSync(join(root, 'worker/send/outcome.c'), 'utf8');
    const docs = readFileSync(join(root, 'docs/reference/errors.md'), 'utf8');
    const classes = new Set([...code.matchAll(/error_class = "(\w+)"/g)]
        .map((match) => match[1]));
    assert.ok(classes.size > 10);
    for (const name of classes)
        assert.ok(docs.includes(`| \`${name}\` |`), name);
});
