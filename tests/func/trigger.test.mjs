// trigger.test.mjs - events that are triggered: who gets them, one or many at a
// time, repeated ids, and deliveries that wait for their time.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { deliveriesOf, delivery, deliveryId, makeToken, subscribe, trigger }
    from './lib/gateway.mjs';
import { assertGolden, ID, NUMBER, TIME } from './lib/golden.mjs';
import { idText } from './lib/ids.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';
import { slow } from './lib/wait.mjs';

let stack;
let api;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start(), Receiver.start()]);
    api = stack.api();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
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

    test('an event of exactly max_body bytes is taken and delivered whole, ' +
        'one more is 413', async () => {
        const place = receiver.place('largest');
        await subscribe(stack, place.url, ['largest']);
        const frame = JSON.stringify({ event: 'largest', data: { pad: '' } });
        const body = (bytes) => ({ event: 'largest',
            data: { pad: 'x'.repeat(bytes - frame.length) } });
        const taken = await api.post('/api/events/trigger', body(102_400));
        assert.equal(taken.status, 202, taken.text);
        assert.deepEqual((await place.arrived(1)).json.data,
            body(102_400).data);
        const refused = await api.post('/api/events/trigger', body(102_401));
        assert.equal(refused.status, 413, refused.text);
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

    test('a repeated array is answered with its first events, and an id ' +
        'twice in one array is one event', async () => {
        const items = Array.from({ length: 50 }, (_, i) => ({
            event: 'array.again', data: { i }, id: `item-${i % 49}` }));
        const first = await api.post('/api/events/trigger', items);
        assert.equal(first.status, 202, first.text);
        assert.equal(first.json[49].event_id, first.json[0].event_id);
        const again = await api.post('/api/events/trigger', items);
        assert.deepEqual(again.json, first.json);
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM events ' +
            "WHERE type = 'array.again'"), 49);
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
        const id = await deliveryId(stack, event_id);
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

    test('a deliver_at that is past is due at once', async () => {
        const place = receiver.place('past');
        await subscribe(stack, place.url, ['past']);
        for (const [i, deliver_at] of ['2020-02-29T00:00:00Z',
            '1970-01-01T00:00:00Z', '1969-01-01T00:00:00Z'].entries()) {
            await trigger(stack, 'past', { i }, { deliver_at });
            await place.arrived(i + 1);
        }
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

test('an event type in a trigger must be one', async () => {
    for (const event of ['', 'a b', 'a..b', 'order.*', '*', 5, null,
        'x'.repeat(256)]) {
        const answer = await api.post('/api/events/trigger',
            { event, data: {} });
        assert.equal(answer.status, 422, `${event}: ${answer.text}`);
        assert.deepEqual(answer.json.detail[0].loc, ['body', 'event']);
    }
});

test('the answer of a trigger is a golden body', async () => {
    const answer = await api.post('/api/events/trigger',
        { event: 'nobody.listens', data: {} });
    assert.equal(answer.status, 202, answer.text);
    assertGolden(answer.body, 'event_triggered', { evt: ID('evt') });
});
