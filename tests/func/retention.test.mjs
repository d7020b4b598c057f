// retention.test.mjs - what is old goes, what is still needed stays: days of
// events and history, counters, ad-hoc subscriptions, answers kept for repeats.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { changeConfig, deliveriesOf, makeToken, subscribe, trigger }
    from './lib/gateway.mjs';
import { idNumber, idText } from './lib/ids.mjs';
import { Receiver } from './lib/receiver.mjs';
import { fresh } from './lib/receive_cases.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const DAY_MS = 86_400_000;
const OLD_DAYS = 200; // past every limit of the shipped configuration

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([Stack.start(), Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

const oldMs = Math.floor((Date.now() - OLD_DAYS * DAY_MS) / DAY_MS) * DAY_MS;
const oldDay = new Date(oldMs).toISOString().slice(0, 10);
const oldName = `p${oldDay.replaceAll('-', '')}`;

// The first id of a moment, and the n-th after it.
const idAt = (ms, n = 0) =>
    ((BigInt(ms - Date.UTC(2025, 0, 1)) << 22n) + BigInt(n)).toString();

const partitions = (table) => stack.sql.column('SELECT partition_name FROM ' +
    'information_schema.partitions WHERE table_schema = DATABASE() AND ' +
    'table_name = ? ORDER BY partition_ordinal_position', [table]);

// Makes a partition for the old day in front of the present first one.
async function addOldPartition(table, byId) {
    const [first] = await partitions(table);
    const bound = await stack.sql.value('SELECT partition_description FROM ' +
        'information_schema.partitions WHERE table_schema = DATABASE() AND ' +
        'table_name = ? AND partition_name = ?', [table, first]);
    const next = new Date(oldMs + DAY_MS).toISOString().slice(0, 10);
    await stack.sql.rows(`ALTER TABLE ${table} REORGANIZE PARTITION ${first} ` +
        `INTO (PARTITION ${oldName} VALUES LESS THAN ` +
        `(${byId ? idAt(oldMs + DAY_MS) : `'${next}'`}), ` +
        `PARTITION ${first} VALUES LESS THAN (${bound}))`);
}

describe('a worker that starts keeps house', () => {
    const lonely = idAt(oldMs, 1);
    const needed = idAt(oldMs, 2);
    let place;
    let subscription;
    let statsBefore;
    let adhoc;

    before(async () => {
        place = receiver.place('needed');
        subscription = await subscribe(stack, place.url, ['kept.event']);
        await stack.api().post(`/api/webhooks/${subscription.id}/pause`);
        const { event_id } = await trigger(stack, 'kept.event', { n: 1 });
        for (let i = 0; i < 3; i++)
            await stack.receive('supabase', fresh());
        await eventually('the inbound events are processed', async () =>
            (await stack.api().get('/api/v1/webhooks/stats')).json
                .total_processed === 3);
        statsBefore = (await stack.api().get('/api/v1/webhooks/stats')).text;

        // An ad-hoc subscription of two hours ago.
        const test = await stack.api().post('/api/webhooks/test',
            { url: place.url, event: 'test.ping', data: {} });
        assert.equal(test.status, 200, test.text);
        adhoc = await stack.sql.value(
            'SELECT id FROM subscriptions WHERE adhoc = 1');
        await changeConfig(stack, 'UPDATE subscriptions SET created_at = ' +
            'NOW(6) - INTERVAL 2 HOUR, config_version = {version} ' +
            'WHERE id = ?', [adhoc]);
        await stack.api().post('/api/webhooks',
            { url: 'https://example.com/', events: ['x'] },
            { headers: { 'Idempotency-Key': 'old' } });

        await stack.kill('worker', 'SIGTERM');
        const { sql } = stack;
        await addOldPartition('events', true);
        await addOldPartition('deliveries', false);
        await addOldPartition('attempts', false);
        const number = idNumber(event_id);
        for (const id of [lonely, needed])
            await sql.rows('INSERT INTO events (id, application_id, ' +
                'source_id, type, verified, payload) SELECT ?, ' +
                'application_id, source_id, type, verified, payload ' +
                'FROM events WHERE id = ?', [id, number]);
        await sql.rows('UPDATE jobs SET event_id = ? WHERE event_id = ?',
            [needed, number]);
        await sql.rows('INSERT INTO deliveries (id, done_day, kind, ' +
            'application_id, owner_id, event_id, event_type, status, ' +
            'attempts, duration_ms, completed_at) VALUES (?, ?, 1, 1, ?, ?, ' +
            "'kept.event', 'success', 1, 5, ?)",
        [idAt(oldMs, 9), oldDay, subscription.id, lonely,
            `${oldDay} 12:00:00`]);
        await sql.rows('UPDATE rollup_sources SET hour = ?',
            [`${oldDay} 12:00:00`]);
        await sql.rows('UPDATE idempotency SET created_at = ' +
            'NOW(6) - INTERVAL 25 HOUR');
        // It was not running at the time of yesterday's cleanup.
        await sql.rows('UPDATE housekeeping SET value = value - ? ' +
            "WHERE name = 'cleanup'", [DAY_MS * 1000]);
        await stack.restart('worker');
    });

    test('the old day of events and history is dropped', async () => {
        for (const table of ['events', 'deliveries', 'attempts'])
            await eventually(`${table} has no ${oldName}`, async () =>
                !(await partitions(table)).includes(oldName));
        assert.equal(await stack.sql.count(
            'SELECT COUNT(*) FROM events WHERE id = ?', [lonely]), 0);
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM deliveries ' +
            'WHERE done_day = ?', [oldDay]), 0);
    });

    test('says in its log what has gone', async () => {
        await eventually('the line is there', () =>
            /Old history removed.* table=events days=1 /.test(stack.logs()) &&
            /Cleanup done/.test(stack.logs()));
    });

    test('an event that a waiting job needs is kept and delivered',
        async () => {
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM ' +
                'events_kept WHERE id = ?', [needed]), 1);
            const resumed = await stack.api().post(
                `/api/webhooks/${subscription.id}/resume`);
            assert.equal(resumed.status, 200, resumed.text);
            const request = await eventually('it arrives', () =>
                place.requests.find((r) => r.headers['webhook-id'] ===
                    idText('evt', needed)));
            assert.deepEqual(request.json.data, { n: 1 });
            assert.ok(request.json.timestamp.startsWith(oldDay));
            await eventually('it is in the history', async () =>
                (await deliveriesOf(stack, idText('evt', needed)))[0]
                    ?.status === 'success');
        });

    test('all-time statistics stay when their hour is folded', async () => {
        await eventually('the hour is folded', async () =>
            (await stack.sql.count('SELECT COUNT(*) FROM rollup_sources ' +
                "WHERE hour > '1971-01-01'")) === 0);
        assert.equal((await stack.api().get('/api/v1/webhooks/stats')).text,
            statsBefore);
    });

    test('days ahead are made again', async () => {
        for (const table of ['events', 'deliveries', 'attempts']) {
            const names = await partitions(table);
            assert.ok(names.length >= 4, `${table}: ${names}`);
            assert.equal(names.at(-1), 'pmax');
        }
    });

    test('ad-hoc subscriptions are removed after an hour', async () => {
        await eventually('it is gone', async () => (await stack.sql.count(
            'SELECT COUNT(*) FROM subscriptions WHERE id = ? AND ' +
            'deleted_at IS NULL', [adhoc])) === 0);
    });

    test('answers kept for repeats are forgotten after a day', async () => {
        await eventually('they are gone', async () => (await stack.sql.count(
            'SELECT COUNT(*) FROM idempotency')) === 0);
        const answer = await stack.api().post('/api/webhooks',
            { url: 'https://example.com/', events: ['other'] },
            { headers: { 'Idempotency-Key': 'old' } });
        assert.equal(answer.status, 201, answer.text);
    });
});

describe('an application with a retention of its own', () => {
    let short;
    let long;
    const DAYS = [2, 6, 12, 40];
    const name = (days) => `p${new Date(Date.now() - days * DAY_MS)
        .toISOString().slice(0, 10).replaceAll('-', '')}`;

    // Partitions for every day of the last forty.
    async function addDays(table, byId) {
        const [first] = await partitions(table);
        const bound = await stack.sql.value('SELECT partition_description ' +
            'FROM information_schema.partitions WHERE table_schema = ' +
            'DATABASE() AND table_name = ? AND partition_name = ?',
        [table, first]);
        const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
        const parts = [];
        for (let days = 42; name(days) < first; days--) {
            const end = today - (days - 1) * DAY_MS;
            parts.push(`PARTITION ${name(days)} VALUES LESS THAN (${byId
                ? idAt(end) : `'${new Date(end).toISOString().slice(0, 10)}'`
            })`);
        }
        await stack.sql.rows(`ALTER TABLE ${table} REORGANIZE PARTITION ` +
            `${first} INTO (${parts.join(',')}, PARTITION ${first} VALUES ` +
            `LESS THAN (${bound}))`);
    }

    const number = (app) => idNumber(app.id);

    async function addHistory(app, webhook) {
        for (const days of DAYS) {
            const at = Date.now() - days * DAY_MS;
            const day = new Date(at).toISOString().slice(0, 10);
            const id = idAt(at, Number(number(app)));
            await stack.sql.rows('INSERT INTO events (id, application_id, ' +
                "type, verified, payload) VALUES (?, ?, 'a.b', 1, '{}')",
            [id, number(app)]);
            await stack.sql.rows('INSERT INTO deliveries (id, done_day, ' +
                'kind, application_id, owner_id, event_id, event_type, ' +
                'status, attempts, duration_ms, completed_at) VALUES ' +
                "(?, ?, 1, ?, ?, ?, 'a.b', 'success', 1, 5, ?)",
            [id, day, number(app), webhook.id, id, `${day} 12:00:00`]);
        }
    }

    const ages = async (app) => (await stack.sql.column('SELECT ' +
        'DATEDIFF(UTC_DATE(), done_day) FROM deliveries WHERE ' +
        'application_id = ? ORDER BY id DESC', [number(app)])).map(Number);
    const events = (app) => stack.sql.count('SELECT COUNT(*) FROM events ' +
        'WHERE application_id = ?', [number(app)]);

    before(async () => {
        const api = stack.api();
        const made = await api.post('/api/applications',
            { name: 'short', retention_days: 5 });
        assert.equal(made.status, 201, made.text);
        short = made.json;
        const added = await stack.cli('application', 'add', 'long',
            '--retention-days', '60', '--json');
        assert.equal(added.code, 0, added.stderr);
        long = JSON.parse(added.stdout);
        await stack.sql.rows('UPDATE applications SET created_at = ' +
            'NOW(6) - INTERVAL 100 DAY');
        await addDays('events', true);
        await addDays('deliveries', false);
        for (const app of [short, long])
            await addHistory(app, await subscribe(stack,
                'https://example.com/', ['nothing'], { application: app.id }));
    });

    test('shows it', async () => {
        assert.equal(short.retention_days, 5);
        assert.equal(long.retention_days, 60);
        const { json } = await stack.api().get('/api/applications');
        assert.deepEqual(json.map((app) => [app.name, app.retention_days]),
            [['default', null], ['short', 5], ['long', 60]]);
        const { stdout } = await stack.cli('application', 'list');
        assert.match(stdout, /short +5 /);
    });

    test('keeps its history for so long, and no other does', async () => {
        const done = await stack.cli('cleanup', 'run', '--json');
        assert.equal(done.code, 0, done.stderr);
        const counts = JSON.parse(done.stdout);
        assert.equal(counts.complete, true);
        assert.equal(counts.deliveries.rows, 3);
        assert.deepEqual(await ages(short), [2]);
        assert.deepEqual(await ages(long), DAYS);
        assert.equal(await events(short), 1);
        assert.equal(await events(long), 4);
        assert.ok((await partitions('events')).includes(name(40)));
    });

    test('gives it up, and its old days go', async () => {
        const changed = await stack.cli('application', 'set', 'long',
            '--retention-days', 'default');
        assert.equal(changed.code, 0, changed.stderr);
        const done = await stack.cli('cleanup', 'run');
        assert.equal(done.code, 0, done.stderr);
        assert.match(done.stdout, /^events +\d+ days, and 0 rows/m);
        assert.deepEqual(await ages(long), [2, 6, 12]);
        assert.ok(!(await partitions('events')).includes(name(40)));
        const path = `/api/applications/${long.id}`;
        const answer = await stack.api().patch(path, { retention_days: 10 });
        assert.equal(answer.json.retention_days, 10, answer.text);
        await stack.cli('cleanup', 'run');
        assert.deepEqual(await ages(long), [2, 6]);
    });

    test('takes nothing but days', async () => {
        const api = stack.api();
        const path = `/api/applications/${short.id}`;
        for (const [value, type] of [[0, 'value_error.number.not_ge'],
            [3651, 'value_error.number.not_le'], ['7', 'type_error.int'],
            [1.5, 'type_error.int']]) {
            const answer = await api.patch(path, { retention_days: value });
            assert.equal(answer.status, 422, answer.text);
            assert.deepEqual(answer.json.detail[0].loc,
                ['body', 'retention_days']);
            assert.equal(answer.json.detail[0].type, type);
        }
        assert.equal((await api.patch(path, { name: 'x' })).status, 422);
        assert.equal((await api.get(path)).json.retention_days, 5);
        const bad = await stack.cli('application', 'set', 'short',
            '--retention-days', '0');
        assert.equal(bad.code, 65, bad.stderr);
        assert.equal((await stack.cli('application', 'set', 'nobody',
            '--retention-days', '7')).code, 66);
    });

    test('is changed by an administrator alone', async () => {
        const own = await makeToken(stack, 'app', 'short');
        const api = stack.api(own.token);
        assert.equal((await api.get(`/api/applications/${short.id}`)).json
            .retention_days, 5);
        assert.deepEqual((await api.get('/api/applications')).json
            .map((app) => app.name), ['short']);
        assert.equal((await api.get(`/api/applications/${long.id}`)).status,
            404);
        assert.equal((await api.patch(`/api/applications/${short.id}`,
            { retention_days: 100 })).status, 403);
        assert.equal((await api.post('/api/applications', { name: 'more' }))
            .status, 403);
        assert.equal((await stack.api().post('/api/applications',
            { name: 'short' })).status, 409);
    });

    test('is told when the next cleanup is', async () => {
        const { stdout, code } = await stack.cli('cleanup', 'status', '--json');
        assert.equal(code, 0);
        const { last, next } = JSON.parse(stdout);
        assert.equal(Date.parse(next) - Date.parse(last), DAY_MS);
        assert.match(next, /T02:00:00Z$/);
    });
});
