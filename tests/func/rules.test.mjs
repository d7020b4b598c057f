// rules.test.mjs - what follows from a record that has changed: caches are
// told, triggers fire, related records are fetched again. PostgREST and Notion
// are fakes.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Notion } from '../fakes/notion.mjs';
import { Postgrest } from '../fakes/postgrest.mjs';
import { subscribe } from './lib/gateway.mjs';
import { request } from './lib/http.mjs';
import { Receiver } from './lib/receiver.mjs';
import { signed } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const KEY = 'eyJ-the-service-key';
const SECRET = 'rules-secret-of-the-test';

let stack;
let receiver;
let postgrest;
let notion;
before(async () => {
    [stack, receiver, postgrest, notion] = await Promise.all([
        Stack.start({ conf: { breaker_failures: 0 } }),
        Receiver.start(), Postgrest.start({ key: KEY }),
        Notion.start({ key: KEY })]);
});
after(async () => {
    await Promise.all([receiver?.stop(), postgrest?.stop(), notion?.stop()]);
    await stack?.stop();
});

let serial = 0;
let clock = Date.parse('2026-01-01T15:00:00Z');

// A source of its own for each test: {name, send(body), change(table, id,
// data)}; those of Supabase and Notion ask the fake.
async function source(options = {}, provider = 'hmac') {
    const name = `rules${++serial}`;
    const api = { supabase: postgrest, notion }[provider];
    const answer = await stack.api().post('/api/sources', {
        name, provider, secret: SECRET, retry_delay: 1, debounce_ms: 0,
        ...(api ? { api_key: KEY, api_url: api.url, api_rate: 0 } : {}),
        ...options });
    assert.equal(answer.status, 201, answer.text);
    const send = async (body) => {
        const bytes = typeof body === 'string' ? body : JSON.stringify(body);
        await eventually(`${name} is known`, async () => {
            const got = await request(stack.url, 'POST',
                `/api/v1/webhooks/${name}`,
                { body: bytes, headers: signed(SECRET, bytes) });
            if (got.status !== 404)
                assert.equal(got.status, 202, got.text);
            return got.status === 202;
        });
    };
    return {
        name, id: answer.json.id, send,
        change: (table, id, data) => send({
            event_type: data === null ? 'delete' : 'update', source: name,
            table_name: table, record_id: id,
            timestamp: new Date(clock += 1000).toISOString(),
            ...(data === null ? {} : { data }),
        }),
        async record(table, id) {
            const { json, status } = await stack.api().get(
                `/api/records/${name}/${table}/${id}`);
            return status === 200 ? json : null;
        },
        // How its events ended, oldest first.
        ends: () => stack.sql.rows('SELECT d.* FROM deliveries d JOIN sources s' +
            ' ON s.id = d.owner_id WHERE d.kind = 2 AND s.name = ?' +
            ' ORDER BY d.id', [name]),
    };
}

// A place that gets these events of the source; wanted(n) is the n-th body.
async function listen(s, events, script = [200], more = {}) {
    const place = receiver.place(`place${++serial}`, ...script);
    await subscribe(stack, place.url, events,
        { channels: [`source:${s.name}`], ...more });
    place.wanted = async (n, ms) =>
        JSON.parse((await place.arrived(n, ms)).body.toString());
    return place;
}

describe('caches', () => {
    test('are told which keys are no longer right', async () => {
        const s = await source({ cache_keys: ['user:{id}',
            'mail/{record.email}'] });
        const place = await listen(s, ['cache.invalidated']);
        await s.change('users', '42', { email: 'a@example.com' });
        const first = await place.wanted(1);
        assert.equal(first.event, 'cache.invalidated');
        assert.deepEqual({ ...first.data, event_id: 0 }, {
            source: s.name, table: 'users', record_id: '42',
            keys: ['user:42', 'mail/a@example.com'], reason: 'changed',
            event_id: 0 });
        assert.match(first.data.event_id, /^evt_/);
        await s.change('users', '42', { email: 'b@example.com' });
        assert.deepEqual((await place.wanted(2)).data.keys,
            ['user:42', 'mail/a@example.com', 'mail/b@example.com']);
        await s.change('users', '42', null);
        const last = await place.wanted(3);
        assert.equal(last.data.reason, 'deleted');
        assert.deepEqual(last.data.keys, ['user:42', 'mail/b@example.com']);
    });

    test('hear nothing of a change that came too late', async () => {
        const s = await source();
        const place = await listen(s, ['cache.invalidated']);
        await s.change('users', '1', { n: 2 });
        assert.deepEqual((await place.wanted(1)).data.keys,
            [`${s.name}:users:1`]);
        await s.send({ event_type: 'update', source: s.name,
            table_name: 'users', record_id: '1', data: { n: 1 },
            timestamp: '2020-01-01T00:00:00Z' });
        await stack.drained();
        assert.equal(place.requests.length, 1);
    });

    test('are told at once when the source cannot be asked', async () => {
        const s = await source({ cache_keys: ['{id}'] }, 'supabase');
        const t = postgrest.table('cached', { id: 'int8', name: 'text' });
        const place = await listen(s, ['cache.invalidated']);
        await s.send(postgrest.insert(t, { id: 7, name: 'a' }));
        assert.equal((await place.wanted(1)).data.reason, 'changed');
        assert.equal((await s.record('cached', '7')).verified, 'yes');
        postgrest.fail({ status: 503, times: Infinity });
        await s.send(postgrest.update(t, () => true, { name: 'b' }));
        const told = await place.wanted(2);
        assert.equal(told.data.reason, 'source_down');
        assert.deepEqual(told.data.keys, ['7']);
        const doubted = await s.record('cached', '7');
        assert.equal(doubted.stale, true);
        assert.equal(doubted.data.name, 'a');
        postgrest.heal();
        assert.equal((await place.wanted(3, 30_000)).data.reason, 'changed');
        const now = await s.record('cached', '7');
        assert.equal(now.stale, false);
        assert.equal(now.data.name, 'b');
        assert.equal(now.fields.name.status, 'applied');
    });

    test('behind an address of the source\'s own', async () => {
        const place = receiver.place('own-address', 200);
        const s = await source({ invalidate_url: place.url });
        const other = await source();
        await other.change('users', '1', { n: 1 });
        await s.change('users', '2', { n: 1 });
        const body = JSON.parse((await place.arrived(1)).body.toString());
        assert.equal(body.data.source, s.name);
        assert.equal(body.data.record_id, '2');
        await stack.drained();
        assert.equal(place.requests.length, 1);
    });

    test('nobody listens: no events', async () => {
        const s = await source();
        await s.change('users', '1', { n: 1 });
        await stack.drained();
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM events ' +
            'WHERE type = \'cache.invalidated\' AND channels LIKE ?',
        [`%"source:${s.name}"%`]), 0);
    });
});

describe('triggers', () => {
    test('fire when a record becomes what somebody waits for', async () => {
        const s = await source({ triggers: [{
            name: 'task_completed', on: ['*'], tables: ['tasks'],
            when: { old: { status: { $neq: 'Done' } },
                new: { status: 'Done' } },
            emit: 'task.completed', action: 'notify_assignee' }] });
        const place = await listen(s, ['task.completed']);
        await s.change('tasks', 't1', { status: 'Open', by: 'ann' });
        await s.change('tasks', 't1', { status: 'Done', by: 'ann' });
        await s.change('tasks', 't1', { status: 'Done', by: 'bob' });
        await s.change('notes', 't1', { status: 'Done' });
        const body = await place.wanted(1);
        assert.equal(body.event, 'task.completed');
        assert.deepEqual({ ...body.data, event_id: 0 }, {
            trigger: 'task_completed', action: 'notify_assignee',
            source: s.name, table: 'tasks', record_id: 't1',
            old: { status: 'Open', by: 'ann' },
            new: { status: 'Done', by: 'ann' }, event_id: 0,
            event_type: `${s.name}.tasks.update` });
        await stack.drained();
        assert.equal(place.requests.length, 1);
    });

    test('see what the source has, not what the event says', async () => {
        const t = postgrest.table('deals',
            { id: 'int8', stage: 'text', updated_at: 'timestamptz' });
        const s = await source({ triggers: [{ name: 'won', on: ['*'],
            when: { new: { stage: 'won' }, event: { verified: true } } }] },
        'supabase');
        const place = await listen(s, ['trigger.won']);
        const hook = postgrest.insert(t, { id: 1, stage: 'open',
            updated_at: '2026-01-01T15:00:00Z' });
        postgrest.update(t, () => true, { stage: 'won',
            updated_at: '2026-01-01T15:00:01Z' });
        await s.send(hook); // it still says "open"
        const { data } = await place.wanted(1);
        assert.equal(data.new.stage, 'won');
        assert.equal(data.old, null);
    });

    test('follow a change of the rules', async () => {
        const s = await source({ triggers: [{ name: 'a', on: ['*'],
            emit: 'rules.first' }] });
        const place = await listen(s, ['rules.*']);
        await s.change('x', '1', { n: 1 });
        assert.equal((await place.wanted(1)).event, 'rules.first');
        const changed = await stack.api().patch(`/api/sources/${s.id}`,
            { triggers: [{ name: 'b', on: ['*'], emit: 'rules.second' }] });
        assert.equal(changed.status, 200, changed.text);
        await s.change('x', '1', { n: 2 });
        assert.equal((await place.wanted(2)).event, 'rules.second');
    });

    test('that make no sense are refused, with the place', async () => {
        for (const [triggers, where, why] of [
            [[{ name: 'a' }], ['on'], /field required/],
            [[{ name: 'a', on: ['*'], when: { new: { x: { $no: 1 } } } }],
                ['when'], /^\$\.new\.x/],
            [[{ name: 'a', on: ['*'], emit: 'a b' }], ['emit'],
                /is no event type/],
            [[{ name: 'a', on: ['*'], refresh: 'x', wait: true }],
                ['wait'], /nothing to wait for/],
        ]) {
            const answer = await stack.api().post('/api/sources',
                { name: 'refused', provider: 'hmac', triggers });
            assert.equal(answer.status, 422, answer.text);
            const [problem] = answer.json.detail;
            assert.deepEqual(problem.loc, ['body', 'triggers', 0, ...where]);
            assert.match(problem.msg, why);
        }
    });
});

describe('a trigger that waits', () => {
    const rules = { triggers: [{ name: 'sync', on: ['*'], wait: true,
        emit: 'sync.wanted' }] };

    test('the event is done when its delivery is', async () => {
        const s = await source(rules);
        let release;
        const hold = new Promise((resolve) => {
            release = resolve;
        });
        const place = await listen(s, ['sync.wanted'],
            [{ status: 200, hold }]);
        await s.change('x', '1', { n: 1 });
        await place.arrived(1);
        assert.equal((await s.record('x', '1')).data.n, 1);
        assert.deepEqual(await s.ends(), []);
        release();
        const [end] = await eventually('the event has ended', async () => {
            const ends = await s.ends();
            return ends.length > 0 && ends;
        });
        assert.equal(end.status, 'success');
        assert.equal(Number(end.attempts), 1);
        assert.equal(await stack.sql.count(
            'SELECT COUNT(*) FROM process_waits'), 0);
        assert.equal(place.requests.length, 1);
    });

    test('the event has failed when its delivery has', async () => {
        const s = await source(rules);
        await listen(s, ['sync.wanted'], [500],
            { retry_count: 0 });
        await s.change('x', '1', { n: 1 });
        const [end] = await eventually('the event has ended', async () => {
            const ends = await s.ends();
            return ends.length > 0 && ends;
        });
        assert.equal(end.status, 'failed');
        assert.equal(end.error_class, 'trigger');
    });

    test('the event does not wait where nobody listens', async () => {
        const s = await source(rules);
        await s.change('x', '1', { n: 1 });
        await stack.drained();
        assert.equal((await s.ends())[0].status, 'success');
    });

    test('goes on waiting after the worker was killed', async () => {
        const s = await source(rules);
        let release;
        const hold = new Promise((resolve) => {
            release = resolve;
        });
        const place = await listen(s, ['sync.wanted'],
            [{ drop: true, hold }, 200], { retry_delay: 1 });
        await s.change('x', '1', { n: 1 });
        await place.arrived(1);
        await stack.kill('worker', 'SIGKILL');
        release();
        assert.deepEqual(await s.ends(), []);
        await stack.restart('worker');
        const [end] = await eventually('the event has ended', async () => {
            const ends = await s.ends();
            return ends.length > 0 && ends;
        }, 60_000);
        assert.equal(end.status, 'success');
        assert.ok(place.requests.length >= 2);
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM events ' +
            'WHERE type = \'sync.wanted\' AND channels LIKE ?',
        [`%"source:${s.name}"%`]), 1, 'the trigger fired once');
    });
});

describe('related records', () => {
    test('are fetched again when a relation changes', async () => {
        const people = postgrest.table('people', { id: 'text', name: 'text',
            tasks: 'int8' });
        const tasks = postgrest.table('tasks', { id: 'text', owner: 'text',
            note: 'text' });
        const s = await source({ triggers: [{ name: 'owners', on: ['*'],
            tables: ['tasks'], refresh: 'owner', refresh_table: 'people' }] },
        'supabase');
        for (const id of ['ann', 'bob'])
            await s.send(postgrest.insert(people, { id, name: id, tasks: 0 }));
        await s.send(postgrest.insert(tasks, { id: 't1', owner: 'ann' }));
        await stack.drained();
        // The database counts by itself, and says nothing.
        postgrest.update(people, (row) => row.id === 'ann', { tasks: 5 });
        postgrest.update(people, (row) => row.id === 'bob', { tasks: 6 });
        await s.send(postgrest.update(tasks, () => true, { note: 'x' }));
        await stack.drained();
        assert.equal((await s.record('people', 'ann')).data.tasks, 0);
        await s.send(postgrest.update(tasks, () => true, { owner: 'bob' }));
        await eventually('both are current', async () =>
            (await s.record('people', 'ann')).data.tasks === 5 &&
            (await s.record('people', 'bob')).data.tasks === 6);
        const bob = await s.record('people', 'bob');
        assert.equal(bob.verified, 'yes');
        const event = await stack.api().get(`/api/events/${bob.event_id}`);
        assert.equal(event.json.event ?? event.json.event_type,
            `${s.name}.people.refresh`);
    });

    test('of Notion are those of its relations', async () => {
        const { source: people, database } = notion.database({ name: 'People',
            schema: { Name: 'title' } });
        const { source: tasks } = notion.database({ name: 'Actionable Tasks',
            schema: { Name: 'title', Status: 'status', Owner: 'relation' } });
        const s = await source({ watch: ['Actionable Tasks', 'People'],
            triggers: [
                { name: 'owners', on: ['*'], refresh: 'properties.Owner' },
                { name: 'done', on: ['*'], tables: ['Actionable Tasks'],
                    changed: ['properties.Status'], emit: 'task.status' }] },
        'notion');
        const place = await listen(s, ['task.status']);
        const ann = notion.page({ source: people, values: { Name: 'Ann' } });
        const task = notion.page({ source: tasks,
            values: { Name: 'T', Status: 'Open', Owner: [ann.id] } });
        await s.send(notion.event('page.created', task));
        const { data } = await place.wanted(1);
        assert.equal(data.trigger, 'done');
        assert.equal(data.old, null);
        const id = ann.id.replaceAll('-', '');
        const table = database.id.replaceAll('-', '');
        const owner = await eventually('the owner is mirrored', () =>
            s.record(table, id));
        assert.equal(owner.verified, 'yes');
        assert.equal(owner.data.id, ann.id);
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM records ' +
            'WHERE record_id = ?', [id]), 1, 'in its own database only');
        // Again, with nothing new in it.
        const asked = () => notion.count((one) => one.path.endsWith(id));
        const before = asked();
        await s.send(notion.event('page.content_updated', task));
        await stack.drained();
        assert.equal(place.requests.length, 1);
        assert.equal(asked(), before);
    });
});
