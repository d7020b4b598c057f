// deliver.test.mjs - outgoing deliveries: what is on the wire, when attempts
// happen, what the history says, and what becomes of all kinds of trouble.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changeConfig, closedPort, delivery, deliveryId, onlyDelivery,
    reached, sendOne as sendOneEvent, subscribe, trigger }
    from './lib/gateway.mjs';
import { assertGolden, ID, NUMBER, TIME } from './lib/golden.mjs';
import { idNumber } from './lib/ids.mjs';
import { gate, Receiver } from './lib/receiver.mjs';
import { hexSignature, standardSignature } from './lib/sign.mjs';
import { run, Stack } from './lib/stack.mjs';
import { eventually, pause, slow } from './lib/wait.mjs';

const KEPT = 1000; // bytes of an answer that this stack stores

let stack;
let api;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ conf: { response_body_kept: String(KEPT) } }),
        Receiver.start()]);
    api = stack.api();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

const sendOne = (...args) => sendOneEvent(stack, receiver, ...args);

describe('on the wire', () => {
    test('the body is the documented envelope, compact, bytes untouched',
        async () => {
            const place = receiver.place('wire');
            const made = await subscribe(stack, place.url, ['wire.sent']);
            const answer = await api.post('/api/events/trigger',
                '{"event": "wire.sent", "data": { "b" : 1, "a": ' +
                '123456789012345678901234567890.10,\n "s": "Zo\\u00eb é/\\/" },' +
                ' "metadata": { "who": "test", "n": 1e400 } }');
            assert.equal(answer.status, 202, answer.text);
            const request = await place.arrived(1);
            const seen = assertGolden(request.body, 'delivery_envelope',
                { evt: ID('evt'), time: TIME });
            assert.equal(seen.evt, answer.json.event_id);

            const { headers } = request;
            assert.equal(request.method, 'POST');
            assert.match(headers['content-type'], /^application\/json\b/);
            assert.equal(headers['content-length'],
                String(request.body.length));
            assert.match(headers['user-agent'], /^Postern\/\d+\.\d+\.\d+$/);
            assert.equal(headers['x-webhook-event'], 'wire.sent');
            assert.match(headers['x-webhook-delivery'],
                new RegExp(`^${ID('dlv')}$`));
            assert.equal(headers['x-webhook-attempt'], '1');
            assert.match(headers.traceparent,
                /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
            assert.equal(headers.expect, undefined);
            assert.equal(headers['webhook-id'], seen.evt);
            const sentAt = Number(headers['webhook-timestamp']);
            assert.ok(Math.abs(sentAt - Date.now() / 1000) < slow(10),
                headers['webhook-timestamp']);
            assert.equal(headers['x-webhook-signature'],
                'sha256=' + hexSignature(made.secret, request.body));
            assert.equal(headers['webhook-signature'], standardSignature(
                made.secret, seen.evt, headers['webhook-timestamp'],
                request.body));
            assert.ok(Math.abs(Date.parse(seen.time) - Date.now()) <
                slow(10_000), seen.time);
        });

    test('metadata is {} when there is none', async () => {
        const { place } = await sendOne('no-metadata', [200]);
        const { body } = await place.arrived(1);
        assert.ok(body.toString().endsWith(',"metadata":{}}'), body.toString());
    });

    test('openssl dgst agrees with X-Webhook-Signature', async () => {
        const { place, subscription } = await sendOne('openssl', [200]);
        const request = await place.arrived(1);
        const file = join(stack.base, 'body');
        writeFileSync(file, request.body);
        const { code, stdout } = await run('openssl', ['dgst', '-sha256',
            '-hmac', subscription.secret, '-r', file], { env: process.env });
        assert.equal(code, 0);
        assert.equal(request.headers['x-webhook-signature'],
            `sha256=${stdout.split(' ')[0]}`);
    });

    test('a secret of the user is the key as it stands, for both schemes',
        async () => {
            const { place, subscription } = await sendOne('own-secret', [200],
                { secret: 'your-secret-key' });
            assert.equal(subscription.secret, 'your-secret-key');
            const { headers, body } = await place.arrived(1);
            assert.equal(headers['x-webhook-signature'],
                'sha256=' + hexSignature('your-secret-key', body));
            assert.equal(headers['webhook-signature'], standardSignature(
                'your-secret-key', headers['webhook-id'],
                headers['webhook-timestamp'], body));
        });

    test('custom headers are sent as they were given', async () => {
        const { place } = await sendOne('headers', [200],
            { headers: { 'X-API-Key': 'the key; =,', 'X-Tenant': '7' } });
        const { headers } = await place.arrived(1);
        assert.equal(headers['x-api-key'], 'the key; =,');
        assert.equal(headers['x-tenant'], '7');
    });

    test('format payload is data alone', async () => {
        const { place } = await sendOne('format-payload', [200],
            { format: 'payload', data: { x: [1, 2.50] } });
        const { body } = await place.arrived(1);
        assert.equal(body.toString(), '{"x":[1,2.5]}');
    });

    test('format standard is type, timestamp and data', async () => {
        const { place } = await sendOne('format-standard', [200],
            { format: 'standard', data: { x: 1 } });
        const { body } = await place.arrived(1);
        assertGolden(body, 'delivery_standard', { time: TIME });
    });

    test('an event is on its way at once, not at the next look', async () => {
        const place = receiver.place('prompt');
        await subscribe(stack, place.url, ['prompt.event']);
        for (let i = 1; i <= 5; i++) {
            const sent = performance.now();
            await trigger(stack, 'prompt.event', { i });
            const { at } = await place.arrived(i);
            assert.ok(at - sent < slow(700), `${at - sent} ms`);
        }
    });

    test('a body of 100,000 bytes arrives whole', async () => {
        const data = { pad: 'x'.repeat(100_000) };
        const { place } = await sendOne('large', [200], { data });
        const request = await place.arrived(1);
        assert.deepEqual(request.json.data, data);
        assert.equal(request.headers.expect, undefined);
    });
});

describe('retries', { concurrency: true }, () => {
    test('fails twice, then accepts: attempts at 0, 2 and 6 seconds',
        { timeout: slow(60_000) }, async () => {
            const { place, id, eventId, subscription } =
                await sendOne('retry', [
                    { status: 500, body: 'first no' },
                    { status: 503, body: 'second no' },
                    { status: 200, body: 'yes' }]);
            await place.arrived(1);
            const retrying = await reached(stack, id, 'retrying');
            assert.equal(retrying.attempt_count, 1);
            assert.ok(retrying.next_retry_at);
            const inView = await onlyDelivery(stack, eventId);
            assert.equal(inView.status, 'retrying');
            assert.equal(Number(inView.attempt_count), 1);
            assert.ok(inView.next_retry_at);

            await place.arrived(3, 15_000);
            const [first, second] = place.gaps();
            assert.ok(first >= 2 && first <= 2.2 + slow(1.5), `${first}`);
            assert.ok(second >= 4 && second <= 4.4 + slow(1.5), `${second}`);

            const bodies = place.requests.map((r) => r.body.toString());
            assert.equal(new Set(bodies).size, 1, 'the same bytes each time');
            assert.deepEqual(place.requests.map((r) =>
                r.headers['x-webhook-attempt']), ['1', '2', '3']);
            for (const name of ['webhook-id', 'x-webhook-delivery',
                'x-webhook-signature'])
                assert.equal(new Set(place.requests.map((r) =>
                    r.headers[name])).size, 1, name);
            for (const { headers, body } of place.requests)
                assert.equal(headers['webhook-signature'], standardSignature(
                    subscription.secret, headers['webhook-id'],
                    headers['webhook-timestamp'], body));

            await reached(stack, id, 'success');
            const answer = await api.get(`/api/deliveries/${id}`);
            assertGolden(answer.body, 'delivery', { dlv: ID('dlv'),
                evt: ID('evt'), sub: NUMBER, created: TIME, done: TIME,
                at1: TIME, at2: TIME, ms1: NUMBER, ms2: NUMBER,
                ms: NUMBER });

            const row = await onlyDelivery(stack, eventId);
            assert.equal(row.status, 'success');
            assert.equal(Number(row.attempt_count), 3);
            assert.equal(Number(row.response_code), 200);
            assert.equal(Number(row.subscription_id), subscription.id);
            assert.equal(row.event_type, 'deliver.retry');
            assert.equal(row.next_retry_at, null);
            const attempts = await stack.sql.rows(
                'SELECT * FROM delivery_attempts WHERE webhook_id = ? ' +
                'ORDER BY attempt_number', [row.subscription_id]);
            assert.deepEqual(attempts.map((a) => [Number(a.attempt_number),
                a.status, Number(a.response_code), String(a.response_body)]), [
                [1, 'failed', 500, 'first no'],
                [2, 'failed', 503, 'second no'],
                [3, 'success', 200, 'yes']]);
            for (const attempt of attempts)
                assert.ok(Number(attempt.duration_ms) >= 0);
        });

    test('the wait counts from the end of the attempt', async () => {
        const { place } = await sendOne('slow-fail', [
            async () => {
                await pause(1500);
                return 500;
            }, 200], { retry_delay: 1 });
        await place.arrived(2, 10_000);
        assert.ok(place.gaps()[0] >= 2.5, `${place.gaps()[0]}`);
    });

    test('the last failure is final', async () => {
        const { place, id, eventId } = await sendOne('exhausted',
            [{ status: 500, body: 'no' }], { retry_count: 1, retry_delay: 1 });
        const done = await reached(stack, id, 'failed');
        assert.equal(done.attempt_count, 2);
        assert.equal(done.response_code, 500);
        assert.equal(done.next_retry_at, null);
        assert.equal(place.requests.length, 2);
        assert.equal((await onlyDelivery(stack, eventId)).status, 'failed');
    });

    test('retry_count 0 means one attempt', async () => {
        const { place, id } = await sendOne('once', [500],
            { retry_count: 0 });
        const done = await reached(stack, id, 'failed');
        assert.equal(done.attempt_count, 1);
        assert.equal(place.requests.length, 1);
    });

    test('retry_schedule replaces count and delay', async () => {
        const { place, id } = await sendOne('schedule', [500],
            { retry_schedule: [1, 2] });
        const done = await reached(stack, id, 'failed');
        assert.equal(done.attempt_count, 3);
        const [first, second] = place.gaps();
        assert.ok(first >= 1 && first < 1.1 + slow(1.5), `${first}`);
        assert.ok(second >= 2 && second < 2.2 + slow(1.5), `${second}`);
    });

    test('Retry-After of a 429 and 503 is honoured', async () => {
        for (const status of [429, 503]) {
            const { place } = await sendOne(`after-${status}`, [
                { status, headers: { 'Retry-After': '3' } }, 200],
            { retry_delay: 1 });
            await place.arrived(2, 10_000);
            assert.ok(place.gaps()[0] >= 3, `${place.gaps()[0]}`);
        }
    });

    test('a 404 is tried again: receivers are fixed by people', async () => {
        const { place, id } = await sendOne('fixed', [404, 200],
            { retry_delay: 1 });
        await place.arrived(2);
        await reached(stack, id, 'success');
    });

    test('410 ends the delivery and disables the subscription', async () => {
        const { place, id, subscription } = await sendOne('gone', [410]);
        const done = await reached(stack, id, 'failed');
        assert.equal(done.response_code, 410);
        assert.equal(done.attempt_count, 1);
        assert.equal(place.requests.length, 1);
        const now = await eventually('it is disabled', async () => {
            const { json } = await api.get(`/api/webhooks/${subscription.id}`);
            return json.active ? null : json;
        });
        assert.match(now.disabled_reason, /410/);
        assert.equal((await trigger(stack, 'deliver.gone', {})).matched, 0);
    });

    test('a redirect is a failure and is not followed', async () => {
        const elsewhere = receiver.place('elsewhere');
        for (const status of [301, 302, 303, 307, 308]) {
            const { id } = await sendOne(`redirect-${status}`, [{ status,
                headers: { Location: elsewhere.url } }], { retry_count: 0 });
            const done = await reached(stack, id, 'failed');
            assert.equal(done.response_code, status);
        }
        assert.equal(elsewhere.requests.length, 0);
    });

    test('every 2xx is a success', async () => {
        for (const status of [200, 201, 202, 204, 299]) {
            const { id } = await sendOne(`ok-${status}`, [status]);
            assert.equal((await reached(stack, id, 'success')).response_code,
                status);
        }
    });
});

describe('trouble', { concurrency: true }, () => {
    const failure = async (id) => {
        const done = await reached(stack, id, 'failed');
        const row = await stack.sql.one(
            'SELECT * FROM deliveries WHERE id = ?', [idNumber(id)]);
        return { done, row };
    };

    test('no answer in time is a timeout', async () => {
        const hold = gate();
        const { id, place } = await sendOne('silent',
            [{ hold: hold.promise, status: 200 }],
            { timeout: 1, retry_count: 0 });
        const { done, row } = await failure(id);
        assert.equal(row.error_class, 'timeout');
        assert.equal(done.response_code, null);
        assert.ok(done.error_message);
        assert.ok(done.duration_ms >= 1000 &&
            done.duration_ms < 1000 + slow(1500), `${done.duration_ms}`);
        assert.equal(place.requests.length, 1);
        hold.open();
    });

    test('an answer that trickles is cut off at the timeout', async () => {
        const { id } = await sendOne('trickle', [async (request) => {
            void request;
            return { status: 200, hold: new Promise(() => {}) };
        }], { timeout: 1, retry_count: 0 });
        const { row } = await failure(id);
        assert.equal(row.error_class, 'timeout');
    });

    test('a port where nobody listens is a refused connection', async () => {
        const url = `http://127.0.0.1:${await closedPort()}/`;
        await subscribe(stack, url, ['deliver.refused'], { retry_count: 0 });
        const { event_id } = await trigger(stack, 'deliver.refused', {});
        const { row } = await failure(await deliveryId(stack, event_id));
        assert.equal(row.error_class, 'connect');
        assert.ok(row.error_message);
    });

    test('a connection closed without an answer is a failure', async () => {
        const { id } = await sendOne('dropped', [{ drop: true }],
            { retry_count: 0 });
        const { done, row } = await failure(id);
        assert.equal(done.response_code, null);
        assert.ok(row.error_class);
    });

    test('a name that does not resolve is a DNS failure', async () => {
        await subscribe(stack, 'http://no-such-host.invalid/',
            ['deliver.nohost'], { retry_count: 0 });
        const { event_id } = await trigger(stack, 'deliver.nohost', {});
        const { row } = await failure(await deliveryId(stack, event_id));
        assert.equal(row.error_class, 'dns');
    });

    test('an address that is not allowed is blocked when connecting',
        async () => {
            const made = await subscribe(stack, 'https://example.com/',
                ['deliver.blocked'], { retry_count: 0 });
            await changeConfig(stack, 'UPDATE subscriptions SET url = ?, ' +
                'config_version = {version} WHERE id = ?',
            [`http://[::1]:${receiver.port}/`, made.id]);
            const { event_id } = await trigger(stack, 'deliver.blocked', {});
            const { row } = await failure(await deliveryId(stack, event_id));
            assert.equal(row.error_class, 'blocked');
        });

    test('only the first bytes of a long answer are kept', async () => {
        const { id, eventId } = await sendOne('chatty',
            [{ status: 200, body: 'y'.repeat(300_000) }]);
        const done = await reached(stack, id, 'success');
        assert.equal(done.response_body, 'y'.repeat(KEPT));
        const row = await onlyDelivery(stack, eventId);
        assert.equal(String(row.response_body).length, KEPT);
    });

    test('an answer that never ends does not fill the memory, and its status counts',
        async () => {
            const { id } = await sendOne('endless',
                [{ status: 200, body: Buffer.alloc(20 << 20, 'z') }],
                { retry_count: 0, timeout: 5 });
            const done = await reached(stack, id, 'success');
            assert.equal(done.response_code, 200);
            assert.equal(done.response_body, 'z'.repeat(KEPT));
            for (const pid of stack.pids('worker'))
                assert.doesNotThrow(() => process.kill(pid, 0));
        });

    test('bytes that are not UTF-8 in an answer do not break the API',
        async () => {
            const { id } = await sendOne('binary', [{ status: 200,
                body: Buffer.from([0xff, 0xfe, 0x00, 0x41, 0xc3]) }]);
            await reached(stack, id, 'success');
            const answer = await api.get(`/api/deliveries/${id}`);
            assert.ok(answer.json.response_body.includes('A'));
            assert.equal(Buffer.from(answer.text).compare(answer.body), 0,
                'the answer is UTF-8');
        });

    test('a slow receiver does not keep another waiting', async () => {
        const hold = gate();
        const slowPlace = receiver.place('slow-neighbour',
            200, { hold: hold.promise, status: 200 });
        await subscribe(stack, slowPlace.url, ['neighbour.slow'],
            { timeout: 30 });
        // Who has answered once gets more than one at a time.
        const first = await trigger(stack, 'neighbour.slow', {});
        await reached(stack, await deliveryId(stack, first.event_id),
            'success');
        const quick = receiver.place('quick-neighbour');
        await subscribe(stack, quick.url, ['neighbour.quick']);
        await api.post('/api/events/trigger', Array.from({ length: 200 },
            (_, i) => ({ event: 'neighbour.slow', data: { i } })));
        await slowPlace.arrived(1 + 5);
        await trigger(stack, 'neighbour.quick', {});
        await quick.arrived(1, 3000);
        hold.open();
        await slowPlace.arrived(1 + 200, 20_000);
    });
});
