// process_breaker.test.mjs - a source that has been down for a while is not
// asked for every event; who keeps copies is told all the same. PostgREST is a
// fake.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Postgrest } from '../fakes/postgrest.mjs';
import { subscribe } from './lib/gateway.mjs';
import { request } from './lib/http.mjs';
import { Receiver } from './lib/receiver.mjs';
import { signed } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const KEY = 'eyJ-the-service-key';
const SECRET = 'breaker-secret-of-the-test';

let stack;
let receiver;
let postgrest;
before(async () => {
    [stack, receiver, postgrest] = await Promise.all([
        Stack.start({ conf: { breaker_failures: 3, breaker_open_s: '60',
            breaker_max_s: '60' } }),
        Receiver.start(), Postgrest.start({ key: KEY })]);
});
after(async () => {
    await Promise.all([receiver?.stop(), postgrest?.stop()]);
    await stack?.stop();
});

async function send(name, bytes) {
    await eventually(`${name} is known`, async () => {
        const got = await request(stack.url, 'POST', `/api/v1/webhooks/${name}`,
            { body: bytes, headers: signed(SECRET, bytes) });
        if (got.status !== 404)
            assert.equal(got.status, 202, got.text);
        return got.status === 202;
    });
}

test('caches are told at once though the source is not asked', async () => {
    const made = await stack.api().post('/api/sources', { name: 'crm',
        provider: 'supabase', secret: SECRET, api_key: KEY,
        api_url: postgrest.url, api_rate: 0, debounce_ms: 0 });
    assert.equal(made.status, 201, made.text);
    const t = postgrest.table('t', { id: 'int8', name: 'text' });
    const place = receiver.place('told');
    await subscribe(stack, place.url, ['cache.invalidated'],
        { channels: ['source:crm'] });
    const told = (id) => place.requests.map((one) => one.json.data).filter(
        (data) => data.record_id === id).map((data) => data.reason);

    await send('crm', postgrest.insert(t, { id: 7, name: 'a' }));
    await eventually('it is mirrored', () => told('7').length === 1);
    postgrest.fail({ status: 502, times: Infinity });
    for (let id = 10; id < 16; id++)
        await send('crm', postgrest.insert(t, { id, name: 'x' }));
    await eventually('the breaker is open', async () =>
        (await stack.sql.count('SELECT COUNT(*) FROM lane_state WHERE ' +
            "breaker = 'open'")) === 1);
    const before = postgrest.requests.length;
    await send('crm', postgrest.update(t, () => true, { name: 'b' }));
    await eventually('it is told', () => told('7').length === 2);
    assert.deepEqual(told('7'), ['changed', 'source_down']);
    assert.equal(postgrest.requests.length, before);
    const { json } = await stack.api().get('/api/records/crm/t/7');
    assert.equal(json.stale, true);
    assert.equal(json.data.name, 'a');
});
