// replay.test.mjs - recovery: failed deliveries once more, events that were
// missed, and whatever a filter picks.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { delivery, makeToken, reached, sendOne, subscribe, trigger }
    from './lib/gateway.mjs';
import { links } from './lib/http.mjs';
import { idNumber } from './lib/ids.mjs';
import { gate, Receiver } from './lib/receiver.mjs';
import { plainEnv, run, Stack } from './lib/stack.mjs';
import { eventually, slow } from './lib/wait.mjs';

const LEASE_S = 5; // the shortest that the settings allow
const LIVE = 100; // unfinished deliveries of one replay, at most

let stack;
let api;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ conf: { lease_s: String(LEASE_S),
            breaker_failures: '0' } }),
        Receiver.start()]);
    api = stack.api();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
    stack?.assertClean();
});

const LONG_AGO = '2026-01-01T00:00:00Z';
const now = () => new Date().toISOString();

async function replay(path, body, status = 202) {
    const answer = await api.post(path, body);
    assert.equal(answer.status, status, answer.text);
    return answer.json;
}

const recover = (id, body = {}) =>
    replay(`/api/webhooks/${id}/recover`, { since: LONG_AGO, ...body });
const missing = (id, body = {}) =>
    replay(`/api/webhooks/${id}/replay-missing`, { since: LONG_AGO, ...body });
const retryAll = (body) => replay('/api/deliveries/retry', body);
const confirm = (id) => replay(`/api/replays/${id}/confirm`);

async function progress(id) {
    const answer = await api.get(`/api/replays/${id}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
}

function has(id, status, ms = 30_000) {
    return eventually(`${id} is ${status}`, async () => {
        const seen = await progress(id);
        return seen.status === status && seen;
    }, ms);
}

// Events of that type; their ids in order.
async function send(type, n, make = (i) => ({ event: type, data: { i } })) {
    const ids = [];
    for (let at = 0; at < n; at += 1000) {
        const part = Array.from({ length: Math.min(1000, n - at) },
            (_, i) => make(at + i));
        const answer = await api.post('/api/events/trigger', part);
        assert.equal(answer.status, 202, answer.text);
        ids.push(...answer.json.map((one) => one.event_id));
    }
    return ids;
}

// A subscription whose receiver refuses n events for good, and answers 200
// from then on: {place, id, events}.
async function refusing(name, n, fields = {}) {
    let refuse = true;
    const place = receiver.place(name, () => refuse ? 500 : 200);
    const { id } = await subscribe(stack, place.url, [`${name}.*`],
        { retry_count: 0, ...fields });
    const events = await send(`${name}.one`, n);
    await eventually('all have failed', async () => (await stack.sql.count(
        'SELECT COUNT(*) FROM deliveries WHERE owner_id = ? AND kind = 1 ' +
        "AND status = 'failed'", [id])) === n, 30_000);
    refuse = false;
    place.requests.length = 0;
    return { place, id, events };
}

const received = (place) =>
    place.requests.map((request) => request.headers['webhook-id']);

function assertEachOnce(place, events) {
    assert.deepEqual(received(place).sort(), [...events].sort());
}

describe('recover', () => {
    test('is counted, confirmed, run, and shows how far it is', async () => {
        const { place, id, events } = await refusing('plan', 7);
        const plan = await recover(id);
        assert.equal(plan.status, 'planned');
        assert.equal(plan.kind, 'recover');
        assert.equal(plan.webhook_id, id);
        assert.equal(plan.planned, 7);
        assert.equal(plan.made, 0);
        assert.equal(plan.confirmed_at, null);
        assert.equal(place.requests.length, 0, 'nothing before it is wanted');
        const started = await confirm(plan.id);
        assert.match(started.status, /^(running|done)$/);
        const done = await has(plan.id, 'done');
        assertEachOnce(place, events);
        assert.deepEqual(
            [done.planned, done.made, done.live, done.done, done.succeeded,
                done.failed, done.skipped], [7, 7, 0, 7, 7, 0, 0]);
        assert.notEqual(done.finished_at, null);
        // Each names the delivery that it repeats.
        const rows = await stack.sql.rows('SELECT d.attempts, o.event_id = ' +
            'd.event_id same, o.status FROM deliveries d JOIN deliveries o ' +
            "ON o.id = d.retry_of WHERE d.owner_id = ?", [id]);
        assert.equal(rows.length, 7);
        assert.ok(rows.every((row) => Number(row.same) === 1 &&
            row.status === 'failed' && Number(row.attempts) === 1));
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM jobs ' +
            'WHERE kind = 4'), 0);
    });

    test('confirmed with the request it runs at once', async () => {
        const { place, id, events } = await refusing('at-once', 3);
        const made = await recover(id, { confirm: true });
        assert.match(made.status, /^(counting|running|done)$/);
        await has(made.id, 'done');
        assertEachOnce(place, events);
    });

    test('what a later delivery has brought is not sent again', async () => {
        const { place, id } = await refusing('later', 3);
        const [one] = (await api.get(
            `/api/webhooks/${id}/deliveries?status=failed`)).json;
        const again = await api.post(`/api/deliveries/${one.id}/retry`);
        await reached(stack, again.json.delivery_id, 'success');
        assert.equal(place.requests.length, 1);
        const plan = await recover(id);
        assert.deepEqual([plan.planned, plan.skipped], [2, 1]);
        await confirm(plan.id);
        const done = await has(plan.id, 'done');
        assert.deepEqual([done.made, done.skipped], [2, 1]);
        assert.equal(place.requests.length, 3);
        assert.equal(new Set(received(place)).size, 3);
    });

    test('an event that failed twice is sent once', async () => {
        const place = receiver.place('twice', 500, 500, 200);
        const { id } = await subscribe(stack, place.url, ['twice.one'],
            { retry_count: 0 });
        await trigger(stack, 'twice.one', {});
        const first = await eventually('it has failed', async () => (await
        api.get(`/api/webhooks/${id}/deliveries?status=failed`)).json[0]);
        const again = await api.post(`/api/deliveries/${first.id}/retry`);
        await reached(stack, again.json.delivery_id, 'failed');
        const plan = await recover(id);
        assert.deepEqual([plan.planned, plan.skipped], [1, 1]);
        await confirm(plan.id);
        await has(plan.id, 'done');
        assert.equal(place.requests.length, 3);
    });

    test('only what was made between since and until', async () => {
        const { place, id } = await refusing('between', 4);
        const rows = (await api.get(
            `/api/webhooks/${id}/deliveries?status=failed`)).json;
        const { id: last } = rows[0];
        const at = new Date(Number((BigInt(idNumber(last)) >> 22n) +
            1735689600000n));
        assert.equal((await recover(id, { until: at })).planned +
            (await recover(id, { since: at })).planned, 4);
        assert.equal((await recover(id, { since: LONG_AGO,
            until: '2026-01-02T00:00:00Z' })).planned, 0);
        assert.equal(place.requests.length, 0);
    });

    test('nothing to do is done', async () => {
        const place = receiver.place('nothing');
        const { id } = await subscribe(stack, place.url, ['nothing.one']);
        const { id: made } = await recover(id, { confirm: true });
        const done = await has(made, 'done');
        assert.equal(done.planned, 0);
    });

    test('a cancelled delivery stays cancelled', async () => {
        const place = receiver.place('unwanted', 500, 200);
        const { id } = await subscribe(stack, place.url, ['unwanted.one'],
            { retry_count: 3, retry_delay: 3600 });
        await trigger(stack, 'unwanted.one', {});
        const [one] = await eventually('it is tried', async () => {
            const list = (await api.get(`/api/webhooks/${id}/deliveries` +
                '?status=retrying')).json;
            return list.length > 0 && list;
        });
        await api.post(`/api/deliveries/${one.id}/cancel`);
        assert.equal((await recover(id)).planned, 0);
        const plan = await retryAll({ webhook_id: id, status: 'cancelled' });
        assert.equal(plan.planned, 1, 'unless somebody asks for those');
    });

    test('a subscription in order gets them in order', async () => {
        const { place, id, events } = await refusing('ordered', 5,
            { ordering: 'fifo' });
        const { id: made } = await recover(id, { confirm: true, rate: 1000 });
        await has(made, 'done');
        assert.deepEqual(received(place), events);
    });

    test('events without content are counted and left out', async () => {
        const { place, id, events } = await refusing('expunged', 3);
        await stack.sql.rows('UPDATE events SET expunged = 1, payload = ' +
            "'null', metadata = NULL WHERE id = ?", [idNumber(events[0])]);
        await stack.sql.rows('DELETE FROM events WHERE id = ?',
            [idNumber(events[1])]);
        const { id: made } = await recover(id, { confirm: true });
        const done = await has(made, 'done');
        assert.deepEqual([done.planned, done.made, done.skipped], [1, 1, 2]);
        assertEachOnce(place, [events[2]]);
    });
});

describe('replay-missing', () => {
    test('what came while it was inactive, and before it was there',
        async () => {
            const place = receiver.place('missed');
            const early = await send('missed.one', 3);
            const { id } = await subscribe(stack, place.url, ['missed.*']);
            const got = await send('missed.two', 2);
            await api.patch(`/api/webhooks/${id}`, { active: false });
            const off = await send('missed.three', 4);
            await send('other.one', 2);
            await api.patch(`/api/webhooks/${id}`, { active: true });
            await place.arrived(2);
            await stack.drained();
            assertEachOnce(place, got);
            const plan = await missing(id);
            assert.deepEqual([plan.kind, plan.planned], ['missing', 7]);
            await confirm(plan.id);
            const done = await has(plan.id, 'done');
            assert.deepEqual([done.made, done.succeeded], [7, 7]);
            assertEachOnce(place, [...got, ...early, ...off]);
            // And it is not missing any more.
            assert.equal((await missing(id)).planned, 0);
        });

    test('what came while it was disabled', async () => {
        const place = receiver.place('gone', 410, 200);
        const { id } = await subscribe(stack, place.url, ['gone.one']);
        const [first] = await send('gone.one', 1);
        await eventually('it is disabled', async () =>
            (await api.get(`/api/webhooks/${id}`)).json.active === false);
        const off = await send('gone.one', 3);
        await api.patch(`/api/webhooks/${id}`, { active: true });
        const { id: made } = await missing(id, { confirm: true });
        const done = await has(made, 'done');
        assert.equal(done.made, 3);
        assertEachOnce(place, [first, ...off]);
    });

    test('its channels and its filter are those of now', async () => {
        const place = receiver.place('picky');
        const make = (i) => ({ event: 'picky.one', data: { n: i },
            channels: [i % 2 === 0 ? 'even' : 'odd'] });
        const events = await send('picky.one', 8, make);
        const { id } = await subscribe(stack, place.url, ['picky.*'],
            { channels: ['even'], filter: { data: { n: { $gte: 4 } } } });
        const { id: made } = await missing(id, { confirm: true });
        await has(made, 'done');
        assertEachOnce(place, [events[4], events[6]]);
    });

    test('an event that waits for it is not missing', async () => {
        const place = receiver.place('waits');
        const { id } = await subscribe(stack, place.url, ['waits.one']);
        await api.post(`/api/webhooks/${id}/pause`);
        const events = await send('waits.one', 3);
        assert.equal((await missing(id)).planned, 0);
        await api.post(`/api/webhooks/${id}/resume`);
        await place.arrived(3);
        assertEachOnce(place, events);
    });

    test('only events of its application', async () => {
        const { token } = await makeToken(stack, 'app', 'tenant');
        await send('shared.one', 2);
        const theirs = (await trigger(stack, 'shared.one', {}, {}, token));
        const place = receiver.place('tenant');
        const { id } = await subscribe(stack, place.url, ['shared.*'], {},
            token);
        const { id: made } = await missing(id, { confirm: true });
        await has(made, 'done');
        assertEachOnce(place, [theirs.event_id]);
    });

    test('an inbound event only once it has been processed', async () => {
        const place = receiver.place('inbound');
        const answer = await stack.receive('supabase', { event_type: 'insert',
            source: 'supabase', table_name: 'replayed', record_id: '1',
            data: { id: 1 }, timestamp: now() });
        assert.equal(answer.status, 202, answer.text);
        await stack.drained();
        const { id } = await subscribe(stack, place.url,
            ['supabase.replayed.*']);
        assert.equal((await missing(id)).planned, 1);
        await stack.sql.rows("UPDATE deliveries SET status = 'failed' " +
            'WHERE kind = 2');
        assert.equal((await missing(id)).planned, 0);
    });
});

describe('retry of many', () => {
    let ok;
    let bad;
    let ids;
    before(async () => {
        ok = receiver.place('many-ok');
        bad = receiver.place('many-bad', ...Array(4).fill(404),
            ...Array(2).fill(500), 200);
        ids = [];
        for (const place of [ok, bad])
            ids.push((await subscribe(stack, place.url, ['many.*'],
                { retry_count: 0 })).id);
        await send('many.a', 4);
        await bad.arrived(4);
        await send('many.b', 2);
        await bad.arrived(6);
        await stack.drained();
    });

    test('filters pick as in the list', async () => {
        const of = async (filter) => (await retryAll({ since: LONG_AGO,
            webhook_id: ids[1], ...filter })).planned;
        assert.equal(await of({}), 6);
        assert.equal(await of({ response_code: '404' }), 4);
        assert.equal(await of({ response_code: '5xx' }), 2);
        assert.equal(await of({ event_type: 'many.b' }), 2);
        assert.equal(await of({ event_type: 'many.*' }), 0);
        assert.equal(await of({ status: 'success' }), 0);
        assert.equal(await of({ error_class: 'timeout' }), 0);
        assert.equal((await retryAll({ webhook_id: ids[0],
            status: 'success' })).planned, 6);
        const listed = await api.get(
            `/api/deliveries?subscription=${ids[1]}&status=failed` +
            '&response_code=5xx');
        assert.equal(listed.json.length, 2);
    });

    test('across the subscriptions of an application', async () => {
        const plan = await retryAll({ event_type: 'many.b',
            response_code: '5xx' });
        assert.equal(plan.webhook_id, null);
        assert.deepEqual(plan.filter, { status: 'failed',
            event_type: 'many.b', response_code: '5xx' });
        assert.equal(plan.planned, 2);
        await confirm(plan.id);
        await has(plan.id, 'done');
        assert.equal(bad.requests.length, 8);
        assert.equal(ok.requests.length, 6);
        // They have got them by now.
        const again = await retryAll({ event_type: 'many.b',
            response_code: '5xx' });
        assert.deepEqual([again.planned, again.skipped], [0, 2]);
    });

    test('what was delivered, if somebody wants it twice', async () => {
        const made = await retryAll({ webhook_id: ids[0], status: 'success',
            event_type: 'many.a', confirm: true });
        const done = await has(made.id, 'done');
        assert.equal(done.made, 4);
        assert.equal(ok.requests.length, 10);
    });
});

describe('what a person may do to it', () => {
    test('cancelled in the middle: no more are made', async () => {
        const { place, id } = await refusing('midway', 300);
        const held = gate();
        let n = 0;
        place.script = [() => ++n > 5 ? { hold: held.promise, status: 200 }
            : 200];
        const made = await recover(id, { confirm: true, rate: 10000 });
        const running = await eventually('it is full', async () => {
            const seen = await progress(made.id);
            return seen.live === LIVE && seen;
        });
        assert.equal(running.status, 'running');
        assert.equal(running.planned, 300);
        const answer = await api.post(`/api/replays/${made.id}/cancel`);
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.json.status, 'cancelled');
        held.open();
        await stack.drained();
        const ended = await progress(made.id);
        // Those that were made are delivered, and still counted.
        assert.equal(ended.live, 0);
        assert.equal(ended.succeeded, ended.made);
        assert.ok(ended.made < 300);
        assert.equal(place.requests.length, ended.made);
        const again = await api.post(`/api/replays/${made.id}/cancel`);
        assert.equal(again.status, 409);
        assert.equal((await api.post(`/api/replays/${made.id}/confirm`))
            .status, 409);
        // What was left is what is left.
        assert.equal((await recover(id)).planned, 300 - ended.made);
    });

    test('those that are made can be cancelled as well', async () => {
        const { place, id } = await refusing('all-of-it', 50);
        place.script = [503];
        await api.patch(`/api/webhooks/${id}`, { retry_count: 3,
            retry_delay: 3600 });
        const made = await recover(id, { confirm: true, rate: 10000 });
        await eventually('all are made and tried', async () =>
            (await progress(made.id)).made === 50 &&
            place.requests.length >= 50);
        const answer = await api.post(`/api/replays/${made.id}/cancel`,
            { cancel_live: true });
        assert.equal(answer.json.status, 'cancelled');
        const ended = await eventually('none is left', async () => {
            const seen = await progress(made.id);
            return seen.live === 0 && seen;
        });
        assert.equal(ended.cancelled, 50);
    });

    test('a plan is cancelled before anything happens', async () => {
        const { place, id } = await refusing('never', 2);
        const plan = await recover(id);
        await api.post(`/api/replays/${plan.id}/cancel`);
        assert.equal((await progress(plan.id)).status, 'cancelled');
        assert.equal((await api.post(`/api/replays/${plan.id}/confirm`))
            .status, 409);
        assert.equal(place.requests.length, 0);
    });

    test('a paused subscription makes it wait', async () => {
        const { place, id, events } = await refusing('resting', 5);
        await api.post(`/api/webhooks/${id}/pause`);
        const made = await recover(id, { confirm: true });
        const waits = await has(made.id, 'running');
        assert.deepEqual([waits.planned, waits.made], [5, 0]);
        await api.post(`/api/webhooks/${id}/resume`);
        await has(made.id, 'done');
        assertEachOnce(place, events);
    });

    test('a deleted one ends it', async () => {
        const { place, id } = await refusing('deleted', 5);
        await api.post(`/api/webhooks/${id}/pause`);
        const made = await recover(id, { confirm: true });
        await has(made.id, 'running');
        await api.delete(`/api/webhooks/${id}`);
        const ended = await has(made.id, 'cancelled');
        assert.equal(ended.reason, 'its webhook was deleted');
        assert.equal(place.requests.length, 0);
        assert.equal((await api.post(`/api/webhooks/${id}/recover`,
            { since: LONG_AGO })).status, 404);
    });

    test('the plan for a deleted one is refused, and ended', async () => {
        const { id } = await refusing('plan-gone', 2);
        const plan = await recover(id);
        await api.delete(`/api/webhooks/${id}`);
        for (let i = 0; i < 2; i++) {
            const answer = await api.post(`/api/replays/${plan.id}/confirm`);
            assert.equal(answer.status, 409);
            assert.match(JSON.stringify(answer.json),
                /has ended: its webhook was deleted/);
        }
        const ended = await progress(plan.id);
        assert.deepEqual([ended.status, ended.reason],
            ['cancelled', 'its webhook was deleted']);
    });

    test('two of one subscription do not send twice', async () => {
        const { place, id, events } = await refusing('both', 40);
        const [first, second] = await Promise.all([
            recover(id, { confirm: true }), recover(id, { confirm: true })]);
        const ended = await Promise.all([has(first.id, 'done'),
            has(second.id, 'done')]);
        assertEachOnce(place, events);
        assert.equal(ended[0].made + ended[1].made, 40);
    });
});

describe('the list', () => {
    test('has pages, newest first, and states', async () => {
        const place = receiver.place('listed');
        const { id } = await subscribe(stack, place.url, ['listed.one']);
        const made = [];
        for (let i = 0; i < 3; i++)
            made.unshift((await recover(id)).id);
        const first = await api.get('/api/replays?limit=2');
        assert.deepEqual(first.json.map((one) => one.id), made.slice(0, 2));
        const second = await api.get(links(first).next);
        assert.equal(second.json[0].id, made[2]);
        const planned = await api.get('/api/replays?status=planned&limit=3');
        assert.deepEqual(planned.json.map((one) => one.id), made);
        assert.equal((await api.get('/api/replays?status=odd')).status, 422);
    });

    test("another application's are not there", async () => {
        const { token } = await makeToken(stack, 'app', 'stranger');
        const read = (await makeToken(stack, 'read', 'stranger')).token;
        const place = receiver.place('stranger');
        const mine = await subscribe(stack, place.url, ['stranger.one']);
        const plan = await recover(mine.id);
        const theirs = stack.api(token);
        assert.deepEqual((await theirs.get('/api/replays')).json, []);
        for (const path of ['', '/confirm', '/cancel']) {
            const answer = path === '' ?
                await theirs.get(`/api/replays/${plan.id}`) :
                await theirs.post(`/api/replays/${plan.id}${path}`);
            assert.equal(answer.status, 404);
            assert.equal(answer.json.detail, 'Replay not found');
        }
        for (const what of ['recover', 'replay-missing'])
            assert.equal((await theirs.post(`/api/webhooks/${mine.id}/${what}`,
                { since: LONG_AGO })).status, 404);
        assert.equal((await theirs.post('/api/deliveries/retry',
            { webhook_id: mine.id })).status, 404);
        assert.equal((await stack.api(read).get('/api/replays')).status, 200);
        assert.equal((await stack.api(read).post('/api/deliveries/retry', {}))
            .status, 403);
    });

    test('bad fields are all named, in order', async () => {
        const place = receiver.place('bad-fields');
        const { id } = await subscribe(stack, place.url, ['bad.one']);
        const told = async (path, body) => {
            const answer = await api.post(path, body);
            assert.equal(answer.status, 422, answer.text);
            return answer.json.detail.map(({ loc, type }) =>
                [loc.slice(1).join('.'), type]);
        };
        const path = `/api/webhooks/${id}/recover`;
        const later = new Date(Date.now() + 3600e3).toISOString();
        assert.deepEqual(await told(path, {}),
            [['since', 'value_error.missing']]);
        assert.deepEqual(await told(path, { since: later }),
            [['since', 'value_error.since']]);
        assert.deepEqual(await told(path, { since: now(), until: LONG_AGO,
            rate: 0, confirm: 'yes', more: 1 }),
        [['until', 'value_error.until'],
            ['rate', 'value_error.number.not_ge'],
            ['confirm', 'type_error.bool'], ['more', 'value_error.extra']]);
        assert.deepEqual(await told('/api/deliveries/retry', {
            webhook_id: 'x', status: 'pending', event_type: 7,
            response_code: '6xx', error_class: '', since: 'soon',
            application: 'no such' }),
        [['webhook_id', 'type_error.int'], ['status', 'type_error.enum'],
            ['event_type', 'type_error.str'],
            ['response_code', 'value_error.response_code'],
            ['error_class', 'value_error.any_str.min_length'],
            ['since', 'value_error.datetime']]);
        assert.deepEqual(await told('/api/deliveries/retry',
            { application: 'no such' }),
        [['application', 'value_error.application']]);
    });

    test('the same Idempotency-Key makes one', async () => {
        const { id } = await refusing('keyed', 1);
        const post = () => api.post(`/api/webhooks/${id}/recover`,
            { since: LONG_AGO }, { headers: { 'Idempotency-Key': 'k-1' } });
        const [first, second] = [await post(), await post()];
        assert.equal(second.json.id, first.json.id);
    });

    test('SQL shows it', async () => {
        const { id } = await refusing('by-sql', 2);
        const plan = await recover(id);
        const row = await stack.sql.one('SELECT * FROM report_replays ' +
            'WHERE replay = ?', [plan.id]);
        assert.deepEqual([row.kind, row.status, Number(row.planned),
            Number(row.subscription_id)], ['recover', 'planned', 2, id]);
    });
});

describe('the command line', () => {
    const json = (done) => {
        assert.equal(done.code, 0, done.stderr);
        return JSON.parse(done.stdout);
    };

    test('plans, confirms, waits, and shows', async () => {
        const { place, id, events } = await refusing('by-hand', 3);
        const plan = json(await stack.cli('webhook', 'recover', String(id),
            '--since', '24h', '--json'));
        assert.deepEqual([plan.status, plan.planned], ['planned', 3]);
        const text = await stack.cli('replay', 'show', plan.id);
        assert.match(text.stdout, /^planned +3$/m);
        assert.match(text.stderr, /postern replay confirm rpl_/);
        const done = json(await stack.cli('replay', 'confirm', plan.id,
            '--wait', '--json'));
        assert.deepEqual([done.status, done.succeeded], ['done', 3]);
        assertEachOnce(place, events);
        const listed = await stack.cli('replay', 'list', '--status', 'done');
        assert.match(listed.stdout, new RegExp(plan.id));
        assert.equal((await stack.cli('replay', 'confirm', plan.id)).code, 1);
        assert.equal((await stack.cli('replay', 'cancel', plan.id)).code, 1);
    });

    test('what was missed, and many by a filter', async () => {
        const place = receiver.place('by-hand-missed', 404, 200);
        const events = await send('by-hand-missed.one', 2);
        const { id } = await subscribe(stack, place.url,
            ['by-hand-missed.*'], { retry_count: 0, ordering: 'fifo' });
        const missed = await stack.cli('webhook', 'replay-missing',
            String(id), '--since', '1h', '--confirm', '--wait', '--json');
        // One of them has failed: that is how the command ends.
        assert.equal(missed.code, 1, missed.stderr);
        assert.deepEqual([JSON.parse(missed.stdout).failed,
            JSON.parse(missed.stdout).succeeded], [1, 1]);
        const again = json(await stack.cli('replay', 'retry', '--webhook',
            String(id), '--response-code', '4xx', '--rate', '100',
            '--confirm', '--wait', '--json'));
        assert.deepEqual([again.made, again.succeeded, again.rate],
            [1, 1, 100]);
        assert.deepEqual(received(place), [...events, events[0]]);
    });

    test('a plan is cancelled', async () => {
        const { id } = await refusing('by-hand-never', 1);
        const plan = json(await stack.cli('webhook', 'recover', String(id),
            '--since', '24h', '--json'));
        const done = await stack.cli('replay', 'cancel', plan.id);
        assert.equal(done.code, 0, done.stderr);
        assert.match(done.stdout, /^status +cancelled$/m);
    });

    test('the plan for a deleted webhook is refused', async () => {
        const { id } = await refusing('by-hand-gone', 1);
        const plan = json(await stack.cli('webhook', 'recover', String(id),
            '--since', '24h', '--json'));
        await stack.cli('webhook', 'rm', String(id));
        const done = await stack.cli('replay', 'confirm', plan.id);
        assert.equal(done.code, 1);
        assert.equal(done.stdout, '');
        assert.match(done.stderr, /its webhook was deleted/);
    });

    test('what is wrong is said', async () => {
        const told = async (code, pattern, ...args) => {
            const done = await stack.cli(...args);
            assert.equal(done.code, code, done.stderr);
            assert.match(done.stderr, pattern);
        };
        await told(64, /--since is needed/, 'webhook', 'recover', '1');
        await told(64, /--since .*time such as/, 'webhook', 'recover', '1',
            '--since', 'soon');
        await told(64, /must not be before/, 'webhook', 'recover', '1',
            '--since', '1h', '--until', '2h');
        await told(64, /ID of a webhook/, 'webhook', 'recover', '--since',
            '1h');
        await told(66, /no webhook 4711/, 'webhook', 'recover', '4711',
            '--since', '1h');
        await told(64, /--status is failed/, 'replay', 'retry', '--status',
            'pending');
        await told(64, /--response-code/, 'replay', 'retry',
            '--response-code', '6xx');
        await told(64, /ID of a replay/, 'replay', 'show', 'x');
        await told(66, /no such replay/, 'replay', 'show',
            'rpl_0000000000001');
    });
});

describe('fresh events', () => {
    test('find no more than so many in front of them', async () => {
        const { place, id } = await refusing('fresh', 1500,
            { max_concurrency: 1 });
        const started = gate();
        let n = 0;
        place.script = [() => {
            if (++n === 20)
                started.open();
            return 200;
        }];
        const made = await recover(id, { confirm: true, rate: 10000 });
        await started.promise;
        const before = place.requests.length;
        const { event_id } = await trigger(stack, 'fresh.now', {});
        await eventually('the new one has arrived', () =>
            received(place).includes(event_id), 60_000);
        const ahead = received(place).indexOf(event_id) - before;
        // Those that were made before it, and one window's worth in flight.
        assert.ok(ahead <= 2 * LIVE, `${ahead} came first`);
        assert.ok((await progress(made.id)).made < 1500,
            'the replay was not over by then');
        await api.post(`/api/replays/${made.id}/cancel`,
            { cancel_live: true });
    });
});

describe('a worker that is killed', () => {
    const N = 3000;

    test('the next one goes on: each is delivered, none is doubled',
        { timeout: slow(240_000) }, async () => {
            const { place, id, events } = await refusing('killed', N,
                { max_concurrency: 20 });
            const made = await recover(id, { confirm: true, rate: 10000 });
            for (const some of [300, 1200]) {
                await eventually(`${some} are made`, async () =>
                    (await progress(made.id)).made >= some, 60_000);
                await stack.kill('worker', 'SIGKILL');
                await stack.restart('worker');
            }
            const done = await has(made.id, 'done', 120_000);
            assert.equal(done.made, N);
            assert.equal(done.succeeded, N);
            assert.deepEqual([...new Set(received(place))].sort(),
                [...events].sort());
            // One delivery of each event, whatever was in flight at the kill.
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM ' +
                "deliveries WHERE owner_id = ? AND status = 'success'", [id]),
            N);
            assert.equal(await stack.sql.count('SELECT COUNT(DISTINCT ' +
                'event_id) FROM deliveries WHERE owner_id = ? AND retry_of ' +
                'IS NOT NULL', [id]), N);
        });
});

describe('two workers', () => {
    let other;
    before(async () => {
        other = await Stack.start({ workers: 2,
            conf: { lease_s: String(LEASE_S), breaker_failures: '0' } });
    });
    after(async () => {
        await other?.stop();
    });

    test('share replays that meet at the same subscriptions', async () => {
        let refuse = true;
        const places = Array.from({ length: 3 }, (_, i) =>
            receiver.place(`shared-${i}`, () => refuse ? 500 : 200));
        const webhooks = [];
        for (const place of places)
            webhooks.push((await subscribe(other, place.url, ['shared.one'],
                { retry_count: 0 })).id);
        const sent = await other.api().post('/api/events/trigger',
            Array.from({ length: 300 }, () => ({ event: 'shared.one',
                data: {} })));
        const events = sent.json.map((one) => one.event_id).sort();
        await eventually('all have failed', async () => (await other.sql.count(
            "SELECT COUNT(*) FROM deliveries WHERE status = 'failed'")) ===
            900, 60_000);
        refuse = false;
        for (const place of places)
            place.requests.length = 0;
        const start = (path) => other.api().post(path, { since: LONG_AGO,
            confirm: true, rate: 10000 });
        await Promise.all([start('/api/deliveries/retry'),
            ...webhooks.map((id) => start(`/api/webhooks/${id}/recover`))]);
        await eventually('all are done', async () => {
            const all = (await other.api().get('/api/replays')).json;
            return all.length === 4 &&
                all.every(({ status }) => status === 'done');
        }, 60_000);
        for (const place of places)
            assert.deepEqual(received(place).sort(), events);
    });
});

describe('a worker that runs once', () => {
    test('goes as far as it can, and waits for nobody', async () => {
        const { place, id, events } = await refusing('once', 5);
        await stack.kill('worker', 'SIGTERM');
        const once = async () => {
            const done = await run(stack.program('posternd'),
                ['-c', stack.env.POSTERN_CONF, '--once'], { env: plainEnv() });
            assert.equal(done.code, 0, done.stderr);
        };
        const plan = await recover(id);
        assert.equal(plan.status, 'counting', 'nobody is there to count');
        await once();
        assert.equal((await progress(plan.id)).status, 'planned');
        await api.post(`/api/webhooks/${id}/pause`);
        await confirm(plan.id);
        await once();
        const held = await progress(plan.id);
        assert.deepEqual([held.status, held.made], ['running', 0]);
        await api.post(`/api/webhooks/${id}/resume`);
        await once();
        assert.equal((await progress(plan.id)).status, 'done');
        assertEachOnce(place, events);
    });
});
