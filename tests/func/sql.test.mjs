// sql.test.mjs - what people who report with SQL rely on: names and columns of
// the views, and that no secret is to be found anywhere.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { changeConfig, reached, subscribe, trigger } from './lib/gateway.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';

const SECRET = 'raw-secret-that-must-not-be-found';
const HEADER = 'raw-header-that-must-not-be-found';

let stack;
let receiver;
let made;
before(async () => {
    [stack, receiver] = await Promise.all([Stack.start(), Receiver.start()]);
    const place = receiver.place('sql',
        { status: 500, body: 'not yet' }, { status: 200, body: 'fine' });
    made = await subscribe(stack, place.url, ['sql.event', 'sql.*'], {
        secret: SECRET, headers: { 'X-Api-Key': HEADER },
        metadata: { team: 'blue' }, retry_delay: 1, description: 'for SQL' });
    const answer = await stack.api().post('/api/events/trigger',
        { event: 'sql.event', data: { n: 1 } },
        { headers: { 'Idempotency-Key': 'sql' } });
    assert.equal(answer.status, 202, answer.text);
    const request = await place.arrived(2);
    await reached(stack, request.headers['x-webhook-delivery'], 'success');
    // A creation whose answer, with its secret, is stored for repeats.
    await stack.api().post('/api/webhooks', { url: 'https://example.com/',
        events: ['never'], secret: SECRET },
    { headers: { 'Idempotency-Key': 'create' } });
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

const columns = {
    webhook_deliveries: ['id', 'subscription_id', 'event_id', 'event_type',
        'status', 'attempt_count', 'response_code', 'response_body',
        'error_message', 'created_at', 'next_retry_at', 'completed_at',
        'duration_ms'],
    webhooks: ['id', 'url', 'events', 'secret', 'active', 'retry_count',
        'retry_delay', 'timeout', 'headers', 'metadata', 'created_at',
        'updated_at'],
    delivery_attempts: ['id', 'webhook_id', 'payload_id', 'attempt_number',
        'status', 'response_code', 'response_body', 'error_message',
        'timestamp', 'duration_ms'],
};

describe('views', () => {
    for (const [view, want] of Object.entries(columns)) {
        test(`${view} has the documented columns, in that order`, async () => {
            const have = await stack.sql.column('SELECT column_name FROM ' +
                'information_schema.columns WHERE table_schema = DATABASE() ' +
                'AND table_name = ? ORDER BY ordinal_position', [view]);
            assert.deepEqual(have, want);
        });
    }

    test('webhook_subscriptions exists and shows the subscription',
        async () => {
            const row = await stack.sql.one('SELECT * FROM ' +
                'webhook_subscriptions WHERE id = ?', [made.id]);
            assert.equal(row.url, made.url);
            assert.equal(row.description, 'for SQL');
        });

    test('they are views with the rights of who asks', async () => {
        const rows = await stack.sql.rows('SELECT table_name, security_type ' +
            'FROM information_schema.views WHERE table_schema = DATABASE()');
        assert.ok(rows.length >= 4);
        for (const row of rows)
            assert.equal(row.security_type, 'INVOKER', row.table_name);
    });

    test('there are no triggers, routines or events', async () => {
        for (const [what, column] of [['triggers', 'trigger_schema'],
            ['routines', 'routine_schema'], ['events', 'event_schema']])
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM ' +
                `information_schema.${what} WHERE ${column} = DATABASE()`), 0);
    });

    test('webhooks shows no secret and masks headers', async () => {
        const row = await stack.sql.one('SELECT * FROM webhooks WHERE id = ?',
            [made.id]);
        assert.equal(row.secret, null);
        assert.deepEqual(JSON.parse(row.events), ['sql.event', 'sql.*']);
        assert.deepEqual(JSON.parse(row.metadata), { team: 'blue' });
        assert.deepEqual(Object.keys(JSON.parse(row.headers)), ['X-Api-Key']);
        assert.ok(!row.headers.includes(HEADER));
        assert.equal(Number(row.timeout), 10);
        assert.equal(Number(row.active), 1);
    });

    test('delivery_attempts has a row for each attempt', async () => {
        const rows = await stack.sql.rows('SELECT * FROM delivery_attempts ' +
            'WHERE webhook_id = ? ORDER BY attempt_number', [made.id]);
        assert.deepEqual(rows.map((row) => [Number(row.attempt_number),
            row.status, Number(row.response_code)]),
        [[1, 'failed', 500], [2, 'success', 200]]);
        assert.equal(new Set(rows.map((row) => String(row.id))).size, 2);
    });

    test('times are right in every session time zone', async () => {
        const { sql } = stack;
        for (const zone of ['+00:00', '+09:00', '-08:00']) {
            await sql.rows('SET time_zone = ?', [zone]);
            for (const [view, column] of [['webhook_deliveries', 'created_at'],
                ['webhook_deliveries', 'completed_at'],
                ['delivery_attempts', 'timestamp'],
                ['webhooks', 'created_at'], ['webhooks', 'updated_at'],
                ['webhook_subscriptions', 'created_at']]) {
                const off = await sql.value('SELECT MAX(ABS(TIMESTAMPDIFF(' +
                    `SECOND, \`${column}\`, NOW()))) FROM ${view}`);
                assert.ok(off !== null && Number(off) < 600,
                    `${view}.${column} at ${zone}: ${off} s off`);
            }
        }
        await sql.rows("SET time_zone = '+00:00'");
    });
});

describe('secrets', () => {
    test('none is found in any column of any table or view', async () => {
        const { sql, env } = stack;
        const needles = [SECRET, HEADER, env.SUPABASE_SECRET,
            env.NOTION_SECRET, env.POSTERN_ADMIN_TOKEN];
        const tables = await sql.column('SELECT table_name FROM ' +
            'information_schema.tables WHERE table_schema = DATABASE()');
        assert.ok(tables.length >= 15);
        for (const table of tables) {
            for (const row of await sql.rows(`SELECT * FROM \`${table}\``)) {
                for (const [column, value] of Object.entries(row)) {
                    const text = Buffer.isBuffer(value)
                        ? value.toString('latin1') : String(value);
                    for (const needle of needles)
                        assert.ok(!text.includes(needle),
                            `a secret stands in ${table}.${column}`);
                }
            }
        }
    });

    test('none is found in any log', () => {
        const logs = stack.logs();
        for (const needle of [SECRET, HEADER, stack.env.SUPABASE_SECRET,
            stack.env.NOTION_SECRET, stack.env.POSTERN_ADMIN_TOKEN])
            assert.ok(!logs.includes(needle));
    });

    test('a sealed value copied to another row does not open there',
        async () => {
            const place = receiver.place('copied');
            const one = await subscribe(stack, place.url, ['copied'],
                { retry_count: 0 });
            const { sql } = stack;
            await changeConfig(stack, 'UPDATE subscriptions a JOIN ' +
                'subscriptions b ON b.id = ? SET a.secret = b.secret, ' +
                'a.config_version = {version} WHERE a.id = ?',
            [made.id, one.id]);
            const { event_id } = await trigger(stack, 'copied', {});
            await stack.drained();
            assert.equal(place.requests.length, 0, 'nothing goes out unsigned');
            const [row] = await sql.rows('SELECT status, error_message FROM ' +
                'deliveries WHERE owner_id = ?', [one.id]);
            assert.equal(row.status, 'failed', event_id);
            assert.match(row.error_message, /secret/i);
        });
});

test('every table has a primary key and is InnoDB', async () => {
    const rows = await stack.sql.rows('SELECT t.table_name name, t.engine, ' +
        '(SELECT COUNT(*) FROM information_schema.statistics s WHERE ' +
        's.table_schema = t.table_schema AND s.table_name = t.table_name AND ' +
        "s.index_name = 'PRIMARY') pk FROM information_schema.tables t " +
        "WHERE t.table_schema = DATABASE() AND t.table_type = 'BASE TABLE'");
    for (const row of rows) {
        assert.equal(row.engine, 'InnoDB', row.name);
        assert.ok(Number(row.pk) > 0, row.name);
    }
});

test('partitions of the coming days exist and pmax is empty', async () => {
    const rows = await stack.sql.rows('SELECT table_name name, COUNT(*) n ' +
        'FROM information_schema.partitions WHERE table_schema = DATABASE() ' +
        "AND table_name IN ('events', 'deliveries', 'attempts') " +
        'GROUP BY table_name');
    assert.equal(rows.length, 3);
    for (const row of rows)
        assert.ok(Number(row.n) >= 3, `${row.name}: ${row.n} partitions`);
    for (const table of ['events', 'deliveries', 'attempts'])
        assert.equal(await stack.sql.count(
            `SELECT COUNT(*) FROM ${table} PARTITION (pmax)`), 0, table);
});
