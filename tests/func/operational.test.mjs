// operational.test.mjs - what the gateway says about itself, as ordinary
// events: to whom asks for it, once, and never about itself.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeToken, reached, subscribe, trigger } from './lib/gateway.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually, slow } from './lib/wait.mjs';

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ conf: { breaker_failures: '3', breaker_open_s: '1',
            breaker_max_s: '2', health_check_interval_s: '1',
            metric_thresholds: 'pending:40, failure_rate:0.99',
            alert_after_s: '0' } }),
        Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

const eventsOf = (type) => stack.sql.rows(
    'SELECT id, application_id, type, payload FROM events WHERE type = ? ' +
    'ORDER BY id', [type]);

const dataOf = (row) => JSON.parse(row.payload.toString('utf8'));

// The operational events of that type about one subscription.
async function about(type, subscription) {
    return (await eventsOf(type)).map(dataOf)
        .filter((data) => data.subscription_id === subscription.id);
}

// A place that gets operational events, as a subscriber of its own.
async function listener(name, events, token) {
    const place = receiver.place(name);
    await subscribe(stack, place.url, events, { retry_count: 0 }, token);
    return place;
}

const told = (place) => place.requests.map((request) => request.json);

describe('an endpoint that fails', () => {
    test('is told of once when its breaker opens, and once when it answers ' +
        'again', { timeout: slow(60_000) }, async () => {
        const ops = await listener('ops-failing',
            ['endpoint.failing', 'endpoint.recovered']);
        let broken = true;
        const place = receiver.place('fails', () => broken ? 503 : 200);
        const subscription = await subscribe(stack, place.url, ['fails'],
            { retry_count: 10, retry_delay: 1 });
        for (let i = 0; i < 6; i++)
            await trigger(stack, 'fails', { i });
        const failing = (await ops.arrived(1)).json;
        assert.equal(failing.event, 'endpoint.failing');
        assert.equal(failing.data.subscription_id, subscription.id);
        assert.equal(failing.data.url, place.url);
        assert.equal(failing.data.error_class, 'http');
        assert.equal(failing.data.response_code, 503);
        assert.match(failing.data.failing_since, /^\d{4}-.*Z$/);
        // Its probes fail, which is no news.
        const probed = place.requests.length;
        await eventually('it was probed twice', () =>
            place.requests.length >= probed + 2, 20_000);
        broken = false;
        const recovered = (await ops.arrived(2)).json;
        assert.equal(recovered.event, 'endpoint.recovered');
        assert.equal(recovered.data.failing_since,
            failing.data.failing_since);
        assert.ok(recovered.data.recovered_at > recovered.data.failing_since);
        await stack.drained();
        assert.equal((await about('endpoint.failing', subscription)).length, 1);
        assert.equal((await about('endpoint.recovered', subscription)).length,
            1);
    });

    test('is still known as failing to a worker that starts anew',
        { timeout: slow(60_000) }, async () => {
            let broken = true;
            const place = receiver.place('restart', () => broken ? 500 : 200);
            const subscription = await subscribe(stack, place.url, ['restart'],
                { retry_count: 10, retry_delay: 1 });
            for (let i = 0; i < 4; i++)
                await trigger(stack, 'restart', { i });
            await eventually('it is told', async () =>
                (await about('endpoint.failing', subscription)).length === 1);
            await stack.restart('worker');
            const probed = place.requests.length;
            await eventually('the new one has probed it', () =>
                place.requests.length > probed, 20_000);
            broken = false;
            await eventually('its end is told', async () =>
                (await about('endpoint.recovered', subscription)).length === 1,
            20_000);
            assert.equal(
                (await about('endpoint.failing', subscription)).length, 1);
        });

    test('is told of when it is gone and was disabled', async () => {
        const ops = await listener('ops-disabled', ['endpoint.disabled']);
        const place = receiver.place('gone', 410);
        const subscription = await subscribe(stack, place.url, ['gone']);
        await trigger(stack, 'gone', {});
        const { data } = (await ops.arrived(1)).json;
        assert.deepEqual(data, { subscription_id: subscription.id,
            url: place.url, reason: '410 Gone' });
    });
});

describe('a delivery that has failed for good', () => {
    test('is told of, with what it was and why', async () => {
        const ops = await listener('ops-exhausted', ['message.*']);
        const place = receiver.place('exhausted', 404);
        const subscription = await subscribe(stack, place.url, ['exhausted'],
            { retry_count: 1, retry_delay: 1 });
        const { event_id } = await trigger(stack, 'exhausted', {});
        const { data } = (await ops.arrived(1)).json;
        assert.equal(data.subscription_id, subscription.id);
        assert.equal(data.event_id, event_id);
        assert.equal(data.event_type, 'exhausted');
        assert.equal(data.attempts, 2);
        assert.equal(data.response_code, 404);
        await reached(stack, data.delivery_id, 'failed');
    });

    test('is not told of if it was about such an event', async () => {
        const { token } = await makeToken(stack, 'app', 'loop');
        const deaf = receiver.place('deaf', 404);
        await subscribe(stack, deaf.url, ['message.exhausted'],
            { retry_count: 0 }, token);
        const place = receiver.place('loop', 404);
        const subscription = await subscribe(stack, place.url, ['loop.test'],
            { retry_count: 0 }, token);
        await trigger(stack, 'loop.test', {}, {}, token);
        await deaf.arrived(1);
        await stack.drained();
        assert.equal((await about('message.exhausted', subscription)).length,
            1);
        assert.equal(deaf.requests.length, 1);
    });

    test('makes no event where nobody asks by name', async () => {
        const { token } = await makeToken(stack, 'app', 'silent');
        const all = receiver.place('everything', 404);
        await subscribe(stack, all.url, ['*'], { retry_count: 0 }, token);
        const { event_id } = await trigger(stack, 'silent.test', {}, {}, token);
        await all.arrived(1);
        await stack.drained();
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM events e ' +
            "JOIN applications a ON a.id = e.application_id AND a.name = " +
            "'silent'"), 1, event_id);
    });

    test('is told to its own application alone', async () => {
        const { token } = await makeToken(stack, 'app', 'alone');
        const theirs = await listener('ops-theirs', ['message.exhausted'],
            token);
        const mark = receiver.place('mark', 404);
        await subscribe(stack, mark.url, ['mark.other'], { retry_count: 0 });
        await trigger(stack, 'mark.other', {});
        await eventually('the default application was told', async () =>
            (await eventsOf('message.exhausted')).map(dataOf)
                .some((data) => data.event_type === 'mark.other'));
        await stack.drained();
        assert.deepEqual(told(theirs), []);
    });
});

describe('the worker', () => {
    test('says when it starts and when it stops', { timeout: slow(60_000) },
        async () => {
            const ops = await listener('ops-system', ['system.*']);
            await stack.restart('worker');
            await ops.arrived(2);
            const [stop, start] = told(ops);
            assert.equal(stop.event, 'system.shutdown');
            assert.equal(start.event, 'system.startup');
            assert.equal(start.data.program, 'posternd');
            assert.equal(start.data.pid, stack.pids('worker')[0]);
            assert.notEqual(start.data.pid, stop.data.pid);
            assert.match(start.data.version, /^\d+\.\d+/);
            assert.equal(typeof stop.data.uptime_s, 'number');
        });

    test('tells of its health again and again', { timeout: slow(60_000) },
        async () => {
            const ops = await listener('ops-health', ['health.check']);
            await ops.arrived(2);
            const { data } = told(ops)[0];
            assert.equal(data.status, 'healthy');
            assert.equal(data.worker_alive, true);
            assert.equal(typeof data.pending, 'number');
            assert.equal(typeof data.oldest_due_s, 'number');
        });

    test('tells of a number that reaches its limit, and that falls back',
        { timeout: slow(90_000) }, async () => {
            const ops = await listener('ops-metric',
                ['metric.threshold', 'alert.triggered']);
            const place = receiver.place('backlog');
            const { id } = await subscribe(stack, place.url, ['backlog']);
            await stack.api().post(`/api/webhooks/${id}/pause`);
            const many = await stack.api().post('/api/events/trigger',
                Array.from({ length: 60 }, (_, i) =>
                    ({ event: 'backlog', data: { i } })));
            assert.equal(many.status, 202);
            await ops.arrived(2, 30_000);
            const [above, alert] = told(ops);
            assert.equal(above.event, 'metric.threshold');
            assert.equal(above.data.metric, 'pending');
            assert.equal(above.data.state, 'above');
            assert.equal(above.data.threshold, 40);
            assert.ok(above.data.value >= 60);
            assert.equal(alert.event, 'alert.triggered');
            assert.equal(alert.data.metric, 'pending');
            await stack.api().post(`/api/webhooks/${id}/resume`);
            await ops.arrived(3, 30_000);
            const back = told(ops)[2];
            assert.equal(back.event, 'metric.threshold');
            assert.equal(back.data.state, 'below');
            assert.ok(back.data.value < 32);
        });
});

test('a limit that is none is refused when the worker starts', async () => {
    for (const value of ['pending', 'pending:0', 'nothing:5', 'pending:1x',
        'pending:5, pending:6']) {
        const checked = await stack.cli('config', 'check', '--set',
            `metric_thresholds=${value}`);
        assert.equal(checked.code, 78, value + checked.stderr);
        assert.match(checked.stderr, /metric_thresholds: /);
    }
});
