// operate.test.mjs - what an operator does with deliveries: retry, cancel,
// pause, rotate, look, test, and ask SQL.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { delivery, deliveryId, onlyDelivery, reached,
    sendOne as sendOneEvent, subscribe, trigger } from './lib/gateway.mjs';
import { assertGolden, ID, NUMBER, SECRET, TIME } from './lib/golden.mjs';
import { links } from './lib/http.mjs';
import { idNumber } from './lib/ids.mjs';
import { gate, Receiver } from './lib/receiver.mjs';
import { hexSignature, standardSignature } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually, slow } from './lib/wait.mjs';

let stack;
let api;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ conf: { test_wait_s: '2' } }), Receiver.start()]);
    api = stack.api();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

const sendOne = (...args) => sendOneEvent(stack, receiver, ...args);

describe('operating', () => {
    test('a manual retry is a new delivery of the same event', async () => {
        const { place, id, eventId } = await sendOne('again', [500, 200],
            { retry_count: 0 });
        await reached(stack, id, 'failed');
        const answer = await api.post(`/api/deliveries/${id}/retry`);
        assert.equal(answer.status, 202, answer.text);
        const request = await place.arrived(2);
        const newId = request.headers['x-webhook-delivery'];
        assert.notEqual(newId, id);
        assert.equal(request.headers['x-webhook-attempt'], '1');
        assert.equal(request.headers['webhook-id'], eventId);
        assert.deepEqual(request.body, place.requests[0].body);
        const done = await reached(stack, newId, 'success');
        assert.equal(done.retry_of, id);
        assert.equal((await delivery(stack, id)).status, 'failed');
        const shown = assertGolden(answer.body, 'delivery_retried',
            { dlv: ID('dlv') });
        assert.equal(shown.dlv, newId);
    });

    test('a delivery that still waits can be cancelled', async () => {
        const { place, id, eventId } = await sendOne('cancel', [500],
            { retry_delay: 3600 });
        await reached(stack, id, 'retrying');
        const answer = await api.post(`/api/deliveries/${id}/cancel`);
        assert.equal(answer.status, 200, answer.text);
        const done = await reached(stack, id, 'cancelled');
        assert.equal(done.next_retry_at, null);
        assert.equal((await onlyDelivery(stack, eventId)).status, 'cancelled');
        assert.equal(place.requests.length, 1);
        const again = await api.post(`/api/deliveries/${id}/cancel`);
        assert.equal(again.status, 409, again.text);
        assertGolden(again.body, 'api_delivery_finished');
    });

    test('what does not exist cannot be retried or cancelled', async () => {
        for (const what of ['retry', 'cancel'])
            for (const id of ['dlv_0000000000001', 'dlv_x', '1',
                'evt_0000000000001']) {
                const answer = await api.post(`/api/deliveries/${id}/${what}`);
                assert.equal(answer.status, 404, answer.text);
                assertGolden(answer.body, 'api_delivery_not_found');
            }
    });

    test('while paused jobs are made and held; resume lets them go',
        async () => {
            const place = receiver.place('pause');
            const made = await subscribe(stack, place.url, ['paused']);
            const paused = await api.post(`/api/webhooks/${made.id}/pause`);
            assert.equal(paused.status, 200, paused.text);
            const { event_id, matched } = await trigger(stack, 'paused', {});
            assert.equal(matched, 1);
            const id = await deliveryId(stack, event_id);
            // A neighbour made later is delivered: the worker has been by.
            const neighbour = await sendOne('pause-neighbour', [200]);
            await neighbour.place.arrived(1);
            assert.equal((await delivery(stack, id)).status, 'pending');
            assert.equal(place.requests.length, 0);
            const resumed = await api.post(`/api/webhooks/${made.id}/resume`);
            assert.equal(resumed.status, 200, resumed.text);
            await place.arrived(1);
            await reached(stack, id, 'success');
        });

    test('a retry of a delivery that still waits makes it due now',
        async () => {
            const { place, id } = await sendOne('hurry', [500, 200],
                { retry_delay: 3600 });
            await reached(stack, id, 'retrying');
            const answer = await api.post(`/api/deliveries/${id}/retry`);
            assert.equal(answer.status, 202, answer.text);
            const request = await place.arrived(2);
            assert.equal(request.headers['x-webhook-delivery'], id);
            assert.equal(request.headers['x-webhook-attempt'], '2');
            await reached(stack, id, 'success');
        });

    test('after rotate-secret both secrets sign until the grace ends',
        async () => {
            const place = receiver.place('rotate');
            const made = await subscribe(stack, place.url, ['rotated']);
            const rotate = (grace_seconds) => api.post(
                `/api/webhooks/${made.id}/rotate-secret`, { grace_seconds });
            const answer = await rotate(3600);
            assert.equal(answer.status, 200, answer.text);
            const { secret } = answer.json;
            assert.match(secret, new RegExp(`^${SECRET}$`));
            assert.notEqual(secret, made.secret);
            await trigger(stack, 'rotated', {});
            const { headers, body } = await place.arrived(1);
            assert.equal(headers['x-webhook-signature'],
                'sha256=' + hexSignature(secret, body));
            assert.equal(headers['webhook-signature'], [secret, made.secret]
                .map((key) => standardSignature(key, headers['webhook-id'],
                    headers['webhook-timestamp'], body)).join(' '));

            const at_once = (await rotate(0)).json.secret;
            await trigger(stack, 'rotated', {});
            const second = await place.arrived(2);
            assert.equal(second.headers['webhook-signature'],
                standardSignature(at_once, second.headers['webhook-id'],
                    second.headers['webhook-timestamp'], second.body));
        });

    test('deleting a subscription cancels what still waits', async () => {
        const { id, subscription, place } = await sendOne('deleted', [500],
            { retry_delay: 3600 });
        await reached(stack, id, 'retrying');
        await api.delete(`/api/webhooks/${subscription.id}`);
        await reached(stack, id, 'cancelled');
        assert.equal(place.requests.length, 1);
    });

    test('lists show deliveries, newest first, with filters and pages',
        async () => {
            const place = receiver.place('listed', 200, 200, 500);
            const made = await subscribe(stack, place.url, ['listed.a',
                'listed.b'], { retry_count: 0 });
            for (let i = 0; i < 3; i++) {
                await trigger(stack, i < 2 ? 'listed.a' : 'listed.b', { i });
                await place.arrived(i + 1);
            }
            await stack.drained();
            const all = await api.get(`/api/webhooks/${made.id}/deliveries`);
            assert.equal(all.status, 200, all.text);
            assert.equal(all.json.length, 3);
            assertGolden(JSON.stringify(all.json[0]), 'delivery_listed', {
                dlv: ID('dlv'), evt: ID('evt'), sub: NUMBER, created: TIME,
                done: TIME, ms: NUMBER });
            const ids = all.json.map((item) => item.id);
            assert.deepEqual(ids, [...ids].sort().reverse());
            const count = async (query) => (await api.get(
                `/api/deliveries?subscription=${made.id}&${query}`)).json
                .length;
            assert.equal(await count('status=success'), 2);
            assert.equal(await count('status=failed'), 1);
            assert.equal(await count('event_type=listed.b'), 1);
            assert.equal(await count('event=listed.b'), 1);
            const page = await api.get(
                `/api/webhooks/${made.id}/deliveries?limit=2`);
            assert.equal(page.json.length, 2);
            const next = new URL(links(page).next, stack.url);
            const rest = await api.get(next.pathname + next.search);
            assert.deepEqual([...page.json, ...rest.json]
                .map((item) => item.id), ids);
            assert.equal(links(rest).next, undefined);
        });

    test('filters for what cannot be there find nothing', async () => {
        for (const query of ['error_class=%F0%9F%98%80', 'error_class=%27',
            'event_type=%C3%A9%27%22%5C', 'response_code=599',
            'since=2099-01-01T00:00:00Z', 'until=1969-01-01T00:00:00Z']) {
            const answer = await api.get(`/api/deliveries?${query}`);
            assert.equal(answer.status, 200, `${query}: ${answer.text}`);
            assert.equal(answer.text, '[]', query);
        }
        const history = await api.get('/api/events/history?source=%C3%A9');
        assert.equal(history.status, 200, history.text);
        assert.equal(history.text, '[]');
    });

    test('an unknown status in a filter is 422', async () => {
        const answer = await api.get('/api/deliveries?status=lost');
        assert.equal(answer.status, 422, answer.text);
    });

    test('statistics of a subscription count deliveries and attempts',
        async () => {
            const { id, subscription } = await sendOne('counted', [500, 200],
                { retry_delay: 1 });
            await reached(stack, id, 'success');
            const stats = (await api.get(
                `/api/webhooks/${subscription.id}/stats`)).json;
            assert.equal(stats.total_attempts, 2);
            assert.equal(stats.successful, 1);
            assert.equal(stats.failed, 1);
            assert.ok(stats.avg_duration_ms >= 0);
        });
});

describe('test deliveries', () => {
    test('POST …/test delivers at once and tells how it went', async () => {
        const place = receiver.place('tested',
            { status: 200, body: 'thank you' });
        const made = await subscribe(stack, place.url, ['never.by.itself']);
        const statsBefore = (await api.get('/api/stats')).json;
        const answer = await api.post(`/api/webhooks/${made.id}/test`);
        assert.equal(answer.status, 200, answer.text);
        assertGolden(answer.body, 'webhook_test_success',
            { dlv: ID('dlv'), body: 'thank you', ms: NUMBER });
        const request = await place.arrived(1);
        assert.equal(request.json.event, 'webhook.test');
        assert.equal(request.json.data.test, true);
        assert.equal(request.headers['x-webhook-signature'],
            'sha256=' + hexSignature(made.secret, request.body));
        // Tests count nowhere and are listed nowhere.
        assert.deepEqual((await api.get('/api/stats')).json, statsBefore);
        assert.deepEqual((await api.get(
            `/api/webhooks/${made.id}/deliveries`)).json, []);
        assert.deepEqual(await stack.sql.rows('SELECT * FROM ' +
            'webhook_deliveries WHERE subscription_id = ?', [made.id]), []);
    });

    test('a test that fails says why and is not repeated', async () => {
        const place = receiver.place('test-fails',
            { status: 500, body: 'broken' });
        const made = await subscribe(stack, place.url, ['never.by.itself']);
        const answer = await api.post(`/api/webhooks/${made.id}/test`);
        assert.equal(answer.status, 200, answer.text);
        assertGolden(answer.body, 'webhook_test_failed',
            { dlv: ID('dlv'), ms: NUMBER });
        await stack.sql.count('SELECT COUNT(*) FROM jobs');
        await eventually('no job is left of it', async () =>
            (await stack.sql.count('SELECT COUNT(*) FROM jobs j WHERE ' +
                'test = 1')) === 0);
        assert.equal(place.requests.length, 1);
    });

    test('an inactive and a paused subscription can be tested', async () => {
        const place = receiver.place('test-inactive');
        const made = await subscribe(stack, place.url, ['x'],
            { active: false });
        assert.equal((await api.post(`/api/webhooks/${made.id}/test`)).status,
            200);
        await place.arrived(1);
    });

    test('an ad-hoc test needs no subscription and leaves none', async () => {
        const place = receiver.place('adhoc', { status: 200, body: 'pong' });
        const listed = (await api.get('/api/webhooks?limit=250')).json.length;
        const answer = await api.post('/api/webhooks/test',
            { url: place.url, event: 'test.ping', data: { test: true } });
        assert.equal(answer.status, 200, answer.text);
        assertGolden(answer.body, 'webhook_test_success',
            { dlv: ID('dlv'), body: 'pong', ms: NUMBER });
        const request = await place.arrived(1);
        assert.equal(request.json.event, 'test.ping');
        assert.deepEqual(request.json.data, { test: true });
        assert.equal((await api.get('/api/webhooks?limit=250')).json.length,
            listed);
        assert.equal((await trigger(stack, 'test.ping', {})).matched, 0);
    });

    test('an ad-hoc test with bad fields is 422', async () => {
        for (const [body, field] of [[{ event: 'a', data: {} }, 'url'],
            [{ url: 'http://10.0.0.1/', event: 'a', data: {} }, 'url'],
            [{ url: 'http://127.0.0.1/', event: 'a b', data: {} }, 'event'],
            [{ url: 'http://127.0.0.1/', event: 'a', data: {}, x: 1 }, 'x']]) {
            const answer = await api.post('/api/webhooks/test', body);
            assert.equal(answer.status, 422, answer.text);
            assert.equal(answer.json.detail[0].loc[1], field);
        }
    });

    test('a receiver slower than test_wait_s is answered "pending"',
        async () => {
            const hold = gate();
            const place = receiver.place('test-slow',
                { hold: hold.promise, status: 200 });
            const made = await subscribe(stack, place.url, ['x']);
            const began = Date.now();
            const answer = await api.post(`/api/webhooks/${made.id}/test`);
            assert.equal(answer.status, 202, answer.text);
            assert.ok(Date.now() - began >= 2000);
            const { dlv } = assertGolden(answer.body, 'webhook_test_pending',
                { dlv: ID('dlv') });
            hold.open();
            const done = await reached(stack, dlv, 'success');
            assert.equal(done.attempt_count, 1);
        });

    test('without a worker the answer is 503', async () => {
        const made = await subscribe(stack, receiver.base + '/x', ['x']);
        await stack.kill('worker', 'SIGTERM');
        try {
            const answer = await api.post(`/api/webhooks/${made.id}/test`);
            assert.equal(answer.status, 503, answer.text);
            assertGolden(answer.body, 'webhook_test_no_worker');
            assert.match(answer.headers['retry-after'] ?? '', /^\d+$/);
        } finally {
            await stack.restart('worker');
        }
    });
});

describe('SQL', () => {
    test("the documented monitoring queries give right answers in every zone",
        async () => {
            const { sql } = stack;
            await stack.drained();
            for (const zone of ['+00:00', '+09:00', '-08:00']) {
                await sql.rows('SET time_zone = ?', [zone]);
                const rate = await sql.one(`SELECT
                      COUNT(*) as total,
                      SUM(CASE WHEN status = 'success' THEN 1 ELSE 0 END)
                          as successful,
                      (SUM(CASE WHEN status = 'success' THEN 1 ELSE 0 END)
                          * 100.0 / COUNT(*)) as success_rate
                    FROM webhook_deliveries
                    WHERE created_at > NOW() - INTERVAL 24 HOUR`);
                const want = await sql.one(`SELECT COUNT(*) + (SELECT COUNT(*)
                      FROM jobs WHERE kind = 1 AND test = 0) total,
                      SUM(status = 'success') successful FROM deliveries
                    WHERE kind = 1 AND test = 0`);
                assert.equal(Number(rate.total), Number(want.total), zone);
                assert.equal(Number(rate.successful), Number(want.successful));
                assert.ok(Number(rate.success_rate) > 0 &&
                    Number(rate.success_rate) < 100);
                const due = await sql.count(`SELECT COUNT(*) as pending_retries
                    FROM webhook_deliveries
                    WHERE status = 'retrying'
                    AND next_retry_at <= NOW()`);
                assert.equal(due, 0);
                const top = await sql.rows(`SELECT subscription_id,
                      COUNT(*) as failures
                    FROM webhook_deliveries
                    WHERE status = 'failed'
                    AND created_at > NOW() - INTERVAL 7 DAY
                    GROUP BY subscription_id
                    ORDER BY failures DESC
                    LIMIT 10`);
                assert.ok(top.length > 0);
            }
            await sql.rows("SET time_zone = '+00:00'");
        });

    test('a retry that is due stands in the retry queue', async () => {
        const { id, place, eventId } = await sendOne('queue', [500],
            { retry_delay: 3600 });
        await reached(stack, id, 'retrying');
        const { sql } = stack;
        assert.equal(await sql.count('SELECT COUNT(*) FROM ' +
            "webhook_deliveries WHERE status = 'retrying' AND " +
            `next_retry_at > NOW() AND event_id = ${idNumber(eventId)}`), 1);
        assert.equal(place.requests.length, 1);
        await api.post(`/api/deliveries/${id}/cancel`);
    });
});
