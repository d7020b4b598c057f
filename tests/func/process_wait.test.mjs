// process_wait.test.mjs - triggers that wait: an inbound event is done when the
// deliveries of what it has triggered are.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { subscribe } from './lib/gateway.mjs';
import { Receiver } from './lib/receiver.mjs';
import { request } from './lib/http.mjs';
import { signed } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const SECRET = 'the-secret';

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ conf: { breaker_failures: 0 } }), Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

async function source(name) {
    const answer = await stack.api().post('/api/sources', { name,
        provider: 'hmac', secret: SECRET, triggers: [{ name: 'done',
            on: [`${name}.*`], when: { new: { status: 'done' } },
            emit: `${name}.done`, wait: true }] });
    assert.equal(answer.status, 201, answer.text);
}

async function send(name, id, status) {
    const body = JSON.stringify({ event_type: 'update', source: name,
        table_name: 'tasks', record_id: id, data: { status } });
    await eventually(`${name} is known`, async () => {
        const got = await request(stack.url, 'POST', `/api/v1/webhooks/${name}`,
            { body, headers: signed(SECRET, body) });
        if (got.status !== 404)
            assert.equal(got.status, 202, got.text);
        return got.status === 202;
    });
}

const ends = (name) => stack.sql.rows('SELECT d.* FROM deliveries d JOIN ' +
    'sources s ON s.id = d.owner_id WHERE d.kind = 2 AND s.name = ?', [name]);

test('an event waits for the deliveries that it has caused', async () => {
    await source('waits');
    let release;
    const hold = new Promise((resolve) => {
        release = resolve;
    });
    const place = receiver.place('waits', { status: 200, hold });
    const more = receiver.place('waits-more');
    await subscribe(stack, place.url, ['waits.done']);
    await subscribe(stack, more.url, ['waits.done']);
    await send('waits', '1', 'done');
    await more.arrived(1);
    await place.arrived(1);
    assert.equal((await ends('waits')).length, 0);
    await eventually('one is done', async () => (await stack.sql.count(
        'SELECT COUNT(*) FROM deliveries WHERE kind = 1')) === 1);
    // A worker that dies meanwhile applies nothing twice.
    await stack.kill('worker', 'SIGKILL');
    await stack.restart('worker');
    await place.arrived(2, 40_000);
    release();
    const [end] = await eventually('it is done', async () => {
        const rows = await ends('waits');
        return rows.length > 0 && rows;
    }, 40_000);
    assert.equal(end.status, 'success');
    assert.equal(Number(end.attempts), 1);
    assert.equal(more.requests.length, 1);
    assert.equal(await stack.sql.count(
        'SELECT COUNT(*) FROM process_waits'), 0);
    assert.equal(await stack.sql.count("SELECT COUNT(*) FROM events WHERE " +
        "type = 'waits.done'"), 1);
});

test('a delivery that fails for good fails the event', async () => {
    await source('fails');
    const place = receiver.place('fails', { status: 500 });
    await subscribe(stack, place.url, ['fails.done'], { retry_count: 0 });
    await send('fails', '1', 'done');
    const [end] = await eventually('it is done', async () => {
        const rows = await ends('fails');
        return rows.length > 0 && rows;
    });
    assert.equal(end.status, 'failed');
    assert.equal(end.error_class, 'trigger');
    const stats = (await stack.api().get('/api/v1/webhooks/stats')).json;
    assert.equal(stats.total_failed, 1);
});

test('an event that meets no rule does not wait', async () => {
    await source('passes');
    await send('passes', '1', 'open');
    await stack.drained();
    assert.equal((await ends('passes'))[0].status, 'success');
});
