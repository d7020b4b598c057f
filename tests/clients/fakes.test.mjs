// fakes.test.mjs - the fakes of tests/fakes/ behave as the services they stand
// for: the services' own clients, which know nothing of them, read and write
// through them and understand their errors.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client, collectPaginatedAPI, isFullPage } from '@notionhq/client';
import { PGlite } from '@electric-sql/pglite';
import { createClient } from '@supabase/supabase-js';
import { bare, Notion } from '../fakes/notion.mjs';
import { Postgrest } from '../fakes/postgrest.mjs';
import { start } from '../func/lib/stack.mjs';
import { eventually } from '../func/lib/wait.mjs';

describe('Notion, by @notionhq/client', () => {
    const key = 'ntn_0123456789';
    let fake;
    let tasks;
    let notion;
    before(async () => {
        fake = await Notion.start({ key });
        tasks = fake.database({ name: 'Tasks', schema: { Name: 'title',
            Status: 'status', Points: 'number', Done: 'checkbox',
            Project: 'relation' } });
        const minute = Date.parse('2026-01-01T10:00:00Z');
        for (let i = 1; i <= 7; i++)
            fake.page({ source: tasks.source, at: minute + i * 60_000,
                values: { Name: `Task ${i}`, Points: 8 - i,
                    Status: i % 2 ? 'Open' : 'Done' } });
    });
    beforeEach(() => {
        fake.heal();
        fake.forget();
        fake.rate = null;
        notion = client();
    });
    after(() => fake.stop());

    const client = (more = {}) => new Client({ auth: key, baseUrl: fake.url,
        logger: () => {}, retry: false, ...more });
    const pages = () => fake.shown(['page']);
    const code = (wanted) => (error) => {
        assert.equal(error.code, wanted, String(error));
        return true;
    };

    test('a page is read whole, its properties by their names', async () => {
        const [one] = pages();
        const page = await notion.pages.retrieve({ page_id: bare(one.id) });
        assert.ok(isFullPage(page));
        assert.equal(page.id, one.id);
        assert.match(page.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        assert.equal(page.parent.data_source_id, tasks.source.id);
        assert.equal(page.properties.Name.title[0].plain_text, 'Task 1');
        assert.equal(page.properties.Points.number, 7);
        assert.equal(page.last_edited_time, '2026-01-01T10:01:00.000Z');
        assert.equal(fake.requests[0].headers['notion-version'],
            Client.defaultNotionVersion);
    });

    test('an edit through the API shows, its time to the minute', async () => {
        const page = fake.page({ source: tasks.source, at: 0,
            values: { Name: 'Old' } });
        await notion.pages.update({ page_id: page.id, properties: {
            Points: { number: 42 } } });
        const now = await notion.pages.retrieve({ page_id: page.id });
        assert.equal(now.properties.Points.number, 42);
        assert.match(now.last_edited_time, /:00\.000Z$/);
        assert.equal(now.last_edited_by.id, fake.bot.id);
        await notion.pages.update({ page_id: page.id, in_trash: true });
        const gone = await notion.pages.retrieve({ page_id: page.id });
        assert.ok(gone.in_trash && gone.archived);
        fake.objects.delete(bare(page.id));
    });

    test('a database names its data sources, those have the columns',
        async () => {
            const database = await notion.databases.retrieve({
                database_id: tasks.database.id });
            assert.deepEqual(database.data_sources, [{ id: tasks.source.id,
                name: 'Tasks' }]);
            assert.equal(database.properties, undefined);
            const source = await notion.dataSources.retrieve({
                data_source_id: database.data_sources[0].id });
            assert.equal(source.properties.Status.type, 'status');
            assert.equal(source.parent.database_id, tasks.database.id);
        });

    test('an older version has the columns in the database, and its query',
        async () => {
            const old = client({ notionVersion: '2022-06-28' });
            const database = await old.databases.retrieve({
                database_id: tasks.database.id });
            assert.equal(database.properties.Done.type, 'checkbox');
            assert.equal(database.data_sources, undefined);
            const list = await old.request({ method: 'post',
                path: `databases/${tasks.database.id}/query`,
                body: { page_size: 2 } });
            assert.equal(list.results[0].parent.database_id,
                tasks.database.id);
            await assert.rejects(old.dataSources.retrieve({
                data_source_id: tasks.source.id }),
            code('invalid_request_url'));
            await assert.rejects(notion.request({ method: 'post', body: {},
                path: `databases/${tasks.database.id}/query` }),
            code('invalid_request_url'));
        });

    test('a query is filtered, sorted and read page by page', async () => {
        const ask = { data_source_id: tasks.source.id, page_size: 2,
            filter: { and: [
                { timestamp: 'last_edited_time', last_edited_time: {
                    on_or_after: '2026-01-01T10:02:00.000Z' } },
                { property: 'Status', status: { equals: 'Open' } }] },
            sorts: [{ timestamp: 'last_edited_time',
                direction: 'descending' }] };
        const first = await notion.dataSources.query(ask);
        assert.equal(first.results.length, 2);
        assert.ok(first.has_more);
        const found = await collectPaginatedAPI(notion.dataSources.query, ask);
        assert.deepEqual(found.map((page) =>
            page.properties.Name.title[0].plain_text),
        ['Task 7', 'Task 5', 'Task 3']);
        const byPoints = await notion.dataSources.query({
            data_source_id: tasks.source.id,
            sorts: [{ property: 'Points', direction: 'ascending' }] });
        assert.deepEqual(byPoints.results.map((page) =>
            page.properties.Points.number), [1, 2, 3, 4, 5, 6, 7]);
        await assert.rejects(notion.dataSources.query({ ...ask,
            start_cursor: tasks.database.id }), code('validation_error'));
        await assert.rejects(notion.dataSources.query({ ...ask,
            filter: { property: 'None', status: { equals: 'x' } } }),
        code('validation_error'));
    });

    test('search finds pages and data sources by their titles', async () => {
        const found = await notion.search({ query: 'task 3' });
        assert.deepEqual(found.results.map((one) => one.object), ['page']);
        const sources = await notion.search({ query: 'tasks', filter: {
            property: 'object', value: 'data_source' } });
        assert.equal(sources.results[0].id, tasks.source.id);
    });

    test('blocks and comments of a page', async () => {
        const page = fake.page({ values: { title: 'Alone' } });
        const block = fake.block(page, 'first');
        fake.block(page, 'second');
        fake.block(block, 'inside');
        const comment = fake.comment(page, 'well said');
        const list = await collectPaginatedAPI(notion.blocks.children.list,
            { block_id: page.id, page_size: 1 });
        assert.deepEqual(list.map((one) =>
            one.paragraph.rich_text[0].plain_text), ['first', 'second']);
        const one = await notion.blocks.retrieve({ block_id: block.id });
        assert.ok(one.has_children);
        const said = await notion.comments.list({ block_id: page.id });
        assert.equal(said.results[0].rich_text[0].plain_text, 'well said');
        assert.equal((await notion.comments.retrieve({
            comment_id: comment.id })).id, comment.id);
        assert.equal((await notion.users.me({})).type, 'bot');
    });

    test('what is not there and what is not shared are told the same way',
        async () => {
            const page = fake.page({ values: { title: 'Secret' } });
            fake.share(page.id, false);
            const missing = 'a1b2c3d4-e5f6-4890-abcd-ef1234567890';
            for (const id of [page.id, missing])
                await assert.rejects(notion.pages.retrieve({ page_id: id }),
                    (error) => code('object_not_found')(error) &&
                        error.status === 404 && error.message.includes(id));
            await assert.rejects(notion.pages.retrieve({ page_id: 'nope' }),
                code('validation_error'));
            const found = await notion.search({ query: 'secret' });
            assert.equal(found.results.length, 0);
            // A database is no page.
            await assert.rejects(notion.pages.retrieve({
                page_id: tasks.database.id }), code('object_not_found'));
        });

    test('a wrong key is 401, no version is 400', async () => {
        const [one] = pages();
        await assert.rejects(client({ auth: 'ntn_wrong' }).pages.retrieve({
            page_id: one.id }), code('unauthorized'));
        const answer = await fetch(`${fake.url}/v1/pages/${one.id}`,
            { headers: { Authorization: `Bearer ${key}` } });
        assert.equal(answer.status, 400);
        assert.equal((await answer.json()).code, 'missing_version');
    });

    test('beyond its rate it answers 429, and the client waits and succeeds',
        async () => {
            fake.rate = { limit: 3, ms: 1000 };
            const [one] = pages();
            const ask = (with_) => Promise.allSettled(Array.from({ length: 5 },
                () => with_.pages.retrieve({ page_id: one.id })));
            const results = await ask(notion);
            const refused = results.filter((one_) =>
                one_.status === 'rejected');
            assert.equal(refused.length, 2);
            for (const { reason } of refused) {
                assert.equal(reason.code, 'rate_limited');
                assert.equal(reason.headers.get('retry-after'), '1');
            }
            const patient = await ask(client({ retry: { maxRetries: 5 } }));
            assert.deepEqual(patient.map((one_) => one_.status),
                Array(5).fill('fulfilled'));
            assert.ok(fake.busiest(1000, (r) => r.status === 200) <= 3);
        });

    test('529, 500 and 503 are what the client takes them for', async () => {
        const [one] = pages();
        const ask = (with_) => with_.pages.retrieve({ page_id: one.id });
        for (const [status, wanted] of [[529, 'service_overload'],
            [500, 'internal_server_error'], [503, 'service_unavailable']]) {
            fake.fail({ status, retryAfter: 0 });
            await assert.rejects(ask(notion), code(wanted));
            fake.fail({ status, retryAfter: 0 });
            const page = await ask(client({ retry: { maxRetries: 1,
                initialRetryDelayMs: 1 } }));
            assert.equal(page.id, one.id);
        }
    });

    test('time-outs, dropped connections and half an answer', async () => {
        const [one] = pages();
        fake.fail({ hang: true, times: 1 });
        await assert.rejects(client({ timeoutMs: 100 }).pages.retrieve({
            page_id: one.id }), code('notionhq_client_request_timeout'));
        fake.fail({ drop: true }, { cut: true });
        await assert.rejects(notion.pages.retrieve({ page_id: one.id }));
        await assert.rejects(notion.pages.retrieve({ page_id: one.id }));
        assert.equal(fake.count(), 3);
        assert.equal((await notion.pages.retrieve({ page_id: one.id })).id,
            one.id);
    });
});

describe('PostgREST, by @supabase/supabase-js', () => {
    const key = 'sb_secret_0123456789';
    let fake;
    let users;
    let members;
    let supabase;
    before(async () => {
        fake = await Postgrest.start({ key, schemas: ['public', 'shop'] });
        users = fake.table('users', { id: 'int8', name: 'text',
            balance: 'numeric', updated_at: 'timestamptz', tags: 'jsonb' });
        members = fake.table('members', { team: 'text', no: 'int8',
            role: 'text' }, { schema: 'shop', key: ['team', 'no'] });
    });
    beforeEach(() => {
        fake.heal();
        fake.forget();
        fake.rate = null;
        users.rows = [];
        members.rows = [];
        users.hidden = () => false;
        for (const [id, name, minute] of [[1, 'Ada', '00'], [2, 'Bob', '10'],
            [3, 'Zoë, q', '20']])
            fake.insert(users, { id, name, balance: { raw: `${id}.50` },
                updated_at: `2026-01-01T10:${minute}:00Z`, tags: [id] });
        supabase = createClient(fake.url, key, { auth: {
            persistSession: false, autoRefreshToken: false } });
    });
    after(() => fake.stop());

    const ids = ({ data, error }) => {
        assert.equal(error, null);
        return data.map((row) => row.id);
    };

    test('one row by its key, as a list and as an object', async () => {
        const list = await supabase.from('users').select('*').eq('id', 2);
        assert.equal(list.status, 200);
        assert.deepEqual(list.data, [{ id: 2, name: 'Bob', balance: 2.5,
            updated_at: '2026-01-01T10:10:00+00:00', tags: [2] }]);
        const one = await supabase.from('users').select('id,name').eq('id', 2)
            .single();
        assert.deepEqual(one.data, { id: 2, name: 'Bob' });
        const sent = fake.requests[0];
        assert.equal(sent.headers.apikey, key);
        assert.equal(sent.path, '/rest/v1/users');
    });

    test('no row, or a hidden one: an empty list, and 406 as an object',
        async () => {
            fake.hide(users, (row) => row.name === 'Ada');
            for (const id of [1, 99]) {
                assert.deepEqual(ids(await supabase.from('users').select()
                    .eq('id', id)), []);
                const one = await supabase.from('users').select().eq('id', id)
                    .single();
                assert.equal(one.status, 406);
                assert.equal(one.error.code, 'PGRST116');
                assert.equal((await supabase.from('users').select()
                    .eq('id', id).maybeSingle()).data, null);
            }
        });

    test('eq, gt, gte, lt, in, is, not and or', async () => {
        const from = () => supabase.from('users').select('id');
        assert.deepEqual(ids(await from().gt('id', 1)), [2, 3]);
        assert.deepEqual(ids(await from().gte('id', 2).lt('id', 3)), [2]);
        assert.deepEqual(ids(await from().in('id', [1, 3, 7])), [1, 3]);
        assert.deepEqual(ids(await from().in('name', ['Zoë, q'])), [3]);
        assert.deepEqual(ids(await from().eq('name', 'Zoë, q')), [3]);
        assert.deepEqual(ids(await from().is('name', null)), []);
        assert.deepEqual(ids(await from().not('id', 'eq', 1)), [2, 3]);
        assert.deepEqual(ids(await from().or(
            'updated_at.gt.2026-01-01T10:10:00Z,' +
            'and(updated_at.eq.2026-01-01T10:10:00Z,id.gt.1)')), [2, 3]);
    });

    test('a cursor by time, in order, limited', async () => {
        const page = await supabase.from('users').select('id,updated_at')
            .gte('updated_at', '2026-01-01T10:10:00+00:00')
            .order('updated_at', { ascending: false }).order('id').limit(1);
        assert.deepEqual(ids(page), [3]);
        const range = await supabase.from('users')
            .select('id', { count: 'exact' }).order('id').range(1, 2);
        assert.deepEqual(ids(range), [2, 3]);
        assert.equal(range.count, 3);
        // A plus that is not encoded is a blank, and no time.
        const wrong = await fetch(`${fake.url}/rest/v1/users?updated_at=` +
            'gt.2026-01-01T10:10:00+00:00', { headers: { apikey: key } });
        assert.equal(wrong.status, 400);
        assert.equal((await wrong.json()).code, '22007');
    });

    test('composite keys, other schemas', async () => {
        const shop = supabase.schema('shop').from('members');
        const made = await shop.insert([{ team: 'a', no: 1, role: 'x' },
            { team: 'a', no: 2, role: 'y' }]).select();
        assert.equal(made.status, 201);
        const one = await shop.select().eq('team', 'a').eq('no', 2);
        assert.deepEqual(one.data, [{ team: 'a', no: 2, role: 'y' }]);
        const twice = await shop.insert({ team: 'a', no: 2 });
        assert.equal(twice.status, 409);
        assert.equal(twice.error.code, '23505');
        const nowhere = await supabase.schema('auth').from('users').select();
        assert.equal(nowhere.status, 406);
        assert.equal(nowhere.error.code, 'PGRST106');
    });

    test('digits that JavaScript cannot hold stand in the answer', async () => {
        fake.insert(users, { id: { raw: '9007199254740993' }, name: 'Big',
            balance: { raw: '1000000000000000000000.10' } });
        const answer = await fetch(`${fake.url}/rest/v1/users?id=eq.` +
            '9007199254740993&select=*', { headers: { apikey: key } });
        assert.equal(await answer.text(), '[{"id":9007199254740993,' +
            '"name":"Big","balance":1000000000000000000000.10,' +
            '"updated_at":null,"tags":null}]');
    });

    test('rows change through the API', async () => {
        await supabase.from('users').update({ name: 'Eve' }).eq('id', 1);
        await supabase.from('users').delete().eq('id', 2);
        const { data } = await supabase.from('users').select('id,name')
            .order('id');
        assert.deepEqual(data.map((row) => row.name), ['Eve', 'Zoë, q']);
    });

    test('what is wrong with a question', async () => {
        for (const [ask, status, wanted] of [
            [supabase.from('nope').select(), 404, 'PGRST205'],
            [supabase.from('users').select('nope'), 400, '42703'],
            [supabase.from('users').select().eq('nope', 1), 400, '42703'],
            [supabase.from('users').select().eq('id', 'x'), 400, '22P02'],
            [supabase.from('users').select().filter('id', 'about', 1), 400,
                'PGRST100'],
        ]) {
            const answer = await ask;
            assert.equal(answer.status, status);
            assert.equal(answer.error.code, wanted);
        }
    });

    test('a wrong key and no key are 401', async () => {
        const wrong = createClient(fake.url, 'sb_secret_wrong', { auth: {
            persistSession: false, autoRefreshToken: false } });
        const answer = await wrong.from('users').select();
        assert.equal(answer.status, 401);
        assert.equal((await fetch(`${fake.url}/rest/v1/users`)).status, 401);
    });

    test('429 with Retry-After beyond the rate, 503 when told to', async () => {
        fake.rate = { limit: 2, ms: 60_000 };
        const from = () => supabase.from('users').select('id');
        const answers = await Promise.all([from(), from()]);
        assert.deepEqual(answers.map((one) => one.status), [200, 200]);
        const limited = await fetch(`${fake.url}/rest/v1/users`,
            { headers: { apikey: key } });
        assert.equal(limited.status, 429);
        assert.ok(Number(limited.headers.get('retry-after')) > 50);
        fake.rate = null;
        fake.fail({ status: 503, code: 'PGRST000',
            message: 'Could not connect with the database.' });
        const down = await from();
        assert.equal(down.status, 503);
        assert.equal(down.error.code, 'PGRST000');
    });

    // The engine itself makes the bytes of a webhook.
    test("its webhooks have PostgreSQL's own bytes", async () => {
        const engine = await PGlite.create();
        try {
            const row = { id: { raw: '9007199254740993' },
                name: 'Zoë "q" \\ / é 😀', balance: { raw: '12.50' },
                updated_at: '2026-01-01 15:00:00.5+00', tags: { b: 1, aa: [] } };
            await engine.exec('SET timezone = \'UTC\'; CREATE TABLE users (' +
                'id bigint, name text, balance numeric, ' +
                'updated_at timestamptz, tags jsonb)');
            await engine.query('INSERT INTO users VALUES ($1, $2, $3, $4, $5)',
                [row.id.raw, row.name, row.balance.raw, row.updated_at,
                    row.tags]);
            const { rows: [{ body }] } = await engine.query(
                "SELECT jsonb_build_object('old_record', NULL, 'record', u, " +
                "'type', 'INSERT', 'table', 'users', 'schema', 'public')" +
                '::text AS body FROM users u');
            assert.equal(fake.insert(users, row), body);
        } finally {
            await engine.close();
        }
    });
});

describe('as programs', () => {
    const dir = mkdtempSync(join(tmpdir(), 'postern-fakes-'));
    after(() => rmSync(dir, { recursive: true, force: true }));

    // Runs a fake with that data; its URL is given to `use`.
    async function running(name, data, use) {
        const file = join(dir, `${name}.json`);
        writeFileSync(file, JSON.stringify(data));
        const program = start(process.execPath, [fileURLToPath(new URL(
            `../fakes/${name}.mjs`, import.meta.url)), '--data', file,
        '--key', 'the key', '--rate', '5']);
        try {
            const [url] = await eventually(`${name} runs`, () =>
                /http:\S+/.exec(program.output()));
            await use(url);
        } finally {
            program.child.kill();
            await program.ended;
        }
    }
    const control = async (url, method, path, body) => (await fetch(
        `${url}/_fake/${path}`, { method, body: body &&
            JSON.stringify(body) })).json();

    test('Notion', () => running('notion', { databases: [{ id: 'a'.repeat(32),
        name: 'Notes', schema: { Name: 'title' } }], pages: [{
        id: 'b'.repeat(32), database: 'a'.repeat(32),
        values: { Name: 'First' } }] }, async (url) => {
        const notion = new Client({ auth: 'the key', baseUrl: url,
            retry: false, logger: () => {} });
        const read = () => notion.pages.retrieve({ page_id: 'b'.repeat(32) });
        assert.equal((await read()).properties.Name.title[0].plain_text,
            'First');
        await control(url, 'POST', 'faults', [{ status: 529 }]);
        await assert.rejects(read(), (error) => error.status === 529);
        const requests = await control(url, 'GET', 'requests');
        assert.deepEqual(requests.map((one) => one.status), [200, 529]);
        await control(url, 'DELETE', 'requests');
        assert.deepEqual(await control(url, 'GET', 'requests'), []);
    }));

    test('PostgREST', () => running('postgrest', { users: { columns: {
        id: 'int8', name: 'text' }, rows: [{ id: 1, name: 'Ada' }] } },
    async (url) => {
        const supabase = createClient(url, 'the key');
        const { data } = await supabase.from('users').select();
        assert.deepEqual(data, [{ id: 1, name: 'Ada' }]);
    }));
});
