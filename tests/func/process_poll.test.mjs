// process_poll.test.mjs - sources that are asked for changes, because webhooks
// get lost.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bare, Notion } from '../fakes/notion.mjs';
import { Postgrest } from '../fakes/postgrest.mjs';
import { subscribe } from './lib/gateway.mjs';
import { request } from './lib/http.mjs';
import { Receiver } from './lib/receiver.mjs';
import { signed } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const KEY = 'eyJ-key';
const SECRET = 'the-secret';

let stack;
let receiver;
let postgrest;
let notion;
before(async () => {
    [stack, receiver, postgrest, notion] = await Promise.all([
        Stack.start(), Receiver.start(),
        Postgrest.start({ key: KEY }), Notion.start({ key: KEY }),
    ]);
});
after(async () => {
    await Promise.all([receiver?.stop(), postgrest?.stop(), notion?.stop()]);
    await stack?.stop();
});

async function source(name, provider, options) {
    const api_url = provider === 'supabase' ? postgrest.url : notion.url;
    const answer = await stack.api().post('/api/sources', { name, provider,
        secret: SECRET, api_key: KEY, api_url, api_rate: 0, debounce_ms: 0,
        poll_s: 1, ...options });
    assert.equal(answer.status, 201, answer.text);
}

const records = (name) => stack.sql.rows('SELECT r.* FROM records r JOIN ' +
    'sources s ON s.id = r.source_id WHERE s.name = ? ORDER BY record_id',
[name]);
const events = (name) => stack.sql.rows('SELECT e.* FROM events e JOIN ' +
    'sources s ON s.id = e.source_id WHERE s.name = ? ORDER BY e.id', [name]);
const looks = (path) => postgrest.requests.filter((one) =>
    one.path === `/rest/v1/${path}`);
const fetches = (table) => looks(table).filter((one) =>
    one.search.includes('=eq.'));

async function polled(table, more = 1) {
    const before = looks(table).length;
    await eventually(`${table} was polled`,
        () => looks(table).length >= before + more, 15_000);
}

test('rows that no webhook told of are found and mirrored', async () => {
    const t = postgrest.table('lost', { id: 'int8', name: 'text',
        updated_at: 'timestamptz' });
    const place = receiver.place('found');
    await subscribe(stack, place.url, ['lost-rows.lost.insert',
        'lost-rows.lost.update']);
    await source('lost-rows', 'supabase', { poll_tables: ['lost'] });
    await polled('lost');
    postgrest.insert(t, { id: 1, name: 'one',
        updated_at: new Date().toISOString() });
    const told = await place.arrived(1);
    assert.equal(told.json.data.data.name, 'one');
    assert.equal(told.json.metadata.action, 'insert');
    postgrest.update(t, () => true, { name: 'two',
        updated_at: new Date().toISOString() });
    const again = await place.arrived(2);
    assert.equal(again.json.metadata.action, 'update');
    await eventually('it is mirrored', async () => {
        const [row] = await records('lost-rows');
        return JSON.parse(row.data.toString()).name === 'two' &&
            row.verified === 'yes';
    });
    // What is known is not told again, and nothing is fetched twice.
    await polled('lost', 2);
    assert.equal((await events('lost-rows')).length, 2);
    assert.equal(fetches('lost').length, 0);
});

test('what a webhook has told of is no news', async () => {
    const t = postgrest.table('told', { id: 'int8', name: 'text',
        updated_at: 'timestamptz' });
    await source('told-rows', 'supabase', { poll_tables: ['told'] });
    await polled('told');
    // The webhook may come before the poller looks, or after it.
    for (let id = 1; id <= 5; id++) {
        const body = postgrest.insert(t, { id, name: 'one',
            updated_at: new Date().toISOString() });
        const got = await request(stack.url, 'POST',
            '/api/v1/webhooks/told-rows',
            { body, headers: signed(SECRET, body) });
        assert.equal(got.status, 202, got.text);
    }
    await eventually('they are mirrored', async () =>
        (await records('told-rows')).length === 5);
    await polled('told', 2);
    const { length } = await events('told-rows');
    assert.ok(length < 10, `${length} events`);
    // From now on the poller sees them all the time, and says nothing.
    await polled('told', 3);
    assert.equal((await events('told-rows')).length, length);
});

test('more rows of one moment than fit an answer are all found', async () => {
    const t = postgrest.table('many', { id: 'int8', updated_at: 'timestamptz' });
    await source('many-rows', 'supabase', { poll_tables: ['many'] });
    await polled('many');
    const now = new Date().toISOString();
    for (let id = 1; id <= 350; id++)
        postgrest.insert(t, { id, updated_at: now });
    await eventually('all are mirrored', async () =>
        (await records('many-rows')).length === 350, 30_000);
    assert.equal((await events('many-rows')).length, 350);
    const [cursor] = await stack.sql.rows("SELECT * FROM source_cursors " +
        "WHERE table_name = 'many'");
    assert.equal(cursor.error, null);
});

test('an API that gives fewer rows at once than are asked for loses none',
    async () => {
        const t = postgrest.table('scarce',
            { id: 'int8', updated_at: 'timestamptz' });
        postgrest.maxRows = 40;
        try {
            await source('scarce-rows', 'supabase',
                { poll_tables: ['scarce'] });
            await polled('scarce');
            const now = new Date().toISOString();
            for (let id = 1; id <= 130; id++)
                postgrest.insert(t, { id, updated_at: now });
            await eventually('all are mirrored', async () =>
                (await records('scarce-rows')).length === 130, 30_000);
            assert.equal((await events('scarce-rows')).length, 130);
        } finally {
            postgrest.maxRows = Infinity;
        }
    });

test('pages of a database are found, and none is told twice', async () => {
    const { database, source: tasks } = notion.database();
    await source('notion-poll', 'notion', { poll_tables: [database.id] });
    await eventually('it was polled', () => notion.requests.some((one) =>
        one.path === `/v1/databases/${database.id}/query` &&
            one.status === 200), 15_000);
    const page = notion.page({ source: tasks, values: { Name: 'First' } });
    await eventually('the page is mirrored', async () =>
        (await records('notion-poll')).length === 1, 15_000);
    const [row] = await records('notion-poll');
    assert.equal(row.table_name, bare(database.id));
    assert.equal(row.record_id, bare(page.id));
    // In the same minute, so with the same last_edited_time.
    notion.edit(page.id, { Name: 'Second' });
    await eventually('the edit is mirrored', async () => JSON.parse(
        (await records('notion-poll'))[0].data.toString())
        .properties.Name.title[0].plain_text === 'Second', 15_000);
    assert.equal((await events('notion-poll')).length, 2);
    assert.equal(notion.requests.filter((one) =>
        one.path.startsWith('/v1/pages')).length, 0);
});

test('a data source is asked by its own id', async () => {
    const { source: tasks } = notion.database();
    await source('notion-source', 'notion', { poll_tables: [tasks.id] });
    await eventually('it was polled', () => notion.requests.some((one) =>
        one.path === `/v1/data_sources/${tasks.id}/query` &&
            one.headers['notion-version'] === '2025-09-03' &&
            one.status === 200), 15_000);
});

test('a database may be named', async () => {
    const { database, source: tasks } = notion.database({
        name: 'Reading list' });
    notion.database({ name: 'Reading list of old' });
    await source('notion-named', 'notion', { poll_tables: ['Reading list'] });
    await eventually('it was polled', () => notion.requests.some((one) =>
        one.path === `/v1/data_sources/${bare(tasks.id)}/query` &&
            one.status === 200), 15_000);
    const page = notion.page({ source: tasks, values: { Name: 'Ulysses' } });
    await eventually('the page is mirrored', async () =>
        (await records('notion-named')).length === 1, 15_000);
    const [row] = await records('notion-named');
    assert.equal(row.table_name, bare(database.id));
    assert.equal(row.record_id, bare(page.id));
});

test('pollers come and go with the configuration', async () => {
    postgrest.table('gone', { id: 'int8', updated_at: 'timestamptz' });
    await source('gone-rows', 'supabase', { poll_tables: ['gone'] });
    await polled('gone');
    const changed = await stack.api().patch('/api/sources/gone-rows',
        { poll_s: 0 });
    assert.equal(changed.status, 200, changed.text);
    await eventually('its job is gone', async () => (await stack.sql.count(
        "SELECT COUNT(*) FROM source_cursors WHERE table_name = 'gone'")) === 0,
    15_000);
    assert.equal(await stack.sql.count('SELECT COUNT(*) FROM jobs j LEFT JOIN ' +
        'source_cursors c ON c.job_id = j.id WHERE j.kind = 5 AND ' +
        'c.job_id IS NULL'), 0);
});
