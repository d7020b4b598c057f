// lanes.test.mjs - receivers that fail, are slow, want little, or want order:
// what becomes of them, and of their neighbours.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { changeConfig, closedPort, deliveriesOf, deliveryId, reached, subscribe,
    trigger } from './lib/gateway.mjs';
import { idText } from './lib/ids.mjs';
import { gate, Receiver } from './lib/receiver.mjs';
import { Sql } from './lib/sql.mjs';
import { plainEnv, run, Stack } from './lib/stack.mjs';
import { supabaseRequest, Traffic } from './lib/traffic.mjs';
import { eventually, slow, within } from './lib/wait.mjs';

const OPEN_S = 2; // +- 20 %
const SLOTS = 40;
const LEASE_S = 5; // the shortest that the settings allow

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ workers: 2, conf: { lease_s: String(LEASE_S),
            slots: String(SLOTS), lane_window: '20', grace_s: '2',
            breaker_open_s: String(OPEN_S), breaker_max_s: '60' } }),
        Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

function laneState(subscription) {
    return stack.sql.rows('SELECT * FROM lane_state WHERE lane = ? << 32',
        [subscription.id]).then((rows) => rows[0]);
}

async function triggerMany(event, count, more = {}) {
    const answer = await stack.api().post('/api/events/trigger',
        Array.from({ length: count }, (_, i) => ({ event, data: { i },
            ...more })));
    assert.equal(answer.status, 202, answer.text.slice(0, 300));
    return answer.json.map((item) => item.event_id);
}

// The most of these times (in ms) that lie within any `ms`.
function mostWithin(ms, times) {
    const at = [...times].sort((a, b) => a - b);
    let most = 0;
    for (let from = 0, to = 0; to < at.length; to++) {
        while (at[to] - at[from] >= ms)
            from++;
        most = Math.max(most, to - from + 1);
    }
    return most;
}

// At the receiver no second has more.
function assertLimited(place, limit) {
    const came = mostWithin(1000, place.requests.map((r) => r.at));
    assert.ok(came <= limit, `${came} came within a second`);
}

describe('a receiver that does not answer', () => {
    test('is left alone after five failures, its deliveries wait unharmed, ' +
        'and it gets them all once it is back',
    { timeout: slow(90_000) }, async () => {
        let broken = true;
        const place = receiver.place('breaks', () => broken ? 500 : 200);
        const subscription = await subscribe(stack, place.url, ['breaks'],
            { retry_count: 10, retry_delay: 1 });
        const sent = await triggerMany('breaks', 60);
        const state = await eventually('the breaker is open', async () => {
            const row = await laneState(subscription);
            return row?.breaker === 'open' && row;
        });
        assert.ok(state.failing_since);
        assert.ok(state.breaker_until > state.failing_since);
        assert.equal(Number(state.breaker_trips), 1);
        // Nobody is asked for the rest: they have had no attempt.
        assert.ok(place.requests.length <= 7, `${place.requests.length}`);
        assert.ok(await stack.sql.count('SELECT COUNT(*) FROM jobs ' +
            'WHERE lane = ? << 32 AND attempts = 0', [subscription.id]) >= 50);
        const [view] = await stack.sql.rows('SELECT state FROM ' +
            'report_endpoint_health WHERE subscription_id = ?',
        [subscription.id]);
        assert.equal(view.state, 'failing');

        broken = false;
        await eventually('every one is delivered', async () =>
            await stack.sql.count('SELECT COUNT(*) FROM deliveries WHERE ' +
                "owner_id = ? AND kind = 1 AND status = 'success'",
            [subscription.id]) === sent.length, 30_000);
        const healed = await laneState(subscription);
        assert.equal(healed.breaker, 'closed');
        assert.equal(healed.failing_since, null);
        assert.ok(healed.last_success_at);
    });

    test('is asked once when its time has come, and then for twice as long ' +
        'not', { timeout: slow(60_000) }, async () => {
        const place = receiver.place('stays-broken', 500);
        await subscribe(stack, place.url, ['stays.broken'],
            { retry_count: 10, retry_delay: 60 });
        await triggerMany('stays.broken', 30);
        await place.arrived(5);
        await place.arrived(6);
        await place.arrived(7, 20_000);
        const [probe, second] = place.gaps().slice(4, 6);
        assert.ok(probe >= OPEN_S * 0.75, `probed after ${probe} s`);
        assert.ok(second >= 2 * OPEN_S * 0.75, `and after ${second} s`);
    });

    test('stays alone when the workers are new, and a test reaches it all ' +
        'the same', { timeout: slow(60_000) }, async () => {
        const place = receiver.place('survives', 500);
        const subscription = await subscribe(stack, place.url, ['survives'],
            { retry_count: 10, retry_delay: 60 });
        await triggerMany('survives', 30);
        await eventually('the breaker is open', async () =>
            (await laneState(subscription))?.breaker === 'open');
        // For longer than the restart takes.
        await stack.kill('worker', 'SIGKILL');
        await changeConfig(stack, 'UPDATE lane_state SET breaker_until = ' +
            'UTC_TIMESTAMP(6) + INTERVAL 1 HOUR WHERE lane = ? << 32 AND ' +
            '{version} > 0', [subscription.id]);
        const before = place.requests.length;
        await stack.restart('worker');
        const other = receiver.place('survives-neighbour');
        await subscribe(stack, other.url, ['survives.neighbour']);
        await trigger(stack, 'survives.neighbour', {});
        await other.arrived(1);
        assert.equal(place.requests.length, before, 'nothing was sent');
        const answer = await stack.api().post(
            `/api/webhooks/${subscription.id}/test`, {});
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.json.response_code, 500);
        assert.equal(place.requests.length, before + 1);
        assert.equal((await laneState(subscription)).breaker, 'open');
    });

    test('is tried at once when its address is mended',
        { timeout: slow(60_000) }, async () => {
            const port = await closedPort();
            const subscription = await subscribe(stack,
                `http://127.0.0.1:${port}/gone`, ['mended'],
                { retry_count: 10, retry_delay: 1 });
            await triggerMany('mended', 20);
            await eventually('the breaker is open', async () =>
                (await laneState(subscription))?.breaker === 'open');
            await stack.sql.rows('UPDATE lane_state SET breaker_until = ' +
                'UTC_TIMESTAMP(6) + INTERVAL 1 HOUR WHERE lane = ? << 32',
            [subscription.id]);
            const place = receiver.place('mended');
            const answer = await stack.api().patch(
                `/api/webhooks/${subscription.id}`, { url: place.url });
            assert.equal(answer.status, 200, answer.text);
            await place.arrived(20);
        });

    test('is disabled after five days of nothing else',
        { timeout: slow(60_000) }, async () => {
            const place = receiver.place('hopeless', 500);
            const subscription = await subscribe(stack, place.url,
                ['hopeless'], { retry_count: 10, retry_delay: 1 });
            await triggerMany('hopeless', 10);
            await eventually('the breaker is open', async () =>
                (await laneState(subscription))?.breaker === 'open');
            await stack.kill('worker', 'SIGTERM');
            await stack.sql.rows('UPDATE lane_state SET failing_since = ' +
                'UTC_TIMESTAMP(6) - INTERVAL 6 DAY, breaker_until = ' +
                'UTC_TIMESTAMP(6) WHERE lane = ? << 32', [subscription.id]);
            await stack.restart('worker');
            const row = await eventually('it is disabled', async () => {
                const found = await stack.sql.one('SELECT * FROM ' +
                    'subscriptions WHERE id = ?', [subscription.id]);
                return found.disabled_at && found;
            }, 20_000);
            assert.equal(row.disabled_reason,
                'every delivery has failed for 5 days');
            assert.equal(Number(row.active), 0);
            const state = await laneState(subscription);
            assert.equal(state.breaker, 'closed');
            assert.equal(state.failing_since, null);
        });
});

describe('neighbours', () => {
    test('of many that hang are served at once, new ones among them',
        { timeout: slow(90_000) }, async () => {
            const hold = gate();
            let ended = 0;
            const hanging = receiver.place('hangs', (request) => {
                request.closed.then(() => ended++);
                return { hold: hold.promise, status: 200 };
            });
            const quick = receiver.place('not-hanging');
            await subscribe(stack, quick.url, ['neighbours.quick']);
            await trigger(stack, 'neighbours.quick', {});
            await quick.arrived(1);
            const ids = [];
            for (let i = 0; i < 90; i++)
                ids.push((await subscribe(stack, `${hanging.url}?${i}`,
                    ['neighbours.hang'])).id);
            await changeConfig(stack, 'UPDATE subscriptions SET timeout_s = ' +
                '?, config_version = {version} WHERE id IN (?)',
            [slow(60), ids]);
            try {
                await trigger(stack, 'neighbours.hang', {});
                // A quarter and 30 % of the slots of both workers.
                await hanging.arrived(2 * 10);
                for (let n = 2; n < 30; n++) {
                    await trigger(stack, 'neighbours.quick', {});
                    await quick.arrived(n);
                }
                assert.equal(ended, 0, 'all of them hang still');
                assert.ok(hanging.requests.length <= 2 * SLOTS * 0.55,
                    `${hanging.requests.length} hang`);
            } finally {
                hold.open();
            }
            await hanging.arrived(90, 30_000);
        });

    test('a receiver that says 429 is asked again when it wants to be',
        { timeout: slow(60_000) }, async () => {
            const place = receiver.place('busy', { status: 429,
                headers: { 'Retry-After': '3' } }, 200);
            await subscribe(stack, place.url, ['busy'], { retry_delay: 1 });
            await triggerMany('busy', 10);
            await place.arrived(11, 20_000);
            const [first] = place.gaps();
            assert.ok(first >= 2.9, `asked again after ${first} s`);
        });
});

describe('a limit of deliveries per second', () => {
    test('holds in every second, and when the lane changes its owner',
        { timeout: slow(120_000) }, async () => {
            const place = receiver.place('limited');
            const subscription = await subscribe(stack, place.url,
                ['limited'], { rate_limit: 10 });
            await triggerMany('limited', 120);
            await place.arrived(25, 20_000);
            await stack.kill('worker', 'SIGTERM');
            await stack.restart('worker');
            await place.arrived(60, 30_000);
            await stack.kill('worker', 'SIGKILL');
            await stack.restart('worker');
            // What was in flight when they were killed may come twice.
            await eventually('each has come', () => new Set(
                place.requests.map((r) => r.headers['webhook-id'])).size ===
                    120, 60_000);
            await eventually('each is archived', async () =>
                await stack.sql.count('SELECT COUNT(*) FROM deliveries ' +
                    'WHERE kind = 1 AND owner_id = ?', [subscription.id]) ===
                    120);
            const begun = await stack.sql.column('SELECT UNIX_TIMESTAMP(' +
                'completed_at) * 1000 - duration_ms FROM deliveries ' +
                'WHERE kind = 1 AND owner_id = ?', [subscription.id]);
            const sent = mostWithin(990, begun.map(Number));
            assert.ok(sent <= 10, `${sent} begun in one second`);
            assertLimited(place, 10);
            assert.ok(subscription.rate_limit === 10);
        });

    // The worker that has the subscription's shard: its process.
    const ownerOf = (subscription) => stack.sql.value('SELECT n.pid FROM ' +
        'shards s JOIN nodes n ON n.node = s.node WHERE s.shard = (SELECT ' +
        'MIN(shard) FROM jobs WHERE lane = ? << 32) AND ' +
        's.lease_until > NOW(6)', [subscription.id]).then(Number);

    test('holds at the receiver while one of two workers ends, or dies, and ' +
        'the other goes on', { timeout: slow(120_000) }, async () => {
        const place = receiver.place('handed-over');
        const subscription = await subscribe(stack, place.url,
            ['handed.over'], { rate_limit: 10 });
        await triggerMany('handed.over', 150);
        for (const [signal, count] of [['SIGTERM', 25], ['SIGKILL', 75]]) {
            await place.arrived(count, 40_000);
            const owner = await ownerOf(subscription);
            assert.ok(stack.pids('worker').includes(owner), `${owner}`);
            process.kill(owner, signal);
            await eventually('the other one has it', async () => {
                const next = await ownerOf(subscription);
                return next && next !== owner;
            }, 30_000);
            await place.arrived(count + 15, 30_000);
            if (signal === 'SIGTERM')
                await stack.restart('worker');
        }
        await eventually('each has come', () => new Set(place.requests
            .map((r) => r.headers['webhook-id'])).size === 150, 60_000);
        assertLimited(place, 10);
        await stack.restart('worker');
    });

    test('counts from when a request arrives, however late it is sent',
        { timeout: slow(60_000) }, async () => {
            // A receiver that is slow to take connections, with many at once.
            const place = receiver.place('uneven', async (request, n) => {
                await new Promise((resolve) =>
                    setTimeout(resolve, n % 3 * 150));
                return 200;
            });
            await subscribe(stack, place.url, ['uneven'],
                { rate_limit: 20, max_concurrency: 20 });
            await triggerMany('uneven', 100);
            // Five seconds' worth: it is a limit, not a brake.
            await place.arrived(100, 20_000);
            assertLimited(place, 20);
        });
});

describe('a limit of deliveries at a time', () => {
    test('holds at the receiver, with two workers and a kill',
        { timeout: slow(60_000) }, async () => {
            let open = 0, most = 0;
            const place = receiver.place('few', async () => {
                most = Math.max(most, ++open);
                await new Promise((resolve) => setTimeout(resolve, 50));
                open--;
                return 200;
            });
            await subscribe(stack, place.url, ['few'], { max_concurrency: 3 });
            const ids = await triggerMany('few', 120);
            await place.arrived(30, 20_000);
            await stack.kill('worker', 'SIGKILL');
            await stack.restart('worker');
            await eventually('each has come', () => new Set(place.requests
                .map((r) => r.headers['webhook-id'])).size === ids.length,
            40_000);
            assert.equal(most, 3);
        });
});

describe('order', () => {
    test('holds with failures, two workers and a kill; others go on',
        { timeout: slow(180_000) }, async () => {
            const accepted = new Map();
            const places = [];
            for (let i = 0; i < 4; i++) {
                // Every seventh is refused at first.
                const seen = new Set();
                const delivered = [];
                const place = receiver.place(`ordered-${i}`, (request) => {
                    const n = request.json.data.i;
                    if (n % 7 === i && !seen.has(n)) {
                        seen.add(n);
                        return 500;
                    }
                    delivered.push(n);
                    return 200;
                });
                await subscribe(stack, place.url, ['ordered'],
                    { ordering: 'fifo', retry_count: 10, retry_delay: 1 });
                places.push({ place, delivered });
            }
            const free = receiver.place('not-ordered');
            await subscribe(stack, free.url, ['ordered']);
            for (let i = 0; i < 40; i++) {
                const { event_id } = await trigger(stack, 'ordered', { i });
                accepted.set(i, event_id);
                if (i === 12)
                    await stack.kill('worker', 'SIGKILL');
                if (i === 20)
                    await stack.restart('worker');
            }
            await free.arrived(40, 30_000);
            const last = await deliveryIds(accepted.get(39));
            for (const id of last)
                await reached(stack, id, 'success', 60_000);
            for (const { delivered } of places) {
                // A crash may repeat some; first deliveries keep the order.
                const firsts = delivered.filter((n, at) =>
                    delivered.indexOf(n) === at);
                assert.deepEqual(firsts,
                    Array.from({ length: 40 }, (_, i) => i));
            }
        });

    test('a dead head holds its own lane only',
        { timeout: slow(60_000) }, async () => {
            let broken = true;
            const place = receiver.place('dead-head', () =>
                broken ? 503 : 200);
            await subscribe(stack, place.url, ['dead.head'],
                { ordering: 'fifo', retry_count: 3, retry_delay: 2 });
            const other = receiver.place('beside-dead-head');
            await subscribe(stack, other.url, ['dead.head'],
                { ordering: 'fifo' });
            const first = await trigger(stack, 'dead.head', { i: 0 });
            await triggerMany('dead.head', 10);
            await other.arrived(11);
            await place.arrived(1);
            broken = false;
            await place.arrived(12, 20_000);
            assert.deepEqual(place.requests.slice(0, 2).map((r) =>
                r.headers['webhook-id']), [first.event_id, first.event_id]);
            assert.ok(place.gaps()[0] >= 1.9);
            assert.ok(await deliveryId(stack, first.event_id)
                .catch(() => true));
        });
});

describe('what would be overlooked', () => {
    test('a test of a paused subscription is found by the next worker',
        { timeout: slow(60_000) }, async () => {
            const place = receiver.place('paused-test');
            const { id } = await subscribe(stack, place.url, ['paused.test']);
            const paused = await stack.api().post(`/api/webhooks/${id}/pause`);
            assert.equal(paused.status, 200, paused.text);
            await trigger(stack, 'paused.test', {}); // waits in front of it
            await stack.kill('worker', 'SIGKILL');
            // Their leases run still, so the API believes in an answer.
            const asked = stack.api().post(`/api/webhooks/${id}/test`);
            await eventually('the test is stored', () => stack.sql.count(
                'SELECT COUNT(*) FROM jobs WHERE test = 1'));
            await stack.restart('worker');
            await place.arrived(1, 20_000);
            const answer = await asked;
            assert.equal(answer.status, 200, answer.text);
            assert.equal(place.requests.length, 1, 'the other one waits');
        });

    test('results are written although inbound events never end, one by one',
        { timeout: slow(90_000) }, async () => {
            const single = await Stack.start({ conf: { flush_rows: '1' } });
            const traffic = new Traffic(single, 4, (n) => supabaseRequest(
                single.env.SUPABASE_SECRET, 'never_ends', `n-${n}`));
            try {
                const place = receiver.place('one-by-one');
                await subscribe(single, place.url, ['one.by.one']);
                await traffic.until('100 events are accepted',
                    (t) => t.acknowledged.length >= 100);
                for (let i = 0; i < 5; i++) {
                    const { event_id } = await trigger(single, 'one.by.one',
                        { i });
                    await reached(single, await deliveryId(single, event_id),
                        'success', 10_000);
                }
            } finally {
                await traffic.stop();
                await single.stop();
            }
        });

    test('a run from cron ends although the database refuses a result',
        { timeout: slow(90_000) }, async () => {
            const alone = await Stack.start({ conf: { grace_s: '5' } });
            try {
                const place = receiver.place('refused');
                const { id } = await subscribe(alone, place.url, ['refused']);
                await alone.kill('worker', 'SIGTERM');
                // As the administrator of the database.
                await rootSql(alone, 'CREATE TRIGGER refuse BEFORE INSERT ON ' +
                    `deliveries FOR EACH ROW IF NEW.owner_id = ${id} THEN ` +
                    "SIGNAL SQLSTATE '45000'; END IF");
                await trigger(alone, 'refused', {});
                const ended = await within(run(alone.program('posternd'),
                    ['-c', alone.env.POSTERN_CONF, '--once'],
                    { env: plainEnv() }), 30_000, 'it ends by itself');
                assert.equal(ended.code, 0, ended.stderr);
                assert.match(ended.stdout + ended.stderr + alone.logs(),
                    /Results cannot be stored, and are tried again/);
                assert.equal(place.requests.length, 1);
            } finally {
                await alone.stop();
            }
        });
});

async function rootSql(of, text) {
    const sql = new Sql({ ...of.env, POSTERN_DB_USER: 'root',
        POSTERN_DB_PASSWORD: '' });
    try {
        await sql.rows(text);
    } finally {
        await sql.close();
    }
}

async function deliveryIds(eventId) {
    return (await deliveriesOf(stack, eventId))
        .map((row) => idText('dlv', row.id));
}
