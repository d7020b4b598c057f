// retries.test.mjs - when a delivery is tried again, when it is tried at all,
// and when that has an end.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { delivery, deliveryId, reached, sendOne as sendOneEvent, subscribe,
    trigger } from './lib/gateway.mjs';
import { idNumber } from './lib/ids.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually, slow } from './lib/wait.mjs';

const DAY_MS = 86_400_000;

let stack;
let receiver;
let api;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ conf: { breaker_open_s: '2', breaker_max_s: '2' } }),
        Receiver.start()]);
    api = stack.api();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

const sendOne = (...args) => sendOneEvent(stack, receiver, ...args);

// How long after the n-th attempt the next is planned: {most, least}, in
// seconds. The attempt ended after its request had arrived, and before now.
function waitOf(place, planned, n = 1) {
    return { most: (planned - place.requests[n - 1].wall) / 1000,
        least: (planned - Date.now()) / 1000 };
}

async function plannedWait(place, id) {
    await place.arrived(1);
    const { next_retry_at } = await reached(stack, id, 'retrying');
    return waitOf(place, Date.parse(next_retry_at));
}

function assertWait(got, least, most = least * 1.1) {
    assert.ok(got.most >= least - 0.2 && got.least <= most,
        `${got.least} to ${got.most} s, not ${least} to ${most}`);
}

describe('the next attempt', { concurrency: true }, () => {
    const policies = [
        ['the usual one', {}, 2],
        ['a delay', { retry_delay: 600 }, 600],
        ['the longest delay', { retry_delay: 86_400 }, 86_400],
        ['a schedule', { retry_schedule: [30, 1] }, 30],
        ['a schedule beside a delay',
            { retry_delay: 5, retry_schedule: [900] }, 900],
    ];
    for (const [what, fields, wait_s] of policies)
        test(`follows ${what}`, async () => {
            const { place, id } = await sendOne(what.replaceAll(' ', '-'),
                [500], { event: `policy.${what.replaceAll(' ', '_')}`,
                    ...fields });
            assertWait(await plannedWait(place, id), wait_s);
        });

    test('doubles its wait each time', async () => {
        const { place } = await sendOne('doubles', [500],
            { retry_delay: 1, retry_count: 3 });
        await place.arrived(4, 20_000);
        const gaps = place.gaps();
        [1, 2, 4].forEach((wait_s, i) =>
            assert.ok(gaps[i] >= wait_s - 0.2, `${gaps[i]} s after ${i + 1}`));
    });

    test('is planned twice as far ahead each time', async () => {
        const { place, id } = await sendOne('plans', [500],
            { retry_delay: 3, retry_count: 10 });
        await place.arrived(3, 20_000);
        const at = await eventually('the third one has failed', () =>
            stack.sql.value('SELECT UNIX_TIMESTAMP(next_retry_at) FROM jobs ' +
                'WHERE id = ? AND attempts = 3', [idNumber(id)]));
        assertWait(waitOf(place, Number(at) * 1000, 3), 12);
    });

    test('of an endpoint made with the API of Svix follows its schedule',
        async () => {
            const place = receiver.place('svix', 500);
            const post = (path, body) => api.post(`/api/v1/app${path}`, body);
            const app = await post('/', { name: 'Retries' });
            assert.equal(app.status, 201, app.text);
            const endpoint = await post(`/${app.json.id}/endpoint/`,
                { url: place.url });
            assert.equal(endpoint.status, 201, endpoint.text);
            const message = await post(`/${app.json.id}/msg/`,
                { eventType: 'svix.retried', payload: {} });
            assert.equal(message.status, 202, message.text);
            await place.arrived(1);
            const row = await eventually('it is to be tried again', () =>
                stack.sql.one('SELECT UNIX_TIMESTAMP(next_retry_at) at, ' +
                    'subscription_id id FROM webhook_deliveries WHERE ' +
                    "event_type = 'svix.retried' AND status = 'retrying'")
                    .catch(() => null));
            assertWait(waitOf(place, Number(row.at) * 1000), 5);
            const schedule = await stack.sql.value('SELECT retry_schedule ' +
                'FROM subscriptions WHERE id = ?', [row.id]);
            assert.deepEqual(JSON.parse(schedule),
                [5, 300, 1800, 7200, 18_000, 36_000, 36_000]);
        });

    const httpDate = (ms) => new Date(Date.now() + ms).toUTCString();
    const asked = [
        ['less than the delay', 429, '1', 60, 60],
        ['more than it', 429, '90', 60, 90],
        ['more than an hour', 429, '86400', 60, 3600, 3600],
        ['more than twice a long delay', 503, '86400', 7200, 14_400, 14_400],
        ['a time', 503, httpDate(120_000), 60, 105, 135],
        ['nonsense', 503, 'soon', 60, 60],
        ['time with a 500, which may not', 500, '600', 60, 60],
    ];
    for (const [what, status, value, delay, least, most] of asked)
        test(`where Retry-After asks for ${what}`, async () => {
            const name = what.replace(/[^a-z]+/g, '_');
            const { place, id } = await sendOne(`asks-${name}`,
                [{ status, headers: { 'Retry-After': value } }],
                { event: `asks.${name}`, retry_delay: delay });
            assertWait(await plannedWait(place, id), least, most);
        });
});

describe('deliver_at', { concurrency: true }, () => {
    test('is waited for', async () => {
        const place = receiver.place('waited-for');
        await subscribe(stack, place.url, ['waited.for']);
        const due = Math.ceil(Date.now() / 1000) * 1000 + 2000;
        await trigger(stack, 'waited.for', {}, { deliver_at: new Date(due) });
        const request = await place.arrived(1);
        assert.ok(request.wall >= due - 5, `${due - request.wall} ms early`);
    });

    test('may be a year ahead, and not much more', async () => {
        const place = receiver.place('year');
        await subscribe(stack, place.url, ['in.a.year']);
        const at = new Date(Date.now() + 365 * DAY_MS);
        const { event_id } = await trigger(stack, 'in.a.year', {},
            { deliver_at: at });
        const planned = await delivery(stack,
            await deliveryId(stack, event_id));
        assert.equal(Date.parse(planned.next_retry_at), at.getTime());
        const { status, json } = await api.post('/api/events/trigger', [
            { event: 'in.a.year', data: {} },
            { event: 'in.a.year', data: {},
                deliver_at: new Date(Date.now() + 367 * DAY_MS) }]);
        assert.equal(status, 422);
        assert.deepEqual(json.detail[0].loc, ['body', 1, 'deliver_at']);
        assert.equal(json.detail[0].msg,
            'ensure this time is at most 366 days from now');
    });

    test('must be a time', async () => {
        for (const wrong of ['tomorrow', 5, {}, '2026-13-01T00:00:00Z']) {
            const { status, json } = await api.post('/api/events/trigger',
                { event: 'wrong.time', data: {}, deliver_at: wrong });
            assert.equal(status, 422, JSON.stringify(wrong));
            assert.deepEqual(json.detail[0].loc, ['body', 'deliver_at']);
        }
    });
});

// It has failed by its age, as people and programs are told.
async function expired(id, ttl_s) {
    const done = await reached(stack, id, 'failed');
    assert.equal(done.error_message, 'could not be delivered within ' +
        `${ttl_s} s, which is the limit of the subscription`);
    const row = await stack.sql.one('SELECT error_class, response_code ' +
        'FROM deliveries WHERE id = ?', [idNumber(id)]);
    assert.equal(row.error_class, 'expired');
    assert.equal(row.response_code, null);
    return done;
}

describe('a delivery with an end', { concurrency: true }, () => {
    test('fails at that time, not at its next attempt', async () => {
        const { place, id } = await sendOne('ends', [500],
            { ttl_seconds: 2, retry_delay: 600 });
        const done = await expired(id, 2);
        const took = Date.parse(done.completed_at) -
            Date.parse(done.created_at);
        assert.ok(took >= 1900, `${took} ms`);
        assert.equal(place.requests.length, 1);
        assert.equal(done.attempts[0].response_code, 500);
    });

    test('is delivered in time as always', async () => {
        const { place, id } = await sendOne('in-time', [500, 200],
            { ttl_seconds: 60, retry_delay: 1 });
        await reached(stack, id, 'success');
        assert.equal(place.requests.length, 2);
    });

    test('fails without a request when it was paused too long', async () => {
        const place = receiver.place('paused-too-long');
        const { id } = await subscribe(stack, place.url, ['paused.too.long'],
            { ttl_seconds: 1 });
        await api.post(`/api/webhooks/${id}/pause`);
        const { event_id } = await trigger(stack, 'paused.too.long', {});
        const late = await deliveryId(stack, event_id);
        await eventually('it is too old', () => stack.sql.value('SELECT ' +
            'next_retry_at < NOW(6) - INTERVAL 1 SECOND FROM jobs ' +
            'WHERE id = ?', [idNumber(late)]).then(Number));
        await api.post(`/api/webhooks/${id}/resume`);
        await expired(late, 1);
        const fresh = await trigger(stack, 'paused.too.long', {});
        const request = await place.arrived(1);
        assert.equal(request.headers['webhook-id'], fresh.event_id);
        assert.equal(place.requests.length, 1);
    });

    test('counts from deliver_at, at every attempt', async () => {
        const place = receiver.place('counts-from', 500);
        await subscribe(stack, place.url, ['counts.from'],
            { ttl_seconds: 4, retry_delay: 1, retry_count: 10 });
        const due = Date.now() + 4500;
        const { event_id } = await trigger(stack, 'counts.from', {},
            { deliver_at: new Date(due) });
        const done = await expired(await deliveryId(stack, event_id), 4);
        assert.ok(place.requests.length >= 2, `${place.requests.length}`);
        const ended = Date.parse(done.completed_at) - due;
        assert.ok(ended >= 3900, `${ended} ms`);
    });

    test('ends while the breaker is open, and makes way for the next',
        { timeout: slow(60_000) }, async () => {
            let broken = true;
            const place = receiver.place('open', () => broken ? 500 : 200);
            const { id } = await subscribe(stack, place.url, ['open.event'],
                { ttl_seconds: 3, retry_delay: 60, retry_count: 10 });
            for (let i = 0; i < 3; i++)
                await api.post('/api/events/trigger', Array.from(
                    { length: 100 }, () => ({ event: 'open.event', data: {} })));
            await eventually('all have failed', async () =>
                await stack.sql.count('SELECT COUNT(*) FROM deliveries ' +
                    'WHERE owner_id = ? AND kind = 1 AND ' +
                    "error_class = 'expired'", [id]) === 300, 30_000);
            assert.ok(place.requests.length < 20, `${place.requests.length}`);
            broken = false;
            const fresh = await trigger(stack, 'open.event', {});
            await reached(stack, await deliveryId(stack, fresh.event_id),
                'success');
        });

    test('takes no turn of those that are in time', async () => {
        const place = receiver.place('turns');
        const { id } = await subscribe(stack, place.url, ['turns'],
            { ttl_seconds: 3, rate_limit: 1 });
        await api.post('/api/events/trigger', Array.from({ length: 50 },
            () => ({ event: 'turns', data: {} })));
        await eventually('the others are too old', async () =>
            await stack.sql.count('SELECT COUNT(*) FROM jobs WHERE ' +
                'lane = ? << 32', [id]) === 0);
        assert.ok(place.requests.length <= 5, `${place.requests.length}`);
        // After one turn of theirs for each it would be too old as well.
        const { event_id } = await trigger(stack, 'turns', {});
        await reached(stack, await deliveryId(stack, event_id), 'success');
    });

    for (const on_exhausted of ['skip', 'pause'])
        test(`lets the others of its order go on, ${on_exhausted} or not`,
            async () => {
                const place = receiver.place(`ordered-${on_exhausted}`,
                    (request) => request.json.data.i === 0 ? 500 : 200);
                const { id } = await subscribe(stack, place.url,
                    [`ends.${on_exhausted}`], { ordering: 'fifo', on_exhausted,
                        ttl_seconds: 5, retry_delay: 600 });
                const first = await trigger(stack, `ends.${on_exhausted}`,
                    { i: 0 });
                await place.arrived(1);
                await expired(await deliveryId(stack, first.event_id), 5);
                const next = await trigger(stack, `ends.${on_exhausted}`,
                    { i: 1 });
                await reached(stack, await deliveryId(stack, next.event_id),
                    'success');
                assert.equal(place.requests.length, 2);
                assert.equal((await api.get(`/api/webhooks/${id}`)).json.paused,
                    false);
            });

    test('has at most a year', async () => {
        const place = receiver.place('limits');
        for (const [ttl_seconds, type] of [
            [365 * 86_400 + 1, 'value_error.number.not_le'],
            [-1, 'value_error.number.not_ge'], ['60', 'type_error.int']]) {
            const { status, json } = await api.post('/api/webhooks',
                { url: place.url, events: ['*'], ttl_seconds });
            assert.equal(status, 422);
            assert.deepEqual(json.detail[0].loc, ['body', 'ttl_seconds']);
            assert.equal(json.detail[0].type, type);
        }
    });
});
