// faults.test.mjs - processes die at the worst moment; every event that was
// answered 2xx is accounted for by id afterwards.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { deliveriesOf, reached, subscribe, trigger } from './lib/gateway.mjs';
import { assertGolden } from './lib/golden.mjs';
import { idText } from './lib/ids.mjs';
import { gate, Receiver } from './lib/receiver.mjs';
import { alive, Stack } from './lib/stack.mjs';
import { supabaseRequest, Traffic } from './lib/traffic.mjs';
import { eventually, slow, within } from './lib/wait.mjs';

const LEASE_S = 5; // the shortest that the settings allow

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ workers: 2, conf: { lease_s: String(LEASE_S),
            grace_s: '10' } }),
        Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

// Ids that are in `a` and not in `b`, at most a few of them.
function missingFrom(a, b) {
    const has = new Set(b);
    return [...new Set(a)].filter((id) => !has.has(id)).slice(0, 10);
}

// Every acknowledged id has its event, its record and its delivery.
async function assertAccounted(table, acknowledged, place) {
    await stack.drained(60_000);
    const { sql } = stack;
    const events = await sql.rows('SELECT id, CONVERT(JSON_VALUE(payload, ' +
        "'$.record_id') USING utf8mb4) record FROM events WHERE type = ?",
    [`supabase.${table}.insert`]);
    const records = await sql.column(
        'SELECT record_id FROM records WHERE table_name = ?', [table]);
    assert.deepEqual(missingFrom(acknowledged,
        events.map((event) => event.record)), [], 'events lost');
    assert.deepEqual(missingFrom(acknowledged, records), [],
        'records not mirrored');
    assert.equal(new Set(events.map((event) => event.record)).size,
        events.length, 'each event is stored once');
    const delivered = place.requests.map((r) => r.json.data.record_id);
    assert.deepEqual(missingFrom(acknowledged, delivered), [],
        'deliveries lost');
    // A repeat comes with the same id, never without one.
    const byRecord = new Map(events.map((event) =>
        [event.record, idText('evt', event.id)]));
    for (const request of place.requests)
        assert.equal(request.headers['webhook-id'],
            byRecord.get(request.json.data.record_id));
    return events;
}

describe('MariaDB', () => {
    test('killed and restarted under traffic: 503 meanwhile, nothing lost',
        { timeout: slow(180_000) }, async () => {
            const place = receiver.place('db-killed');
            await subscribe(stack, place.url, ['supabase.db_killed.*'],
                { retry_delay: 1 });
            const traffic = new Traffic(stack, 8, (n) => supabaseRequest(
                stack.env.SUPABASE_SECRET, 'db_killed', `k-${n}`));
            try {
                await traffic.until('100 events are accepted',
                    (t) => t.acknowledged.length >= 100);
                await stack.kill('db', 'SIGKILL');
                await traffic.until('20 answers are 503',
                    (t) => t.refused.length >= 20, 60_000);
                await stack.restart('db');
                const so_far = traffic.acknowledged.length;
                await traffic.until('100 more events are accepted', (t) =>
                    t.acknowledged.length >= so_far + 100, 60_000);
            } finally {
                await traffic.stop();
            }
            assert.deepEqual(traffic.others.slice(0, 5), [],
                'answers are 2xx or 503 and nothing else');
            for (const answer of traffic.refused) {
                assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
                assertGolden(answer.body, 'receive_unavailable');
            }
            await assertAccounted('db_killed', traffic.acknowledged, place);
            console.log(`# accepted ${traffic.acknowledged.length}, ` +
                `503 ${traffic.refused.length}`);
        });

    test('while it is away the API answers 503, /health too, and recovers',
        { timeout: slow(90_000) }, async () => {
            await stack.kill('db', 'SIGKILL');
            try {
                const api = stack.api();
                for (const answer of [await api.get('/api/webhooks'),
                    await api.post('/api/webhooks',
                        { url: 'https://example.com/', events: ['x'] }),
                    await api.post('/api/events/trigger',
                        { event: 'x', data: {} })]) {
                    assert.equal(answer.status, 503, answer.text);
                    assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
                    assertGolden(answer.body, 'api_unavailable');
                }
                const health = await api.get('/health');
                assert.equal(health.status, 503, health.text);
                assertGolden(health.body, 'health_unhealthy',
                    { version: '\\d+\\.\\d+\\.\\d+' });
                const live = await api.get('/health/live');
                assert.equal(live.status, 200, live.text);
            } finally {
                await stack.restart('db');
            }
            await eventually('/health is 200', async () =>
                (await stack.api().get('/health')).status === 200);
            const answer = await stack.api().get('/api/webhooks');
            assert.equal(answer.status, 200, answer.text);
        });
});

describe('the worker', () => {
    test('killed in mid-flight: the next one delivers after the lease',
        { timeout: slow(120_000) }, async () => {
            const hold = gate();
            const places = [];
            const ids = new Map();
            for (let i = 0; i < 10; i++) {
                const place = receiver.place(`worker-killed-${i}`,
                    { hold: hold.promise, status: 200 }, 200);
                await subscribe(stack, place.url, [`worker.killed.${i}`]);
                places.push(place);
                ids.set(place, (await trigger(stack, `worker.killed.${i}`,
                    { i })).event_id);
            }
            await Promise.all(places.map((place) => place.arrived(1)));
            await stack.kill('worker', 'SIGKILL');
            await stack.restart('worker');
            await Promise.all(places.map((place) =>
                place.arrived(2, (LEASE_S + 15) * 1000)));
            hold.open();
            for (const place of places) {
                const [first, second] = place.requests;
                assert.equal(first.headers['webhook-id'], ids.get(place));
                assert.equal(second.headers['webhook-id'], ids.get(place));
                assert.equal(second.headers['x-webhook-delivery'],
                    first.headers['x-webhook-delivery']);
                assert.deepEqual(second.body, first.body);
                const done = await reached(stack,
                    first.headers['x-webhook-delivery'], 'success');
                assert.equal(done.attempt_count, 1,
                    'an attempt of which nobody knows the end is not counted');
            }
        });

    test('killed while a backlog drains: every event is delivered',
        { timeout: slow(120_000) }, async () => {
            const place = receiver.place('backlog');
            await subscribe(stack, place.url, ['backlog.event']);
            const sent = [];
            for (let batch = 0; batch < 4; batch++) {
                const answer = await stack.api().post('/api/events/trigger',
                    Array.from({ length: 500 }, (_, i) => ({
                        event: 'backlog.event',
                        data: { i: batch * 500 + i } })));
                assert.equal(answer.status, 202, answer.text.slice(0, 200));
                sent.push(...answer.json.map((item) => item.event_id));
                if (batch === 1)
                    await place.arrived(200);
            }
            await stack.kill('worker', 'SIGKILL');
            await stack.restart('worker');
            await stack.drained(60_000);
            assert.deepEqual(missingFrom(sent, place.requests.map((r) =>
                r.headers['webhook-id'])), [], 'events not delivered');
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM ' +
                "deliveries WHERE event_type = 'backlog.event' AND " +
                "status = 'success'"), sent.length);
        });

    test('two at once deliver each event exactly once',
        { timeout: slow(120_000) }, async () => {
            assert.equal(stack.pids('worker').length, 2);
            const places = [];
            for (let i = 0; i < 20; i++) {
                const place = receiver.place(`pair-${i}`);
                await subscribe(stack, place.url, ['pair.event']);
                places.push(place);
            }
            const answer = await stack.api().post('/api/events/trigger',
                Array.from({ length: 200 }, (_, i) => ({
                    event: 'pair.event', data: { i } })));
            assert.equal(answer.status, 202, answer.text.slice(0, 200));
            await stack.drained(60_000);
            const want = answer.json.map((item) => item.event_id).sort();
            for (const place of places)
                assert.deepEqual(place.requests.map((r) =>
                    r.headers['webhook-id']).sort(), want);
            const owners = await stack.sql.column('SELECT DISTINCT node ' +
                'FROM shards WHERE lease_until > UTC_TIMESTAMP(6)');
            assert.equal(owners.length, 2, 'both workers own shards');
        });

    test('stopped beyond its lease and continued: nothing lost, none twice',
        { timeout: slow(120_000) }, async () => {
            const [sleeper] = stack.pids('worker');
            const hold = gate();
            const places = [];
            for (let i = 0; i < 16; i++) {
                const place = receiver.place(`sleeper-${i}`,
                    { hold: hold.promise, status: 200 }, 200);
                await subscribe(stack, place.url, ['sleeper.event'],
                    { timeout: 60, max_concurrency: 2 });
                places.push(place);
            }
            const sent = (await stack.api().post('/api/events/trigger',
                Array.from({ length: 20 }, (_, i) => ({
                    event: 'sleeper.event', data: { i } })))).json
                .map((item) => item.event_id).sort();
            await Promise.all(places.map((place) => place.arrived(1)));
            process.kill(sleeper, 'SIGSTOP');
            try {
                await eventually('the other worker owns every shard',
                    async () => (await stack.sql.column('SELECT DISTINCT ' +
                        'node FROM shards WHERE lease_until > ' +
                        'UTC_TIMESTAMP(6)')).length === 1 &&
                        await stack.sql.count('SELECT COUNT(*) FROM shards ' +
                        'WHERE lease_until > UTC_TIMESTAMP(6)') === 64,
                    (LEASE_S + 20) * 1000);
                // Those that were with the sleeper come again from the other.
                hold.open();
                await stack.drained(60_000);
            } finally {
                process.kill(sleeper, 'SIGCONT');
            }
            await eventually('the sleeper owns shards again', async () =>
                (await stack.sql.column('SELECT DISTINCT node FROM shards ' +
                    'WHERE lease_until > UTC_TIMESTAMP(6)')).length === 2,
            (LEASE_S + 20) * 1000);
            assert.ok(alive(sleeper));
            assert.match(stack.logs(), /Leases ran out before the database/,
                'and says why it has stopped its requests');
            for (const place of places)
                assert.deepEqual(missingFrom(sent, place.requests.map((r) =>
                    r.headers['webhook-id'])), []);
            const { sql } = stack;
            const archived = await sql.one('SELECT COUNT(*) n, ' +
                'COUNT(DISTINCT event_id, owner_id) pairs FROM deliveries ' +
                "WHERE event_type = 'sleeper.event' AND status = 'success'");
            assert.equal(Number(archived.n), 20 * 16);
            assert.equal(Number(archived.pairs), 20 * 16);
            const counted = await sql.count('SELECT SUM(successful) FROM ' +
                "rollup_types WHERE event_type = 'sleeper.event'");
            assert.equal(counted, 20 * 16, 'counted once each');
        });

    test('SIGTERM lets what flies land, then it leaves at once',
        { timeout: slow(60_000) }, async () => {
            const hold = gate();
            const place = receiver.place('landing',
                { hold: hold.promise, status: 200 });
            await subscribe(stack, place.url, ['landing.event']);
            const { event_id } = await trigger(stack, 'landing.event', {});
            await place.arrived(1);
            for (const pid of stack.pids('worker'))
                process.kill(pid, 'SIGTERM');
            // Made after the signal: for the next worker.
            const later = receiver.place('landing-later');
            await subscribe(stack, later.url, ['landing.later']);
            await eventually('only one worker is left', () =>
                stack.pids('worker').filter(alive).length === 1);
            hold.open();
            await eventually('the workers are gone', () =>
                stack.pids('worker').filter(alive).length === 0, 5000);
            assert.equal(place.requests.length, 1);
            const [row] = await deliveriesOf(stack, event_id);
            assert.equal(row.status, 'success');
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM shards ' +
                'WHERE lease_until > UTC_TIMESTAMP(6)'), 0,
            'leases are given back');

            await trigger(stack, 'landing.later', {});
            await stack.restart('worker');
            await later.arrived(1, 3000);
        });
});

describe('the responder', () => {
    test('SIGTERM under load: no request that was answered 2xx is lost',
        { timeout: slow(120_000) }, async () => {
            const place = receiver.place('responder');
            await subscribe(stack, place.url, ['supabase.responder.*']);
            const traffic = new Traffic(stack, 16, (n) => supabaseRequest(
                stack.env.SUPABASE_SECRET, 'responder', `r-${n}`));
            try {
                await traffic.until('100 events are accepted',
                    (t) => t.acknowledged.length >= 100);
                const old = stack.pids('responder');
                await within(stack.kill('responder', 'SIGTERM'), 10_000,
                    'the responder leaves');
                await stack.restart('responder');
                assert.ok(!old.some((pid) =>
                    stack.pids('responder').includes(pid)));
                const so_far = traffic.acknowledged.length;
                await traffic.until('100 more events are accepted', (t) =>
                    t.acknowledged.length >= so_far + 100, 30_000);
            } finally {
                await traffic.stop();
            }
            // Without a responder the web server answers for itself.
            for (const other of traffic.others)
                assert.match(other, /^50[234] /);
            await assertAccounted('responder', traffic.acknowledged, place);
        });

    test('SIGKILL under load: no request that was answered 2xx is lost',
        { timeout: slow(120_000) }, async () => {
            const place = receiver.place('responder-killed');
            await subscribe(stack, place.url, ['supabase.responder_killed.*']);
            const traffic = new Traffic(stack, 16, (n) => supabaseRequest(
                stack.env.SUPABASE_SECRET, 'responder_killed', `q-${n}`));
            try {
                await traffic.until('100 events are accepted',
                    (t) => t.acknowledged.length >= 100);
                await stack.kill('responder', 'SIGKILL');
                await stack.restart('responder');
                const so_far = traffic.acknowledged.length;
                await traffic.until('50 more events are accepted', (t) =>
                    t.acknowledged.length >= so_far + 50, 30_000);
            } finally {
                await traffic.stop();
            }
            await assertAccounted('responder_killed', traffic.acknowledged,
                place);
        });
});

test('after all that, numbers of jobs and history agree', async () => {
    await stack.drained(60_000);
    const { sql } = stack;
    const events = await sql.count('SELECT COUNT(*) FROM events ' +
        'WHERE source_id <> 0');
    const processed = await sql.count('SELECT COUNT(DISTINCT event_id) FROM ' +
        "deliveries WHERE kind = 2 AND status = 'success'");
    assert.equal(processed, events, 'each inbound event is processed');
    const stats = (await stack.api().get('/api/v1/webhooks/stats')).json;
    assert.equal(stats.total_processed, events, 'and counted once');
});
