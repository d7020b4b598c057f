// fanout.test.mjs - events for more subscriptions than get their jobs at once.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { subscribe, trigger } from './lib/gateway.mjs';
import { gate, Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually, slow, within } from './lib/wait.mjs';

const LEASE_S = 5; // the shortest that the settings allow
const STEP = 500; // subscriptions that the worker serves in one transaction

let stack;
let api;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ conf: { lease_s: String(LEASE_S) } }),
        Receiver.start()]);
    api = stack.api();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

// n subscriptions to one place, told apart by their query; their ids.
async function subscribeMany(n, place, events, more = {}) {
    const made = [];
    const one = async () => {
        while (made.length < n) {
            const number = made.push(null);
            made[number - 1] = (await subscribe(stack,
                `${place.url}?n=${number}`, events, more)).id;
        }
    };
    await Promise.all([one(), one(), one(), one()]);
    return made;
}

// How often each query came, as {times: how many}.
function tally(place, eventId) {
    const times = new Map();
    for (const request of place.requests)
        if (request.headers['webhook-id'] === eventId)
            times.set(request.url, (times.get(request.url) ?? 0) + 1);
    return times;
}

function assertEachOnce(place, eventId, n) {
    const times = tally(place, eventId);
    assert.equal(times.size, n);
    assert.deepEqual([...times].filter(([, count]) => count !== 1), []);
}

// Stops the worker and waits until none of its threads runs any more.
async function halt() {
    const [pid] = stack.pids('worker');
    process.kill(pid, 'SIGSTOP');
    await eventually('the worker stands still', () =>
        readdirSync(`/proc/${pid}/task`).every((thread) => {
            const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`,
                'utf8');
            return stat.slice(stat.lastIndexOf(')') + 2)[0] === 'T';
        }));
    return pid;
}

async function nothingLeft() {
    await stack.drained(60_000);
    assert.equal(await stack.sql.count('SELECT COUNT(*) FROM fanouts'), 0);
}

describe('one event for 300 subscriptions', () => {
    test('each gets it exactly once, and all are counted', async () => {
        const place = receiver.place('many');
        await subscribeMany(300, place, ['many.*']);
        const { event_id, matched } = await trigger(stack, 'many.one', {});
        assert.equal(matched, 300);
        await place.arrived(300, 30_000);
        await nothingLeft();
        assertEachOnce(place, event_id, 300);
        const event = await api.get(`/api/events/${event_id}`);
        assert.equal(event.json.deliveries.length, 300);
        assert.ok(event.json.deliveries.every((d) => d.status === 'success'));
        // The job that made the others is no delivery.
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM deliveries ' +
            'WHERE kind <> 1'), 0);
    });

    test('events in an array, and one for a few in between', async () => {
        const place = receiver.place('few');
        await subscribe(stack, place.url, ['few.one']);
        const many = receiver.places.get('/many');
        const answer = await api.post('/api/events/trigger', [
            { event: 'many.two', data: {} }, { event: 'few.one', data: {} },
            { event: 'many.three', data: {} }]);
        assert.deepEqual(answer.json.map((one) => one.matched), [300, 1, 300]);
        await Promise.all([many.arrived(900, 30_000), place.arrived(1)]);
        await nothingLeft();
        assertEachOnce(many, answer.json[0].event_id, 300);
        assertEachOnce(many, answer.json[2].event_id, 300);
    });

    test('a repeated id is answered with the same number', async () => {
        const more = { id: 'the same' };
        const first = await trigger(stack, 'many.again', {}, more);
        const second = await trigger(stack, 'many.again', {}, more);
        assert.deepEqual(second, first);
        assert.equal(first.matched, 300);
        await nothingLeft();
        assertEachOnce(receiver.places.get('/many'), first.event_id, 300);
    });

    test('who is deleted, or comes, meanwhile', async () => {
        const place = receiver.place('meanwhile');
        const ids = await subscribeMany(130, place, ['meanwhile.one']);
        const pid = await halt();
        let sent;
        try {
            sent = await trigger(stack, 'meanwhile.one', {});
            assert.equal(sent.matched, 130);
            assert.equal((await api.delete(`/api/webhooks/${ids[7]}`)).status,
                204);
            await api.patch(`/api/webhooks/${ids[8]}`, { events: ['other'] });
            await subscribe(stack, `${place.url}?n=late`, ['meanwhile.one']);
        } finally {
            process.kill(pid, 'SIGCONT');
        }
        await place.arrived(129, 30_000);
        await nothingLeft();
        const got = tally(place, sent.event_id);
        assert.ok(!got.has('/meanwhile?n=8'), 'deleted before its turn');
        assert.ok(got.has('/meanwhile?n=9'), 'wanted it when it was accepted');
        assert.ok(!got.has('/meanwhile?n=late'), 'came after the event');
        assertEachOnce(place, sent.event_id, 129);
    });

    test('deliver_at holds for all of them', async () => {
        const many = receiver.places.get('/many');
        const before = many.requests.length;
        const at = new Date(Date.now() + 2500);
        const { event_id, matched } = await trigger(stack, 'many.later', {},
            { deliver_at: at });
        assert.equal(matched, 300);
        await eventually('their jobs wait', async () =>
            (await stack.sql.count('SELECT COUNT(*) FROM jobs WHERE kind = 1 ' +
                'AND next_retry_at > NOW(6)')) === 300);
        assert.equal(many.requests.length, before);
        await many.arrived(before + 300, 30_000);
        assert.ok(many.requests[before].wall >= at.getTime() - 50);
        await nothingLeft();
        assertEachOnce(many, event_id, 300);
    });

    test('who keeps the order is among the first', async () => {
        const place = receiver.place('ordered');
        await subscribe(stack, place.url, ['many.ordered'],
            { ordering: 'fifo' });
        const pid = await halt();
        try {
            const { matched } = await trigger(stack, 'many.ordered', {});
            assert.equal(matched, 301);
            assert.deepEqual((await stack.sql.column('SELECT kind FROM jobs ' +
                'ORDER BY kind')).map(Number), [1, 3]);
        } finally {
            process.kill(pid, 'SIGCONT');
        }
        await place.arrived(1);
        await nothingLeft();
    });
});

describe('a worker killed between two steps', () => {
    const N = 2 * STEP + 200;
    const lock = 'SELECT done FROM fanouts FOR UPDATE';
    const waiting = async (n) => eventually(`${n} wait for the row`,
        async () => (await stack.sql.count('SELECT COUNT(*) FROM ' +
            "information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT done " +
            "FROM fanouts%'")) === n);

    test('the next one goes on behind it: everybody once',
        { timeout: slow(240_000) }, async () => {
            const place = receiver.place('killed');
            await subscribeMany(N, place, ['killed.one']);
            const pid = await halt();
            const { event_id, matched } = await trigger(stack, 'killed.one',
                {});
            assert.equal(matched, N);

            // Two hold the row of the fan-out before and behind the first
            // step, which waits between them.
            const [free, got, held] = [gate(), gate(), gate()];
            const first = stack.sql.transaction(async (rows) => {
                await rows(lock);
                got.open();
                await free.promise;
            });
            await within(got.promise, 10_000, 'the row is locked');
            process.kill(pid, 'SIGCONT');
            await waiting(1);
            const second = stack.sql.transaction(async (rows) => {
                const [{ done }] = await rows(lock);
                held.open();
                await stack.kill('worker', 'SIGKILL');
                return done;
            });
            await waiting(2);
            free.open();
            await first;
            await within(held.promise, 20_000, 'the first step is committed');
            assert.equal(Number(await second), STEP);
            assert.ok(tally(place, event_id).size <= STEP);

            await stack.restart('worker');
            await eventually('all have got it', () =>
                tally(place, event_id).size === N, 90_000);
            await nothingLeft();
            // What was in flight when it died may come twice, nothing else.
            const again = [...tally(place, event_id)]
                .filter(([, count]) => count > 1);
            assert.ok(again.every(([, count]) => count === 2));
            assert.ok(again.length <= STEP, `${again.length} came twice`);
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM ' +
                "webhook_deliveries WHERE event_type = 'killed.one' AND " +
                "status = 'success'"), N);
            assert.equal(await stack.sql.count('SELECT COUNT(DISTINCT ' +
                'subscription_id) FROM webhook_deliveries WHERE ' +
                "event_type = 'killed.one'"), N);
        });
});
