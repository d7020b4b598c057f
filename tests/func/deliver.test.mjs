// deliver.test.mjs - outgoing deliveries: what is on the wire, when attempts
// happen, what the history says, and what an operator can do about them.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changeConfig, closedPort, deliveriesOf, delivery, makeToken, reached,
    subscribe, trigger } from './lib/gateway.mjs';
import { assertGolden, ID, NUMBER, SECRET, TIME } from './lib/golden.mjs';
import { links } from './lib/http.mjs';
import { idNumber, idText } from './lib/ids.mjs';
import { gate, Receiver } from './lib/receiver.mjs';
import { hexSignature, standardSignature } from './lib/sign.mjs';
import { run, Stack } from './lib/stack.mjs';
import { eventually, slow } from './lib/wait.mjs';

const KEPT = 1000; // bytes of an answer that this stack stores

let stack;
let api;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ conf: { response_body_kept: String(KEPT),
            test_wait_s: '2' } }),
        Receiver.start()]);
    api = stack.api();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

// The only delivery of an event, as the view shows it.
async function onlyDelivery(eventId) {
    const rows = await deliveriesOf(stack, eventId);
    assert.equal(rows.length, 1);
    return rows[0];
}

// The same by its public id.
async function deliveryId(eventId) {
    return idText('dlv', (await onlyDelivery(eventId)).id);
}

// A place, a subscription to it and one event sent: everything about them.
async function sendOne(name, script, options = {}) {
    const { data = { n: 1 }, event = `deliver.${name}`, more = {},
        ...fields } = options;
    const place = receiver.place(name, ...script);
    const subscription = await subscribe(stack, place.url, [event], fields);
    const { event_id, matched } = await trigger(stack, event, data, more);
    assert.equal(matched, 1);
    return { place, subscription, eventId: event_id,
        id: await deliveryId(event_id) };
}

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
            assert.ok(Math.abs(sentAt - Date.now() / 1000) < slow(10_000) / 1000,
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

describe('matching', () => {
    test('exact types, order.* and * match as documented', async () => {
        const { token } = await makeToken(stack, 'app', 'matching');
        const patterns = { exact: ['order.created'], below: ['order.*'],
            all: ['*'], several: ['x', 'order.created', 'order.*'],
            deep: ['order.item.*'] };
        for (const events of Object.values(patterns))
            await subscribe(stack, 'https://example.com/', events,
                { active: true, retry_count: 0 }, token);
        const expect = { 'order.created': 4, 'order.item.added': 4, order: 1,
            'orders.created': 1, 'Order.created': 1, 'order.item': 3,
            'other.thing': 1, x: 2 };
        const got = {};
        for (const event of Object.keys(expect)) {
            // Held back, so that nothing is really sent to example.com.
            const { event_id, matched } = await trigger(stack, event, {},
                { deliver_at: new Date(Date.now() + 86_400_000) }, token);
            got[event] = matched;
            const made = await deliveriesOf(stack, event_id);
            assert.equal(made.length, matched);
            for (const { id } of made)
                await api.post(`/api/deliveries/${idText('dlv', id)}/cancel`);
        }
        assert.deepEqual(got, expect);
    });

    test('channels that an event names must be shared', async () => {
        const places = {};
        for (const [name, channels] of [['eu', ['eu']], ['us', ['us', 'ca']],
            ['any', undefined]]) {
            places[name] = receiver.place(`channel-${name}`);
            await subscribe(stack, places[name].url, ['channel.test'],
                { channels });
        }
        const send = async (channels) => (await trigger(stack, 'channel.test',
            {}, channels ? { channels } : {})).matched;
        assert.equal(await send(['eu']), 2);
        assert.equal(await send(['ca', 'mx']), 2);
        assert.equal(await send(['mx']), 1);
        assert.equal(await send(undefined), 3);
    });

    test('a subscription made a moment ago gets the event', async () => {
        for (let i = 0; i < 20; i++) {
            await subscribe(stack, receiver.base + '/nowhere',
                [`fresh.${i}`], { retry_count: 0 });
            assert.equal((await trigger(stack, `fresh.${i}`, {})).matched, 1);
        }
    });
});

describe('triggering', () => {
    test('an array is answered with one answer for each', async () => {
        const place = receiver.place('array');
        await subscribe(stack, place.url, ['array.one', 'array.two']);
        const answer = await api.post('/api/events/trigger', [
            { event: 'array.one', data: { i: 1 } },
            { event: 'array.none', data: { i: 2 } },
            { event: 'array.two', data: { i: 3 } }]);
        assert.equal(answer.status, 202, answer.text);
        assertGolden(answer.body, 'event_triggered_array', {
            evt1: ID('evt'), evt2: ID('evt'), evt3: ID('evt') });
        await place.arrived(2);
        assert.deepEqual(place.requests.map((r) => r.json.data.i).sort(),
            [1, 3]);
    });

    test('an array with one bad item is refused as a whole', async () => {
        const answer = await api.post('/api/events/trigger', [
            { event: 'array.good', data: {} }, { event: 'array bad' }]);
        assert.equal(answer.status, 422, answer.text);
        assert.deepEqual(answer.json.detail.map(({ loc }) => loc),
            [['body', 1, 'event'], ['body', 1, 'data']]);
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM events ' +
            "WHERE type = 'array.good'"), 0);
    });

    test('1000 items are taken, 1001 and none are not', async () => {
        const items = (n) => Array.from({ length: n }, (_, i) =>
            ({ event: 'array.many', data: { i } }));
        const many = await api.post('/api/events/trigger', items(1000));
        assert.equal(many.status, 202, many.text.slice(0, 500));
        assert.equal(new Set(many.json.map((item) => item.event_id)).size,
            1000);
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM events ' +
            "WHERE type = 'array.many'"), 1000);
        for (const n of [0, 1001]) {
            const answer = await api.post('/api/events/trigger', items(n));
            assert.equal(answer.status, 422, answer.text.slice(0, 500));
        }
    });

    test('an event larger than max_body is 413, also within an array',
        async () => {
            const large = { event: 'too.large',
                data: { pad: 'x'.repeat(102_400) } };
            const alone = await api.post('/api/events/trigger', large);
            assert.equal(alone.status, 413, alone.text);
            assertGolden(alone.body, 'api_event_too_large');
            const among = await api.post('/api/events/trigger',
                [{ event: 'too.large', data: {} }, large]);
            assert.equal(among.status, 413, among.text);
            assertGolden(among.body, 'api_event_too_large');
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM events ' +
                "WHERE type = 'too.large'"), 0);
        });

    test('an array of many events may be larger than one event', async () => {
        const answer = await api.post('/api/events/trigger',
            Array.from({ length: 30 }, (_, i) => ({ event: 'array.large',
                data: { i, pad: 'x'.repeat(50_000) } })));
        assert.equal(answer.status, 202, answer.text.slice(0, 300));
        assert.equal(answer.json.length, 30);
    });

    test('a repeated id is answered with the first event', async () => {
        const place = receiver.place('repeated');
        await subscribe(stack, place.url, ['repeated.id']);
        const first = await trigger(stack, 'repeated.id', { n: 1 },
            { id: 'order-4711' });
        const again = await trigger(stack, 'repeated.id', { n: 2 },
            { id: 'order-4711' });
        assert.deepEqual(again, first);
        const other = await trigger(stack, 'repeated.id', { n: 3 },
            { id: 'order-4712' });
        assert.notEqual(other.event_id, first.event_id);
        await place.arrived(2);
        await stack.drained();
        assert.deepEqual(place.requests.map((r) => r.json.data.n).sort(),
            [1, 3]);
    });

    test('the id of one application is not that of another', async () => {
        const { token } = await makeToken(stack, 'app', 'other-ids');
        const mine = await trigger(stack, 'ids', {}, { id: 'same' });
        const theirs = await trigger(stack, 'ids', {}, { id: 'same' }, token);
        assert.notEqual(theirs.event_id, mine.event_id);
    });

    test('the same id many times at once makes one event', async () => {
        const answers = await Promise.all(Array.from({ length: 30 }, () =>
            trigger(stack, 'ids.race', {}, { id: 'race' })));
        assert.equal(new Set(answers.map((a) => a.event_id)).size, 1);
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM events ' +
            "WHERE type = 'ids.race'"), 1);
    });

    test('deliver_at holds the delivery back', async () => {
        const place = receiver.place('later');
        await subscribe(stack, place.url, ['later']);
        const due = Date.now() + 2500;
        const { event_id } = await trigger(stack, 'later', {},
            { deliver_at: new Date(due).toISOString() });
        const id = await deliveryId(event_id);
        const waiting = await delivery(stack, id);
        assertGolden((await api.get(`/api/deliveries/${id}`)).body,
            'delivery_pending', { dlv: ID('dlv'), evt: ID('evt'), sub: NUMBER,
                created: TIME, next: TIME });
        assert.equal(Math.round(Date.parse(waiting.next_retry_at) / 1000),
            Math.round(due / 1000));
        const request = await place.arrived(1);
        assert.ok(request.wall >= due - 5, `${due - request.wall} ms early`);
        assert.ok(request.wall <= due + slow(3000));
    });

    test('unknown fields and missing data are 422', async () => {
        const answer = await api.post('/api/events/trigger',
            { event: 'a', colour: 1 });
        assert.equal(answer.status, 422);
        assert.deepEqual(answer.json.detail.map(({ loc }) => loc.at(-1)),
            ['data', 'colour']);
    });

    test('an event that nobody wants is kept and shown', async () => {
        const { event_id, matched } = await trigger(stack, 'nobody.wants',
            { big: 5 });
        assert.equal(matched, 0);
        const answer = await api.get(`/api/events/${event_id}`);
        assert.equal(answer.status, 200, answer.text);
        assertGolden(answer.body, 'event', { evt: ID('evt'), time: TIME });
        const list = await api.get('/api/events/history?limit=250');
        assert.equal(list.status, 200, list.text);
        const listed = list.json.find((event) => event.id === event_id);
        assertGolden(JSON.stringify(listed), 'event_listed',
            { evt: ID('evt'), time: TIME });
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
            const inView = await onlyDelivery(eventId);
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

            const row = await onlyDelivery(eventId);
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
                await new Promise((r) => setTimeout(r, 1500));
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
        assert.equal((await onlyDelivery(eventId)).status, 'failed');
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
        const now = (await api.get(`/api/webhooks/${subscription.id}`)).json;
        assert.equal(now.active, false);
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
        const { row } = await failure(await deliveryId(event_id));
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
        const { row } = await failure(await deliveryId(event_id));
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
            const { row } = await failure(await deliveryId(event_id));
            assert.equal(row.error_class, 'blocked');
        });

    test('only the first bytes of a long answer are kept', async () => {
        const { id, eventId } = await sendOne('chatty',
            [{ status: 200, body: 'y'.repeat(300_000) }]);
        const done = await reached(stack, id, 'success');
        assert.equal(done.response_body, 'y'.repeat(KEPT));
        assert.equal(String((await onlyDelivery(eventId)).response_body).length,
            KEPT);
    });

    test('an answer that never ends does not fill the memory', async () => {
        const { id } = await sendOne('endless',
            [{ status: 200, body: Buffer.alloc(20 << 20, 'z') }],
            { retry_count: 0, timeout: 5 });
        const done = await eventually('the delivery is over', async () => {
            const now = await delivery(stack, id);
            return ['success', 'failed'].includes(now.status) && now;
        });
        assert.ok(done.response_body.length <= KEPT);
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
            { hold: hold.promise, status: 200 });
        await subscribe(stack, slowPlace.url, ['neighbour.slow'],
            { timeout: 30 });
        const quick = receiver.place('quick-neighbour');
        await subscribe(stack, quick.url, ['neighbour.quick']);
        await api.post('/api/events/trigger', Array.from({ length: 200 },
            (_, i) => ({ event: 'neighbour.slow', data: { i } })));
        await slowPlace.arrived(5);
        await trigger(stack, 'neighbour.quick', {});
        await quick.arrived(1, 3000);
        hold.open();
        await slowPlace.arrived(200, 20_000);
    });
});

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
        assert.equal((await onlyDelivery(eventId)).status, 'cancelled');
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
            const id = await deliveryId(event_id);
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
            const page = await api.get(
                `/api/webhooks/${made.id}/deliveries?limit=2`);
            assert.equal(page.json.length, 2);
            const next = new URL(links(page).next, stack.url);
            const rest = await api.get(next.pathname + next.search);
            assert.deepEqual([...page.json, ...rest.json]
                .map((item) => item.id), ids);
            assert.equal(links(rest).next, undefined);
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
        assert.equal(await sql.count("SELECT COUNT(*) FROM webhook_deliveries " +
            "WHERE status = 'retrying' AND next_retry_at > NOW() AND " +
            `event_id = ${idNumber(eventId)}`), 1);
        assert.equal(place.requests.length, 1);
        await api.post(`/api/deliveries/${id}/cancel`);
    });
});
