// batches.test.mjs - several events in one request: when, how, and what becomes
// of each of them.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { delivery, deliveryId, reached, subscribe, trigger }
    from './lib/gateway.mjs';
import { gate, Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually, slow } from './lib/wait.mjs';

const LEASE_S = 5; // the shortest that the settings allow

let stack;
let receiver;
let api;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ conf: { lease_s: String(LEASE_S), grace_s: '2' } }),
        Receiver.start()]);
    api = stack.api();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

const batch = (max_size, max_wait_ms) => ({ batch: { max_size, max_wait_ms } });

async function triggerMany(event, count, from = 0, more = {}) {
    const answer = await api.post('/api/events/trigger',
        Array.from({ length: count }, (_, i) => ({ event,
            data: { i: from + i }, ...more })));
    assert.equal(answer.status, 202, answer.text.slice(0, 300));
    return answer.json.map((item) => item.event_id);
}

const sizes = (place) => place.requests.map((r) => r.json.length);
const numbers = (place) => place.requests.flatMap((r) =>
    r.json.map((event) => event.data.i));
const range = (n) => Array.from({ length: n }, (_, i) => i);

// A receiver that has answered once is trusted with as much as it may have.
async function proven(name, script, fields) {
    const place = receiver.place(name, 200);
    const subscription = await subscribe(stack, place.url, [`${name}.*`],
        { retry_delay: 1, ...fields, batch: null });
    const { event_id } = await trigger(stack, `${name}.first`, { i: -1 });
    await reached(stack, await deliveryId(stack, event_id), 'success');
    const changed = await api.patch(`/api/webhooks/${subscription.id}`,
        { batch: fields.batch });
    assert.equal(changed.status, 200, changed.text);
    place.requests.length = 0;
    place.script = script;
    return { place, subscription };
}

function counted(subscription, status) {
    return stack.sql.count('SELECT COUNT(*) FROM webhook_deliveries WHERE ' +
        'subscription_id = ? AND status = ?', [subscription.id, status]);
}

describe('a batch', () => {
    test('has as many events as it may, and each has its own delivery',
        async () => {
            const { place, subscription } = await proven('full', [200],
                batch(100, 60_000));
            const ids = await triggerMany('full.made', 1000);
            await eventually('all have come', () =>
                numbers(place).length === 1000);
            await stack.drained();
            assert.deepEqual(sizes(place), Array(10).fill(100));
            assert.deepEqual(numbers(place).sort((a, b) => a - b),
                range(1000));
            assert.deepEqual(new Set(place.requests.flatMap((r) =>
                r.json.map((event) => event.id))), new Set(ids));
            assert.equal(await counted(subscription, 'success'), 1001);
            const one = await delivery(stack, await deliveryId(stack, ids[7]));
            assert.equal(one.status, 'success');
            assert.equal(one.attempt_count, 1);
            assert.equal(one.response_code, 200);
        });

    test('goes when its first event has waited long enough', async () => {
        const { place } = await proven('waits', [200], batch(100, 1500));
        const began = performance.now();
        await triggerMany('waits.made', 3);
        await triggerMany('waits.made', 2, 3);
        await place.arrived(1);
        const took = performance.now() - began;
        assert.ok(took >= 1400, `after ${took} ms`);
        assert.deepEqual(numbers(place).sort(), range(5));
        await stack.drained();
    });

    test('is signed as it is, and says what it is', async () => {
        const { place, subscription } = await proven('signed', [500, 200],
            batch(3, 5000));
        const ids = await triggerMany('signed.made', 3);
        const [first, second] = [await place.arrived(1),
            await place.arrived(2)];
        const webhook = new Webhook(subscription.secret);
        for (const request of [first, second]) {
            const { headers } = request;
            assert.deepEqual(webhook.verify(request.body, headers)
                .map((event) => event.id), ids);
            assert.throws(() => webhook.verify(
                request.body.toString().replace('"i":1', '"i":2'), headers));
            assert.match(headers['webhook-id'], /^bat_[0-9a-z]{13}$/);
            assert.equal(headers['content-type'], 'application/json');
            assert.equal(headers['x-webhook-event'], 'batch');
            assert.equal(headers['x-webhook-batch-size'], '3');
            assert.equal(headers['x-webhook-delivery'], undefined);
        }
        // Once more the same, and it can be told.
        assert.equal(second.headers['webhook-id'],
            first.headers['webhook-id']);
        assert.deepEqual(second.body, first.body);
        assert.deepEqual([first, second].map((r) =>
            r.headers['x-webhook-attempt']), ['1', '2']);
        await stack.drained();
    });

    test('of CloudEvents is one of their batch format', async () => {
        const { place } = await proven('clouds', [200],
            { ...batch(2, 5000), format: 'cloudevents' });
        const ids = await triggerMany('clouds.made', 2);
        const request = await place.arrived(1);
        assert.equal(request.headers['content-type'],
            'application/cloudevents-batch+json');
        assert.deepEqual(request.json.map((event) => [event.specversion,
            event.type, event.id]), ids.map((id) => ['1.0', 'clouds.made', id]));
        await stack.drained();
    });

    test('of one event is an array as well, and so is a test', async () => {
        const { place, subscription } = await proven('alone', [200],
            batch(10, 0));
        const { event_id } = await trigger(stack, 'alone.made', { i: 0 });
        assert.deepEqual((await place.arrived(1)).json.map((e) => e.id),
            [event_id]);
        const answer = await api.post(`/api/webhooks/${subscription.id}/test`);
        assert.equal(answer.json.status, 'success', answer.text);
        const test = await place.arrived(2);
        assert.equal(test.json.length, 1);
        assert.equal(test.json[0].event, 'webhook.test');
    });

    test('that fails is tried again whole, and fails for good whole',
        async () => {
            const { place, subscription } = await proven('fails',
                [500, 503, 500], { ...batch(5, 5000), retry_schedule: [1, 1] });
            const ids = await triggerMany('fails.made', 5);
            await place.arrived(3);
            await eventually('all have failed', async () =>
                await counted(subscription, 'failed') === 5);
            assert.deepEqual(sizes(place), [5, 5, 5]);
            assert.equal(new Set(place.requests.map((r) =>
                r.headers['webhook-id'])).size, 1);
            const one = await delivery(stack, await deliveryId(stack, ids[4]));
            assert.equal(one.attempt_count, 3);
            assert.deepEqual(one.attempts.map((a) => a.response_code),
                [500, 503, 500]);
        });

    test('counts once for the endpoint, however many events it has',
        async () => {
            const { place, subscription } = await proven('once',
                [...Array(4).fill(500), 200],
                { ...batch(20, 5000), retry_count: 10 });
            await triggerMany('once.made', 20);
            await place.arrived(5, 30_000);
            await stack.drained();
            const state = await stack.sql.one('SELECT * FROM lane_state ' +
                'WHERE lane = ? << 32', [subscription.id]);
            assert.equal(state.breaker, 'closed');
            assert.equal(Number(state.breaker_trips), 0);
        });

    test('that is answered with 410 disables once', async () => {
        const { place, subscription } = await proven('gone', [410],
            batch(5, 5000));
        await triggerMany('gone.made', 5);
        await place.arrived(1);
        const row = await eventually('it is disabled', async () => {
            const { json } = await api.get(`/api/webhooks/${subscription.id}`);
            return json.disabled_at && json;
        });
        assert.equal(row.disabled_reason, '410 Gone');
        assert.equal(await counted(subscription, 'failed'), 5);
        assert.equal(place.requests.length, 1);
    });

    test('leaves out an event that is not stored any more', async () => {
        const { place, subscription } = await proven('missing', [200],
            batch(3, 5000));
        await api.post(`/api/webhooks/${subscription.id}/pause`);
        const ids = await triggerMany('missing.made', 3);
        const lost = await deliveryId(stack, ids[0]);
        await stack.sql.rows('DELETE FROM events WHERE id = (SELECT event_id ' +
            'FROM jobs WHERE lane = ? << 32 ORDER BY id LIMIT 1)',
        [subscription.id]);
        await api.post(`/api/webhooks/${subscription.id}/resume`);
        const request = await place.arrived(1);
        assert.deepEqual(request.json.map((event) => event.id), ids.slice(1));
        await stack.drained();
        const row = await stack.sql.one('SELECT * FROM webhook_deliveries ' +
            'WHERE subscription_id = ? AND status = ?',
        [subscription.id, 'failed']);
        assert.equal(row.error_message, 'the event is not stored any more');
        assert.ok(lost);
        assert.equal(await counted(subscription, 'success'), 3);
    });
});

describe('batches in order', () => {
    test('follow each other, in the order of the events, whatever fails',
        { timeout: slow(60_000) }, async () => {
            let n = 0;
            const { place } = await proven('order', [() =>
                n++ % 3 === 1 ? 500 : 200],
            { ...batch(10, 50), ordering: 'fifo', retry_schedule: [1, 1, 1] });
            for (let i = 0; i < 10; i++)
                await triggerMany('order.made', 10, i * 10);
            await stack.drained(40_000);
            const delivered = place.requests.filter((_, i) => i % 3 !== 1)
                .flatMap((r) => r.json.map((event) => event.data.i));
            assert.deepEqual(delivered, range(100));
            // What failed comes again as it was.
            place.requests.forEach((request, i) => {
                if (i % 3 === 1)
                    assert.equal(place.requests[i + 1].headers['webhook-id'],
                        request.headers['webhook-id']);
            });
        });

    test('are skipped as a whole when they fail for good', async () => {
        const { place, subscription } = await proven('skips', [(request) =>
            request.json[0].data.i === 0 ? 400 : 200],
        { ...batch(5, 60_000), ordering: 'fifo', retry_count: 0 });
        await triggerMany('skips.made', 10);
        await place.arrived(2);
        await stack.drained();
        assert.deepEqual(numbers(place), range(10));
        assert.equal(await counted(subscription, 'failed'), 5);
        assert.equal(await counted(subscription, 'success'), 6);
    });

    test('are held as a whole where that is asked for', async () => {
        let broken = true;
        const { place, subscription } = await proven('holds',
            [() => broken ? 400 : 200], { ...batch(5, 60_000),
                ordering: 'fifo', on_exhausted: 'pause', retry_count: 0 });
        const path = `/api/webhooks/${subscription.id}`;
        await triggerMany('holds.made', 10);
        await eventually('it is paused', async () =>
            (await api.get(path)).json.paused);
        assert.equal(await counted(subscription, 'retrying'), 5);
        assert.equal(await counted(subscription, 'pending'), 5);
        assert.equal(place.requests.length, 1);
        broken = false;
        await api.post(`${path}/resume`);
        await place.arrived(3);
        await stack.drained();
        assert.deepEqual(numbers(place), [...range(5), ...range(10)]);
        assert.equal(place.requests[1].headers['webhook-id'],
            place.requests[0].headers['webhook-id']);
    });
});

describe('a worker that dies in the midst of a batch', () => {
    test('loses nothing, and repeats that batch only',
        { timeout: slow(90_000) }, async () => {
            const stuck = gate();
            let held = true;
            const { place, subscription } = await proven('killed', [() => held
                ? { hold: stuck.promise, status: 200 } : 200],
            { ...batch(50, 100), ordering: 'fifo', timeout: 60 });
            await triggerMany('killed.made', 500);
            await place.arrived(1);
            await stack.kill('worker', 'SIGKILL');
            held = false;
            stuck.open();
            await stack.restart('worker');
            await eventually('all are delivered', async () =>
                await counted(subscription, 'success') === 501, 60_000);
            assert.deepEqual(numbers(place), [...range(50), ...range(500)]);
            assert.equal(place.requests[1].headers['webhook-id'],
                place.requests[0].headers['webhook-id']);
        });
});

describe('what is said about batches', () => {
    test('is shown, changed and taken back', async () => {
        const place = receiver.place('settings');
        const made = await subscribe(stack, place.url, ['settings'],
            { batch: { max_size: 100 } });
        assert.deepEqual(made.batch, { max_size: 100, max_wait_ms: 5000 });
        assert.equal(made.ttl_seconds, null);
        const path = `/api/webhooks/${made.id}`;
        const changed = await api.patch(path, { batch: { max_size: 2,
            max_wait_ms: 0 }, ttl_seconds: 3600 });
        assert.deepEqual(changed.json.batch, { max_size: 2, max_wait_ms: 0 });
        assert.equal(changed.json.ttl_seconds, 3600);
        const row = await stack.sql.one('SELECT batch_size, batch_wait_ms, ' +
            'ttl_seconds FROM webhook_subscriptions WHERE id = ?', [made.id]);
        assert.deepEqual(Object.values(row).map(Number), [2, 0, 3600]);
        const other = await api.patch(path, { description: 'x' });
        assert.deepEqual(other.json.batch, { max_size: 2, max_wait_ms: 0 });
        const none = await api.patch(path, { batch: null, ttl_seconds: null });
        assert.equal(none.json.batch, null);
        assert.equal(none.json.ttl_seconds, null);
    });

    test('is refused where it cannot be', async () => {
        const place = receiver.place('refused');
        const cases = [
            [{ max_size: 1 }, 'max_size', 'value_error.number.not_ge'],
            [{ max_size: 1001 }, 'max_size', 'value_error.number.not_le'],
            [{ max_size: '5' }, 'max_size', 'type_error.int'],
            [{}, 'max_size', 'value_error.missing'],
            [{ max_size: 5, max_wait_ms: 60_001 }, 'max_wait_ms',
                'value_error.number.not_le'],
            [{ max_size: 5, max_wait_ms: -1 }, 'max_wait_ms',
                'value_error.number.not_ge'],
            [{ max_size: 5, size: 5 }, 'size', 'value_error.extra'],
        ];
        for (const [wrong, member, type] of cases) {
            const { status, json } = await api.post('/api/webhooks',
                { url: place.url, events: ['*'], batch: wrong });
            assert.equal(status, 422, JSON.stringify(wrong));
            assert.deepEqual(json.detail[0].loc, ['body', 'batch', member]);
            assert.equal(json.detail[0].type, type);
        }
        for (const wrong of [5, [], 'x']) {
            const { status, json } = await api.post('/api/webhooks',
                { url: place.url, events: ['*'], batch: wrong });
            assert.equal(status, 422);
            assert.deepEqual(json.detail[0].loc, ['body', 'batch']);
        }
    });

    test('needs a format whose events have an id', async () => {
        const place = receiver.place('formats');
        for (const format of ['payload', 'standard', 'cloudevents-binary',
            'slack', 'discord', 'template']) {
            const { status, json } = await api.post('/api/webhooks',
                { url: place.url, events: ['*'], format, ...batch(5, 0),
                    ...(format === 'template' ? { template: '{}' } : {}) });
            assert.equal(status, 422, format);
            assert.deepEqual(json.detail[0].loc, ['body', 'batch']);
            assert.match(json.detail[0].msg, /carry no id/);
        }
        const { id } = await subscribe(stack, place.url, ['formats'],
            { format: 'payload' });
        const refused = await api.patch(`/api/webhooks/${id}`, batch(5, 0));
        assert.equal(refused.status, 422, refused.text);
        const both = await api.patch(`/api/webhooks/${id}`,
            { format: 'envelope', ...batch(5, 0) });
        assert.deepEqual(both.json.batch, { max_size: 5, max_wait_ms: 0 });
        // A format without batches ends them.
        const back = await api.patch(`/api/webhooks/${id}`,
            { format: 'payload' });
        assert.equal(back.json.batch, null);
    });

    test('is set and shown by the command line', async () => {
        const place = receiver.place('cli');
        const added = await stack.cli('--json', 'webhook', 'add', place.url,
            '--events', 'cli', '--batch-size', '100', '--batch-wait-ms',
            '250', '--ttl', '60');
        assert.equal(added.code, 0, added.stderr);
        const made = JSON.parse(added.stdout);
        assert.deepEqual(made.batch, { max_size: 100, max_wait_ms: 250 });
        assert.equal(made.ttl_seconds, 60);
        const shown = await stack.cli('webhook', 'show', String(made.id));
        assert.match(shown.stdout,
            /^batches +up to 100 events, the first waits 250 ms$/m);
        assert.match(shown.stdout, /^expires +after 60 s$/m);
        const set = await stack.cli('--json', 'webhook', 'set',
            String(made.id), '--batch-size', '0', '--ttl', '0');
        assert.equal(set.code, 0, set.stderr);
        assert.equal(JSON.parse(set.stdout).batch, null);
        assert.equal(JSON.parse(set.stdout).ttl_seconds, null);
        const wrong = await stack.cli('webhook', 'set', String(made.id),
            '--batch-size', '1');
        assert.equal(wrong.code, 65);
        assert.match(wrong.stderr, /batch\.max_size: .*greater than or equal/);
    });
});

test('a change of the settings counts for what waits', async () => {
    const { place, subscription } = await proven('changes', [200],
        batch(100, 60_000));
    await triggerMany('changes.made', 3);
    const id = await deliveryId(stack, (await trigger(stack, 'changes.made',
        { i: 3 })).event_id);
    assert.equal(place.requests.length, 0);
    await api.patch(`/api/webhooks/${subscription.id}`, { batch: null });
    await place.arrived(4);
    await reached(stack, id, 'success');
    assert.deepEqual(place.requests.map((r) => r.json.data.i).sort(),
        range(4));
});
