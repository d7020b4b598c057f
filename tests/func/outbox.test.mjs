// outbox.test.mjs - events that an application emits by INSERT in its own
// transaction: there if and only if that commits, each once, whatever dies.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import mysql from 'mysql2/promise';
import { makeToken, subscribe, trigger } from './lib/gateway.mjs';
import { idNumber } from './lib/ids.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Stack, plainEnv, run, start } from './lib/stack.mjs';
import { eventually, slow } from './lib/wait.mjs';

const LEASE_S = 5; // the shortest that the settings allow
const MAX_BODY = 20_000;

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ workers: 2, conf: { lease_s: String(LEASE_S),
            max_body: String(MAX_BODY) } }),
        Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

const emit = (type, payload, more = {}) =>
    stack.sql.rows('INSERT INTO outbox SET ?', [{ event_type: type,
        payload: typeof payload === 'string' ? payload
            : JSON.stringify(payload), ...more }]);

const emptied = (ms) => eventually('the outbox is empty', async () =>
    (await stack.sql.count('SELECT COUNT(*) FROM outbox')) === 0, ms);

const eventsOf = (type) => stack.sql.rows('SELECT e.*, a.name application ' +
    'FROM events e JOIN applications a ON a.id = e.application_id ' +
    'WHERE type = ? ORDER BY e.id', [type]);

// The process that owns shard 0: it moves the rows.
const mover = () => eventually('somebody owns shard 0', async () =>
    (await stack.sql.column('SELECT n.pid FROM shards s JOIN nodes n ' +
        'ON n.node = s.node AND n.lease_until > UTC_TIMESTAMP(6) ' +
        'WHERE s.shard = 0 AND s.lease_until > UTC_TIMESTAMP(6)'))[0],
(LEASE_S + 20) * 1000);

// So many rows by one statement, numbered from 1, with 300 bytes each.
const emitMany = (type, count) => stack.sql.rows('INSERT INTO outbox ' +
    "(event_type, payload) SELECT ?, CONCAT('{\"n\":', seq, ',\"pad\":\"', " +
    `REPEAT('x', 280), '\"}') FROM seq_1_to_${count}`, [type]);

// Each number has one event, and each event one job of the subscription.
async function assertEachOnce(type, count) {
    const { sql } = stack;
    const events = await sql.one('SELECT COUNT(*) n, COUNT(DISTINCT ' +
        "JSON_VALUE(payload, '$.n')) numbers, MAX(CAST(JSON_VALUE(payload, " +
        "'$.n') AS UNSIGNED)) last FROM events WHERE type = ?", [type]);
    assert.deepEqual(Object.values(events).map(Number),
        [count, count, count]);
    const jobs = await sql.one('SELECT COUNT(*) n, COUNT(DISTINCT j.event_id) ' +
        'events FROM jobs j JOIN events e ON e.id = j.event_id ' +
        'WHERE e.type = ?', [type]);
    assert.deepEqual(Object.values(jobs).map(Number), [count, count]);
}

// A subscription that holds its jobs, so that they can be counted.
async function subscribeHeld(type) {
    const { id } = await subscribe(stack, 'http://127.0.0.1:9/', [type]);
    await stack.api().post(`/api/webhooks/${id}/pause`);
    return id;
}

describe('a row', () => {
    test('becomes an event with every field of it, and is delivered',
        async () => {
            const { token } = await makeToken(stack, 'app', 'shop');
            const place = receiver.place('row');
            await subscribe(stack, place.url, ['row.whole'],
                { channels: ['eu'] }, token);
            await emit('row.whole', '{ "n": 12345678901234567890,\n "d": 1.10}',
                { application: 'shop', metadata: '{ "by": "test" }',
                    external_id: 'order-1', channels: '["eu", "us"]',
                    ordering_key: 'customer 7' });
            await emit('row.whole', '{"other": "channel"}',
                { application: 'shop', channels: '["us"]' });
            const request = await place.arrived(1);
            await emptied();
            const [event, other] = await eventsOf('row.whole');
            assert.equal(event.application, 'shop');
            assert.equal(event.payload.toString(),
                '{"n":12345678901234567890,"d":1.10}');
            assert.equal(event.metadata.toString(), '{"by":"test"}');
            assert.equal(event.external_id, 'order-1');
            assert.equal(event.channels, '["eu","us"]');
            assert.equal(event.ordering_key, 'customer 7');
            assert.equal(event.verified, 1);
            assert.equal(request.json.data.d, 1.1);
            assert.match(request.body.toString(),
                /"data":\{"n":12345678901234567890,"d":1\.10\}/);
            assert.equal(other.payload.toString(), '{"other":"channel"}');
            assert.equal(place.requests.length, 1);
        });

    test('of the future waits for its time', async () => {
        const held = await subscribeHeld('row.later');
        await stack.sql.rows('INSERT INTO outbox (event_type, payload, ' +
            "deliver_at) VALUES ('row.later', '{}', '2027-01-02 03:04:05.6')");
        await emptied();
        assert.equal(await stack.sql.value('SELECT next_retry_at FROM jobs ' +
            'WHERE lane >> 32 = ?', [held]), '2027-01-02 03:04:05.600000');
    });

    test('with an external id that was there before makes no second event',
        async () => {
            const { event_id } = await trigger(stack, 'row.repeated', { n: 1 },
                { id: 'once-only' });
            await emit('row.repeated', { n: 2 }, { external_id: 'once-only' });
            await emit('row.repeated', { n: 3 }, { external_id: 'another' });
            await emit('row.repeated', { n: 4 }, { external_id: 'another' });
            await emptied();
            const events = await eventsOf('row.repeated');
            assert.deepEqual(events.map((event) =>
                JSON.parse(event.payload).n), [1, 3]);
            assert.equal(events[0].id, idNumber(event_id).toString());
        });
});

describe("an application's transaction", () => {
    test('that rolls back leaves no event', async () => {
        await assert.rejects(stack.sql.transaction(async (rows) => {
            await rows("INSERT INTO outbox (event_type, payload) VALUES " +
                "('tx.rolled_back', '{}')");
            throw new Error('changed its mind');
        }), /changed its mind/);
        await emit('tx.after', {});
        await emptied();
        assert.equal((await eventsOf('tx.after')).length, 1);
        assert.equal((await eventsOf('tx.rolled_back')).length, 0);
    });

    test('that commits late is not passed over for good', async () => {
        const connection = await mysql.createConnection(stack.sql.options);
        try {
            await connection.query('START TRANSACTION');
            const [{ insertId: early }] = await connection.query('INSERT ' +
                "INTO outbox (event_type, payload) VALUES ('tx.late', '{}')");
            const { insertId: later } = await emit('tx.quick', {});
            assert.ok(Number(later) > Number(early));
            await emptied();
            assert.equal((await eventsOf('tx.quick')).length, 1);
            assert.equal((await eventsOf('tx.late')).length, 0);
            await connection.query('COMMIT');
            await emptied();
            assert.equal((await eventsOf('tx.late')).length, 1);
        } finally {
            connection.destroy();
        }
    });

    test('that began when another had ended comes after it', async () => {
        const connection = await mysql.createConnection(stack.sql.options);
        const put = "INSERT INTO outbox (event_type, payload) VALUES " +
            "('tx.ordered', ?)";
        try {
            for (let n = 0; n < 20; n++) {
                await connection.query('START TRANSACTION');
                await connection.query(put, [`{"n":${2 * n}}`]);
                // Another one, with a higher id, is moved meanwhile.
                await emit('tx.between', {});
                await emptied();
                await connection.query('COMMIT');
                await stack.sql.rows(put, [`{"n":${2 * n + 1}}`]);
                await emptied();
            }
        } finally {
            connection.destroy();
        }
        assert.deepEqual((await eventsOf('tx.ordered')).map((event) =>
            JSON.parse(event.payload).n),
        Array.from({ length: 40 }, (_, n) => n));
    });

    test('that holds a row does not hold up the others', async () => {
        const connection = await mysql.createConnection(stack.sql.options);
        const pid = await mover();
        process.kill(pid, 'SIGSTOP');
        try {
            const { insertId } = await emit('tx.held', {});
            await connection.query('START TRANSACTION');
            await connection.query('SELECT id FROM outbox WHERE id = ? ' +
                'FOR UPDATE', [insertId]);
            process.kill(pid, 'SIGCONT');
            await emit('tx.beside', {});
            await eventually('the other is moved', async () =>
                (await eventsOf('tx.beside')).length === 1, 4_000);
            assert.equal((await eventsOf('tx.held')).length, 0);
            await connection.query('COMMIT');
        } finally {
            process.kill(pid, 'SIGCONT');
            connection.destroy();
        }
        await emptied();
        assert.equal((await eventsOf('tx.held')).length, 1);
    });
});

describe('rows with an ordering key', () => {
    test('arrive in the order in which they were inserted', async () => {
        const place = receiver.place('in-order');
        await subscribe(stack, place.url, ['order.kept'],
            { ordering: 'fifo' });
        await stack.sql.rows('INSERT INTO outbox (event_type, payload, ' +
            "ordering_key) SELECT 'order.kept', CONCAT('{\"n\":', seq, '}'), " +
            "IF(seq MOD 2, 'odd', 'even') FROM seq_1_to_200");
        await place.arrived(200, 30_000);
        for (const rest of [0, 1]) {
            const numbers = place.requests.map((r) => r.json.data.n)
                .filter((n) => n % 2 === rest);
            assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
        }
    });
});

describe('a bad row', () => {
    const bad = [
        ['a type with a space', { event_type: 'a b' }, 422,
            'invalid_event_type', /event_type: invalid event type/],
        ['a pattern', { event_type: 'a.*' }, 422, 'invalid_event_type',
            /invalid event type/],
        ['broken JSON', { payload: '{"n": 1,}' }, 422, 'invalid_payload',
            /payload: Expecting property name.*line 1 column 9/],
        ['no object', { payload: '[1]' }, 422, 'invalid_payload',
            /payload: dict type expected/],
        ['nothing at all', { payload: '' }, 422, 'invalid_payload',
            /payload: Expecting value/],
        ['more than one value', { payload: '{}, "id": "x"' }, 422,
            'invalid_payload', /payload: Extra data/],
        ['bytes that are no UTF-8',
            { payload: Buffer.from('{"a":"\xff"}', 'latin1') }, 422,
            'invalid_payload', /payload: .*\ufffd/],
        ['metadata that is no object', { metadata: '"x"' }, 422,
            'invalid_metadata', /metadata: dict type expected/],
        ['channels that are no list', { channels: '{}' }, 422,
            'invalid_channels', /channels: list type expected/],
        ['a channel that is no text', { channels: '["a", 1]' }, 422,
            'invalid_channels', /channels 1: str type expected/],
        ['an empty external id', { external_id: '' }, 422,
            'invalid_external_id', /external_id: /],
        ['an empty ordering key', { ordering_key: '' }, 422,
            'invalid_ordering_key', /ordering_key: /],
        ['a time too far away', { deliver_at: '2036-01-01 00:00:00' }, 422,
            'invalid_deliver_at', /deliver_at: .*at most 366 days/],
        ['an unknown application', { application: 'nobody' }, 422,
            'unknown_application', /no application "nobody"/],
        ['a payload that is too large',
            { payload: `{"a":"${'x'.repeat(MAX_BODY)}"}` }, 413,
            'payload_too_large',
            new RegExp(`have ${MAX_BODY + 8} bytes, at most ${MAX_BODY} are`)],
    ];

    test('goes to rejections with the reason, and its neighbours go on',
        async () => {
            const ids = [];
            for (const [, row] of bad) {
                const { insertId } = await emit(row.event_type ?? 'bad.row',
                    row.payload ?? '{}', { ...row });
                ids.push(insertId);
                await emit('bad.neighbour', {});
            }
            await emptied();
            assert.equal((await eventsOf('bad.neighbour')).length, bad.length);
            assert.equal((await eventsOf('bad.row')).length, 0);
            for (const [i, [what, , status, reason, detail]] of bad.entries()) {
                const row = await stack.sql.one('SELECT * FROM rejections ' +
                    'WHERE detail LIKE ?', [`outbox row ${ids[i]},%`]);
                assert.equal(row.source_id, 0, what);
                assert.equal(row.status, status, what);
                assert.equal(row.reason, reason, what);
                assert.match(row.detail, detail, what);
                assert.match(row.detail, /the payload begins with "/, what);
            }
            assert.match(stack.logs(), /Outbox rows were refused/);
        });

    test('that is enormous is never loaded', async () => {
        const before = await rssOf(await mover());
        await stack.sql.rows('INSERT INTO outbox (event_type, payload) ' +
            `VALUES ('bad.enormous', REPEAT('x', ${12 << 20}))`);
        await emptied();
        const row = await stack.sql.one('SELECT status, detail FROM ' +
            "rejections WHERE detail LIKE '%bad.enormous%'");
        assert.equal(row.status, 413);
        assert.ok(await rssOf(await mover()) - before < 8 << 20);
    });
});

function rssOf(pid) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) << 10;
}

describe('very many rows', () => {
    test('100,000 are moved, each once, in memory that stays flat',
        { timeout: slow(180_000) }, async () => {
            await subscribeHeld('many.event');
            const pid = await mover();
            const before = rssOf(pid);
            await emitMany('many.event', 100_000);
            const began = Date.now();
            let most = 0;
            await eventually('the outbox is empty', async () => {
                most = Math.max(most, rssOf(pid));
                return (await stack.sql.count(
                    'SELECT COUNT(*) FROM outbox')) === 0;
            }, 90_000);
            console.log(`# 100,000 rows in ${Date.now() - began} ms, ` +
                `${(most - before) >> 20} MB more memory at most`);
            await assertEachOnce('many.event', 100_000);
            // Sanitizers keep freed memory for a while.
            if (!process.env.SAN)
                assert.ok(most - before < 24 << 20, `${most - before} bytes`);
        });

    test('the mover killed in the middle: the next one goes on, each once',
        { timeout: slow(180_000) }, async () => {
            await subscribeHeld('killed.event');
            const pid = await mover();
            await emitMany('killed.event', 60_000);
            await eventually('some are moved', async () => {
                const left = await stack.sql.count(
                    'SELECT COUNT(*) FROM outbox');
                return left < 55_000;
            });
            process.kill(pid, 'SIGKILL');
            const left = await stack.sql.count('SELECT COUNT(*) FROM outbox');
            assert.ok(left > 0, 'it was killed in the middle');
            await emptied((LEASE_S + 40) * 1000);
            await assertEachOnce('killed.event', 60_000);
            assert.notEqual(await mover(), pid);
            await stack.restart('worker');
        });
});

// A socket in front of the database that ends the connection at the COMMIT of
// the mover's transaction, before or after the server has seen it.
class FaultyDatabase {
    async open(path, server) {
        this.failures = 0;
        this.failed = 0;
        this.after = false;
        this.proxy = net.createServer((client) => this.join(client, server));
        await new Promise((resolve) => this.proxy.listen(path, resolve));
    }

    join(client, path) {
        const server = net.connect(path);
        let moving = false;
        client.on('data', (data) => {
            const text = data.toString('latin1');
            moving ||= text.includes('DELETE o FROM');
            if (moving && text.endsWith('\x03COMMIT')) {
                moving = false;
                if (this.failed < this.failures) {
                    this.failed++;
                    if (!this.after)
                        return void client.destroy();
                    server.removeAllListeners('data');
                    server.once('data', () => client.destroy());
                }
            }
            server.write(data);
        });
        server.on('data', (data) => client.write(data));
        for (const [one, other] of [[client, server], [server, client]]) {
            one.on('error', () => {});
            one.on('close', () => other.destroy());
        }
    }

    close() {
        return new Promise((resolve) => this.proxy.close(resolve));
    }
}

describe('a worker of its own', () => {
    before(async () => {
        await stack.kill('worker', 'SIGTERM');
    });
    after(async () => {
        await stack.restart('worker');
    });

    test('whose COMMIT has no answer moves each row once',
        { timeout: slow(120_000) }, async () => {
            await subscribeHeld('unknown.event');
            const faulty = new FaultyDatabase();
            const path = join(stack.base, 'faulty.sock');
            const conf = join(stack.base, 'faulty.conf');
            await faulty.open(path, stack.env.POSTERN_DB_SOCKET);
            writeFileSync(conf, readFileSync(stack.env.POSTERN_CONF, 'utf8')
                .replace(/^db_socket *=.*$/m, `db_socket = ${path}`));
            const worker = start(stack.program('posternd'), ['-c', conf],
                { env: plainEnv() });
            try {
                for (const lostAnswer of [true, false]) {
                    faulty.after = lostAnswer;
                    faulty.failures = faulty.failed + 2;
                    await emitMany('unknown.event', 700);
                    await emptied(30_000);
                    assert.equal(faulty.failed, faulty.failures);
                }
            } finally {
                worker.child.kill('SIGTERM');
                await worker.ended;
                await faulty.close();
            }
            const { n, numbers } = await stack.sql.one('SELECT COUNT(*) n, ' +
                "COUNT(DISTINCT JSON_VALUE(payload, '$.n')) numbers " +
                "FROM events WHERE type = 'unknown.event'");
            assert.deepEqual([Number(n), Number(numbers)], [1400, 700]);
            assert.match(worker.output(), /Worker has stopped/);
        });

    test('that runs once moves and delivers what is there before it ends',
        async () => {
            const place = receiver.place('once');
            await subscribe(stack, place.url, ['once.event']);
            await emitMany('once.event', 1200);
            const done = await run(stack.program('posternd'),
                ['-c', stack.env.POSTERN_CONF, '--once', '--max-time', '55'],
                { env: plainEnv() });
            assert.equal(done.code, 0, done.stderr);
            assert.equal(await stack.sql.count(
                'SELECT COUNT(*) FROM outbox'), 0);
            assert.equal(new Set(place.requests.map((request) =>
                request.json.data.n)).size, 1200);
        });
});
