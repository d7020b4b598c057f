// ordering.test.mjs - subscriptions that want their events in order: one at a
// time, the next one after success, each ordering key by itself.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { delivery, deliveryId, reached, subscribe, trigger }
    from './lib/gateway.mjs';
import { idText } from './lib/ids.mjs';
import { gate, Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually, slow } from './lib/wait.mjs';

let stack;
let api;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ workers: 2 }), Receiver.start()]);
    api = stack.api();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

const fifo = { ordering: 'fifo' };

// Each number comes again until it has succeeded, and the next only then:
// 0 0 1 2 2 2 3. `ok(request)` tells what the answer was.
function assertInOrder(requests, n, answers) {
    let next = 0;
    requests.forEach((request, at) => {
        assert.equal(request.json.data.i, next,
            `${requests.map((r) => r.json.data.i)}`);
        if (answers[at] < 300)
            next++;
    });
    assert.equal(next, n);
}

// A place whose answers are remembered; `decide(request, n)` gives the status.
function remembering(name, decide) {
    const answers = [];
    let open = 0;
    const place = receiver.place(name, async (request, n) => {
        open++;
        place.most = Math.max(place.most ?? 0, open);
        const status = await decide(request, n);
        open--;
        answers.push(status);
        return status;
    });
    place.answers = answers;
    return place;
}

describe('a FIFO subscription', () => {
    test('gets its events one by one, in their order, whatever fails',
        { timeout: slow(60_000) }, async () => {
            const failed = new Set();
            const place = remembering('order', (request) => {
                const { i } = request.json.data;
                if (i % 20 === 7 && !failed.has(i)) {
                    failed.add(i);
                    return 500;
                }
                return 200;
            });
            await subscribe(stack, place.url, ['order.*'],
                { ...fifo, retry_schedule: [1, 1, 1] });
            // Some in one transaction, some in many.
            const batch = (from) => api.post('/api/events/trigger',
                Array.from({ length: 20 }, (_, k) =>
                    ({ event: 'order.made', data: { i: from + k } })));
            assert.equal((await batch(0)).status, 202);
            for (let i = 20; i < 40; i++)
                await trigger(stack, 'order.made', { i });
            assert.equal((await batch(40)).status, 202);
            await place.arrived(63, 40_000);
            await stack.drained();
            assert.equal(place.requests.length, 63);
            assertInOrder(place.requests, 60, place.answers);
            assert.equal(place.most, 1);
        });

    test('each ordering key is a queue of its own', async () => {
        const stuck = gate();
        const place = receiver.place('keys', async (request) => {
            if (request.json.data.key === 'a' && request.json.data.i === 0)
                await stuck.promise;
            return 200;
        });
        await subscribe(stack, place.url, ['keys.*'], fifo);
        // A receiver that has never answered gets one request at a time.
        await trigger(stack, 'keys.first', {});
        await place.arrived(1);
        await stack.drained();
        for (let i = 0; i < 5; i++)
            for (const key of ['a', 'b', 'c'])
                await trigger(stack, 'keys.made', { key, i },
                    { ordering_key: key });
        // The first of `a` is held: b and c go on, a does not.
        await place.arrived(12);
        const of = (key) => place.requests.map((r) => r.json.data)
            .filter((data) => data.key === key).map((data) => data.i);
        assert.deepEqual(of('b'), [0, 1, 2, 3, 4]);
        assert.deepEqual(of('c'), [0, 1, 2, 3, 4]);
        assert.deepEqual(of('a'), [0]);
        stuck.open();
        await place.arrived(16);
        assert.deepEqual(of('a'), [0, 1, 2, 3, 4]);
        await stack.drained();
    });

    test('a failed one blocks its own key only', async () => {
        const place = receiver.place('blocks', (request) =>
            request.json.data.key === 'a' && request.json.data.i === 0
                ? 500 : 200);
        const { id } = await subscribe(stack, place.url, ['blocks.*'],
            { ...fifo, retry_delay: 600 });
        const ids = [];
        for (let i = 0; i < 3; i++)
            for (const key of ['a', 'b'])
                ids.push((await trigger(stack, 'blocks.made', { key, i },
                    { ordering_key: key })).event_id);
        await place.arrived(4);
        const first = await deliveryId(stack, ids[0]);
        const head = await reached(stack, first, 'retrying');
        assert.ok(Date.parse(head.next_retry_at) > Date.now() + 500_000,
            'the next attempt is shown');
        assert.equal((await delivery(stack, await deliveryId(stack, ids[2])))
            .status, 'pending');
        assert.deepEqual(place.requests.map((r) => r.json.data.key).sort(),
            ['a', 'b', 'b', 'b']);

        // Cancelled, it blocks no more.
        assert.equal((await api.post(`/api/deliveries/${first}/cancel`)).status,
            200);
        await place.arrived(6);
        assert.deepEqual(place.requests.slice(4).map((r) => r.json.data.i),
            [1, 2]);
        await stack.drained();
        const answer = await api.get(`/api/webhooks/${id}/deliveries`);
        assert.equal(answer.json.length, 6, 'the lists know all keys');
    });

    test('a retry by hand does not wait, and keeps the place', async () => {
        let broken = true;
        const place = receiver.place('byhand', () => broken ? 500 : 200);
        await subscribe(stack, place.url, ['byhand'],
            { ...fifo, retry_delay: 600 });
        const { event_id } = await trigger(stack, 'byhand', { i: 0 });
        await trigger(stack, 'byhand', { i: 1 });
        await place.arrived(1);
        const id = await deliveryId(stack, event_id);
        await reached(stack, id, 'retrying');
        broken = false;
        assert.equal((await api.post(`/api/deliveries/${id}/retry`)).status,
            202);
        await place.arrived(3);
        assert.deepEqual(place.requests.map((r) => r.json.data.i), [0, 0, 1]);
        assert.equal(place.requests[1].headers['x-webhook-attempt'], '2');
    });

    test('what waits for a time takes its place when it comes', async () => {
        const place = receiver.place('later');
        await subscribe(stack, place.url, ['later'], fifo);
        await trigger(stack, 'later', { i: 1 },
            { deliver_at: new Date(Date.now() + 1500) });
        await trigger(stack, 'later', { i: 0 });
        await place.arrived(2);
        assert.deepEqual(place.requests.map((r) => r.json.data.i), [0, 1]);
    });

    test('relayed events come in the order of their arrival', async () => {
        const place = remembering('relayed', () => 200);
        await subscribe(stack, place.url, ['supabase.ordered.*'], fifo);
        for (let i = 0; i < 30; i++) {
            const answer = await stack.receive('supabase', {
                event_type: 'insert', source: 'supabase',
                table_name: 'ordered', record_id: `r${i}`, data: { i } });
            assert.equal(answer.status, 202, answer.text);
        }
        await place.arrived(30);
        assert.deepEqual(place.requests.map((r) => r.json.data.data.i),
            Array.from({ length: 30 }, (_, i) => i));
        assert.equal(place.most, 1);
    });

    test('a test does not stand in the queue', async () => {
        const held = gate();
        const place = receiver.place('beside', async (request) => {
            if (request.json.event !== 'webhook.test')
                await held.promise;
            return 200;
        });
        const { id } = await subscribe(stack, place.url, ['beside'], fifo);
        await trigger(stack, 'beside', {});
        await place.arrived(1);
        const answer = await api.post(`/api/webhooks/${id}/test`);
        assert.equal(answer.json.status, 'success', answer.text);
        held.open();
        await stack.drained();
    });
});

describe('a delivery that fails for good', () => {
    test('is skipped: the next one follows', async () => {
        const place = receiver.place('skip', (request) =>
            request.json.data.i === 0 ? 500 : 200);
        await subscribe(stack, place.url, ['skip'],
            { ...fifo, retry_count: 0 });
        const { event_id } = await trigger(stack, 'skip', { i: 0 });
        await trigger(stack, 'skip', { i: 1 });
        await place.arrived(2);
        await reached(stack, await deliveryId(stack, event_id), 'failed');
        assert.deepEqual(place.requests.map((r) => r.json.data.i), [0, 1]);
    });

    test('holds those behind it up no longer than it takes', async () => {
        const place = receiver.place('refusing', 400);
        const { id } = await subscribe(stack, place.url, ['refusing'],
            { ...fifo, retry_count: 0 });
        await trigger(stack, 'refusing', { i: 0 });
        await place.arrived(1);
        await api.post(`/api/webhooks/${id}/pause`);
        for (let i = 1; i <= 20; i++)
            await trigger(stack, 'refusing', { i });
        await api.post(`/api/webhooks/${id}/resume`);
        await place.arrived(21, 5000);
        assert.deepEqual(place.requests.map((r) => r.json.data.i),
            Array.from({ length: 21 }, (_, i) => i));
    });

    test('pauses the subscription where that is asked for', async () => {
        let broken = true;
        const place = receiver.place('pause', () => broken ? 500 : 200);
        const { id } = await subscribe(stack, place.url, ['pause'],
            { ...fifo, retry_count: 0, on_exhausted: 'pause' });
        const { event_id } = await trigger(stack, 'pause', { i: 0 });
        await trigger(stack, 'pause', { i: 1 });
        const paused = await eventually('it is paused', async () => {
            const { json } = await api.get(`/api/webhooks/${id}`);
            return json.paused && json;
        });
        assert.ok(paused.paused_reason, 'with a reason');
        const first = await deliveryId(stack, event_id);
        assert.equal((await delivery(stack, first)).status, 'retrying');
        assert.equal(place.requests.length, 1);

        // Resumed too early it fails again, and pauses again.
        const resume = () => api.post(`/api/webhooks/${id}/resume`);
        const resumed = await resume();
        assert.equal(resumed.json.paused_reason, null);
        await place.arrived(2);
        await eventually('it is paused again', async () =>
            (await api.get(`/api/webhooks/${id}`)).json.paused);
        broken = false;
        await resume();
        await place.arrived(4);
        await reached(stack, first, 'success');
        assert.deepEqual(place.requests.map((r) => r.json.data.i),
            [0, 0, 0, 1]);
    });

    test('cancelled while it is paused, it is passed over', async () => {
        const place = receiver.place('passed', (request) =>
            request.json.data.i === 0 ? 500 : 200);
        const { id } = await subscribe(stack, place.url, ['passed'],
            { ...fifo, retry_count: 0, on_exhausted: 'pause' });
        const { event_id } = await trigger(stack, 'passed', { i: 0 });
        await trigger(stack, 'passed', { i: 1 });
        await eventually('it is paused', async () =>
            (await api.get(`/api/webhooks/${id}`)).json.paused);
        const first = await deliveryId(stack, event_id);
        await api.post(`/api/deliveries/${first}/cancel`);
        await api.post(`/api/webhooks/${id}/resume`);
        await place.arrived(2);
        assert.deepEqual(place.requests.map((r) => r.json.data.i), [0, 1]);
    });
});

describe('a change of the order', () => {
    test('to none lets all go at once; to fifo in the order of their times',
        async () => {
            const place = receiver.place('changed');
            const { id } = await subscribe(stack, place.url, ['changed'],
                fifo);
            const path = `/api/webhooks/${id}`;
            await api.post(`${path}/pause`);
            for (let i = 0; i < 10; i++)
                await trigger(stack, 'changed', { i },
                    i % 2 ? { ordering_key: 'odd' } : {});
            for (const ordering of ['none', 'fifo', 'none']) {
                const answer = await api.patch(path, { ordering });
                assert.equal(answer.json.ordering, ordering);
            }
            await api.post(`${path}/resume`);
            await place.arrived(10);
            await stack.drained();
            assert.equal(place.requests.length, 10);

            await api.post(`${path}/pause`);
            for (let i = 0; i < 10; i++)
                await trigger(stack, 'changed', { i });
            await api.patch(path, fifo);
            for (let i = 10; i < 20; i++)
                await trigger(stack, 'changed', { i });
            await api.post(`${path}/resume`);
            await place.arrived(30);
            assert.deepEqual(place.requests.slice(10)
                .map((r) => r.json.data.i),
            Array.from({ length: 20 }, (_, i) => i));
        });
});

describe('what is shown', () => {
    test('the event has its ordering key', async () => {
        const { event_id } = await trigger(stack, 'shown', {},
            { ordering_key: 'Kunde Zoë' });
        const { json } = await api.get(`/api/events/${event_id}`);
        assert.equal(json.ordering_key, 'Kunde Zoë');
    });

    test('the command line sets, shows and sends', async () => {
        const place = receiver.place('cli');
        const added = await stack.cli('--json', 'webhook', 'add', place.url,
            '--events', 'cli.*', '--ordering', 'fifo', '--rate-limit', '20');
        assert.equal(added.code, 0, added.stderr);
        const made = JSON.parse(added.stdout);
        assert.equal(made.ordering, 'fifo');
        assert.equal(made.rate_limit, 20);
        assert.equal(made.on_exhausted, 'skip');
        const set = await stack.cli('--json', 'webhook', 'set',
            String(made.id), '--on-exhausted', 'pause', '--rate-limit', '0');
        assert.equal(set.code, 0, set.stderr);
        assert.deepEqual([JSON.parse(set.stdout).on_exhausted,
            JSON.parse(set.stdout).rate_limit], ['pause', 0]);
        const shown = await stack.cli('webhook', 'show', String(made.id));
        assert.match(shown.stdout, /^ordering +fifo, pause at/m);
        const sent = await stack.cli('event', 'send', 'cli.sent', '--data',
            '{}', '--ordering-key', 'k');
        assert.equal(sent.code, 0, sent.stderr);
        assert.equal(await stack.sql.value('SELECT ordering_key FROM events ' +
            "WHERE type = 'cli.sent'"), 'k');
        const request = await place.arrived(1);
        assert.equal(request.headers['webhook-id'], sent.stdout.trim());

        const wrong = await stack.cli('webhook', 'set', String(made.id),
            '--ordering', 'lifo');
        assert.equal(wrong.code, 65);
        assert.match(wrong.stderr, /ordering: .*permitted: 'none', 'fifo'/);
        const none = await stack.cli('webhook', 'set', '999999',
            '--ordering', 'none');
        assert.equal(none.code, 66);
    });

    test('a delivery of a key belongs to its subscription', async () => {
        const place = receiver.place('owned', 500);
        const { id } = await subscribe(stack, place.url, ['owned'],
            { ...fifo, retry_delay: 600 });
        const { event_id } = await trigger(stack, 'owned', {},
            { ordering_key: 'k' });
        await place.arrived(1);
        await reached(stack, await deliveryId(stack, event_id), 'retrying');
        const row = await stack.sql.one('SELECT * FROM webhook_deliveries ' +
            'WHERE subscription_id = ?', [id]);
        assert.equal(idText('evt', row.event_id), event_id);
        // Removed, it takes the deliveries of all its keys along.
        assert.equal((await api.delete(`/api/webhooks/${id}`)).status, 204);
        assert.equal((await stack.sql.one('SELECT status FROM ' +
            'webhook_deliveries WHERE subscription_id = ?', [id])).status,
        'cancelled');
    });
});
