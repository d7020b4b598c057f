// endpoint_health.test.mjs - an endpoint that fails is seen: in the API, on the
// command line and in the worker's log; and so is its recovery.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { closedPort, deliveryId, reached, subscribe, trigger }
    from './lib/gateway.mjs';
import { TIME } from './lib/golden.mjs';
import { links } from './lib/http.mjs';
import { idText } from './lib/ids.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually, slow } from './lib/wait.mjs';

const UNKNOWN = { state: 'unknown', failing_since: null,
    next_attempt_at: null, last_success_at: null };

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ conf: { breaker_failures: '3', breaker_open_s: '2',
            breaker_max_s: '3' } }),
        Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

const healthOf = async ({ id }) =>
    (await stack.api().get(`/api/webhooks/${id}`)).json.health;

const has = (subscription, state) =>
    eventually(`webhook ${subscription.id} is ${state}`, async () => {
        const health = await healthOf(subscription);
        return health.state === state && health;
    }, 20_000);

const tripsOf = ({ id }) => stack.sql.count(
    'SELECT breaker_trips FROM lane_state WHERE lane = ? << 32', [id]);

async function cli(...args) {
    const ended = await stack.cli(...args);
    assert.equal(ended.code, 0, ended.stderr);
    return ended.stdout;
}

// What the list of the command line says about it.
async function listed({ id }) {
    const lines = (await cli('webhook', 'list')).split('\n');
    return lines.map((line) => line.split(/ +/))
        .find(([first]) => first === String(id))[1];
}

// The log's lines about its endpoint.
const said = ({ id }) => stack.logs().split('\n').filter((line) =>
    / Endpoint /.test(line) && line.includes(` subscription=${id} `));

// A subscription to where nobody listens, with deliveries that fail.
async function failing(name, more = {}) {
    const port = await closedPort();
    const subscription = await subscribe(stack,
        `http://127.0.0.1:${port}/${name}`, [name],
        { retry_count: 10, retry_delay: 1, ...more });
    for (let i = 0; i < 6; i++)
        await trigger(stack, name, { i });
    await has(subscription, 'failing');
    return { port, subscription };
}

// Somebody who listens there, and is content.
async function listenAt(port) {
    const server = http.createServer((request, response) => {
        request.resume().on('end', () => response.end());
    });
    await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
    server.unref();
    return server;
}

describe('an endpoint that is dead', () => {
    test('is seen as failing until it answers again, and the log has one ' +
        'line for each', { timeout: slow(90_000) }, async () => {
        const { port, subscription } = await failing('dead');
        const health = await healthOf(subscription);
        assert.match(health.failing_since, new RegExp(`^${TIME}$`));
        assert.equal(health.last_success_at, null);
        await eventually('it is said when it is tried next', async () => {
            const { next_attempt_at: next } = await healthOf(subscription);
            return next > health.failing_since &&
                Math.abs(Date.parse(next) - Date.now()) < slow(10_000);
        });
        assert.equal(await listed(subscription), 'failing');
        const [view] = await stack.sql.rows('SELECT state FROM ' +
            'report_endpoint_health WHERE subscription_id = ?',
        [subscription.id]);
        assert.equal(view.state, 'failing');

        // Probes that fail are nothing to tell of.
        await eventually('it was probed twice', async () =>
            await tripsOf(subscription) >= 3, 30_000);
        const [opened, ...more] = said(subscription);
        assert.deepEqual(more, []);
        assert.match(opened, / - WARNING - Endpoint is failing; /);
        const application = idText('app', 1);
        assert.ok(opened.includes(` application=${application} failing_since=` +
            `${health.failing_since} next_attempt_at=20`), opened);
        assert.match(opened, / error_class=connect error="?\S/);

        const server = await listenAt(port);
        try {
            const well = await has(subscription, 'healthy');
            assert.equal(well.failing_since, null);
            assert.ok(well.last_success_at > health.failing_since);
            assert.equal(await listed(subscription), 'active');
            const line = await eventually('the log says so', () =>
                said(subscription)[1]);
            assert.match(line, / - INFO - Endpoint answers again /);
            assert.ok(line.includes(
                ` application=${application} failing_since=` +
                health.failing_since), line);
            await stack.drained();
            assert.equal(said(subscription).length, 2);
        } finally {
            server.closeAllConnections();
            server.close();
        }
    });

    test('that answers after it was paused and resumed is told of as well',
        { timeout: slow(90_000) }, async () => {
            const { port, subscription } = await failing('resumed');
            await eventually('it was told', () => said(subscription)[0]);
            const api = stack.api();
            const path = `/api/webhooks/${subscription.id}`;
            assert.equal((await api.post(`${path}/pause`)).status, 200);
            const server = await listenAt(port);
            try {
                assert.equal((await api.post(`${path}/resume`)).status, 200);
                await has(subscription, 'healthy');
                const line = await eventually('the log says so', () =>
                    said(subscription)[1]);
                assert.match(line, / - INFO - Endpoint answers again /);
                await stack.drained();
                assert.equal(said(subscription).length, 2);
            } finally {
                server.closeAllConnections();
                server.close();
            }
        });

    test('is shown by the command line, with since when, and when it is ' +
        'tried next', { timeout: slow(60_000) }, async () => {
        const { subscription } = await failing('shown');
        const id = String(subscription.id);
        const since = (await healthOf(subscription)).failing_since;
        const text = await eventually('it says when', async () => {
            const shown = await cli('webhook', 'show', id);
            return new RegExp(`^next attempt ${TIME}$`, 'm').test(shown) &&
                shown;
        });
        assert.match(text, /^state {8}failing$/m);
        assert.ok(text.includes(`endpoint     failing since ${since}\n`), text);
        const shown = JSON.parse(await cli('webhook', 'show', id, '--json'));
        assert.equal(shown.health.state, 'failing');
        assert.equal(shown.health.failing_since, since);
    });

    test('is paused, or inactive, where somebody has said so, and its health ' +
        'is told all the same', { timeout: slow(60_000) }, async () => {
        const { subscription } = await failing('held');
        const path = `/api/webhooks/${subscription.id}`;
        const paused = await stack.api().post(`${path}/pause`);
        assert.equal(paused.json.health.state, 'failing');
        assert.equal(await listed(subscription), 'paused');
        const text = await cli('webhook', 'show', String(subscription.id));
        assert.match(text, /^endpoint {5}failing since /m);
        assert.doesNotMatch(text, /^next attempt/m);
        await stack.api().patch(path, { active: false });
        assert.equal(await listed(subscription), 'inactive');
    });

    test('is known as failing to a worker that starts anew, which does not ' +
        'say so again', { timeout: slow(60_000) }, async () => {
        const { port, subscription } = await failing('restarted');
        const trips = await tripsOf(subscription);
        await stack.restart('worker');
        await eventually('the new one has probed it', async () =>
            await tripsOf(subscription) > trips, 30_000);
        assert.equal(said(subscription).length, 1);
        const server = await listenAt(port);
        try {
            await has(subscription, 'healthy');
            await eventually('its end is told', () =>
                said(subscription).length === 2);
        } finally {
            server.closeAllConnections();
            server.close();
        }
    });
});

describe('an endpoint whose breaker is open for long', () => {
    let patient;
    before(async () => {
        patient = await Stack.start({ conf: { breaker_failures: '1',
            breaker_open_s: '3600', breaker_max_s: '3600' } });
    });
    after(() => patient?.stop());

    test('is sent what waits as soon as it has answered a test',
        { timeout: slow(60_000) }, async () => {
            const port = await closedPort();
            const subscription = await subscribe(patient,
                `http://127.0.0.1:${port}/`, ['late'],
                { retry_count: 10, retry_delay: 1 });
            const { event_id } = await trigger(patient, 'late', {});
            const api = patient.api();
            const path = `/api/webhooks/${subscription.id}`;
            await eventually('it is left alone', async () =>
                (await api.get(path)).json.health.state === 'failing');
            const server = await listenAt(port);
            try {
                const tested = await api.post(`${path}/test`);
                assert.equal(tested.json.status, 'success', tested.text);
                await reached(patient, await deliveryId(patient, event_id),
                    'success');
                assert.equal((await api.get(path)).json.health.state,
                    'healthy');
            } finally {
                server.closeAllConnections();
                server.close();
            }
        });
});

describe('a list', () => {
    test('has the health of each, by pages as ever', { timeout: slow(60_000) },
        async () => {
            const idle = await subscribe(stack, receiver.place('idle').url,
                ['idle']);
            assert.deepEqual(idle.health, UNKNOWN);
            const well = await subscribe(stack, receiver.place('well').url,
                ['well']);
            const { event_id } = await trigger(stack, 'well', {});
            await reached(stack, await deliveryId(stack, event_id), 'success');
            const { subscription: dead } = await failing('listed');
            await has(well, 'healthy');

            const states = [];
            let path = '/api/webhooks?limit=1&cursor=' +
                idText('ep', idle.id - 1);
            while (path) {
                const page = await stack.api().get(path);
                assert.equal(page.json.length, 1, page.text);
                states.push([page.json[0].id, page.json[0].health.state]);
                path = links(page).next;
            }
            assert.deepEqual(states, [[idle.id, 'unknown'],
                [well.id, 'healthy'], [dead.id, 'failing']]);
            const lines = (await cli('webhook', 'list', '--json')).trim()
                .split('\n').map((line) => JSON.parse(line));
            assert.deepEqual(
                lines.slice(-3).map((item) => item.health.state),
                ['unknown', 'healthy', 'failing']);
        });

    test('the health is not to be set', async () => {
        const answer = await stack.api().post('/api/webhooks',
            { url: receiver.place('set').url, events: ['set'],
                health: UNKNOWN });
        assert.equal(answer.status, 422, answer.text);
        assert.equal(answer.json.detail[0].type, 'value_error.extra');
    });
});
