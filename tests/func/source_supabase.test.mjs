// source_supabase.test.mjs - Supabase's Database Webhooks: signed by the trigger
// that `postern source sql` makes, in a real PostgreSQL; read again through
// PostgREST before they count.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Postgrest } from '../fakes/postgrest.mjs';
import { SupabaseDb } from '../fakes/supabase_db.mjs';
import { addSource, assertRefused, errors, eventsOf, post } from
    './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';
import { hexSignature } from './lib/sign.mjs';
import { run } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const secret = "it's a secret";
const key = 'sb_secret_0123456789';
let fake;
let users;
before(async () => {
    fake = await Postgrest.start({ key, schemas: ['public', 'shop'] });
    users = fake.table('users', { id: 'int8', name: 'text', balance: 'numeric',
        updated_at: 'timestamptz' });
});
after(() => fake?.stop());

const make = (n) => ({ type: 'supabase.items.insert', record: `9007199254740${n
    .toString().padStart(3, '9')}`, headers: { 'User-Agent': 'pg_net/0.14.0' },
body: `{"type": "INSERT", "table": "items", "record": {"id": 9007199254740${n
    .toString().padStart(3, '9')}, "name": "Zoë \\"q\\" 😀", "amount": 12.50},` +
    ' "schema": "public", "old_record": null}' });

const sign = (one, { secret: with_ = secret } = {}) => ({
    'X-Webhook-Signature': `sha256=${hexSignature(with_, one.body)}` });

// What the dashboard sends has no id, so equal bodies are two events.
const it = providerFile({ provider: 'supabase', exists: true, secret,
    forged: 'another secret', status: 202, repeats: 'never', make, sign,
    body: (answer, one) => assert.deepEqual(answer.json.details, {
        event_type: 'insert', source: 'supabase', record_id: one.record,
        table_name: 'items', timestamp: answer.json.details.timestamp }) });

const send = async (body, name = 'supabase') => {
    const answer = await post(it.stack, name, { body }, sign({ body }));
    assert.equal(answer.status, 202, answer.text);
};
// The record of a source, once it is so.
const mirrored = (table, id, test_, name = 'supabase') => eventually(
    `${table} ${id}`, async () => {
        const [row] = await it.stack.sql.rows('SELECT r.* FROM records r ' +
            'JOIN sources s ON s.id = r.source_id WHERE s.name = ? AND ' +
            'table_name = ? AND record_id = ?', [name, table, id]);
        return row && test_(row) && row;
    });
const data = (row) => row.data === null ? null : row.data.toString('utf8');

describe('supabase, its ways', () => {
    test('equal bodies are two events', async () => {
        const one = make(500);
        for (let i = 0; i < 2; i++)
            await send(one.body);
        assert.equal((await eventsOf(it.stack, 'supabase')).filter((event) =>
            JSON.parse(event.metadata).record_id === one.record).length, 2);
    });

    test('a body without table, record or key is 422', async () => {
        for (const body of ['{"type": "INSERT", "record": {"id": 1}}',
            '{"type": "DELETE", "table": "items", "old_record": null}',
            '{"type": "INSERT", "table": "items", "record": {"no": 1}}',
            '{"type": "TRUNCATE", "table": "items", "record": {"id": 1}}'])
            await assertRefused(it.stack, 'supabase', () => post(it.stack,
                'supabase', { body }, sign({ body })), ...errors.invalid);
    });
});

describe('what the trigger sends', () => {
    let db;
    before(async () => {
        db = await SupabaseDb.start();
        await db.engine.query('SELECT vault.create_secret($1, $2)',
            [secret, 'postern_secret']);
        await db.engine.exec('CREATE TABLE users (id bigint PRIMARY KEY, ' +
            'name text, balance numeric, updated_at timestamptz)');
        const done = await it.stack.cli('source', 'sql', 'supabase',
            '--table', 'users', '--url',
            `${it.stack.url}/api/v1/webhooks/supabase`);
        assert.equal(done.code, 0, done.stderr);
        await db.run(done.stdout);
    });
    after(() => db?.stop());

    // What pg_net would do; the requests.
    async function flush() {
        const requests = await db.sent();
        for (const { url, headers, body } of requests) {
            const answer = await fetch(url, { method: 'POST', headers, body });
            assert.equal(answer.status, 202, await answer.text());
        }
        return requests;
    }

    test('comes in, is mirrored with all digits, and leaves a tombstone',
        async () => {
            const id = '9007199254740993';
            await db.engine.exec(`INSERT INTO users VALUES (${id}, 'Zoë', ` +
                "12.50, '2026-01-01T15:00:00Z')");
            await flush();
            const row = await mirrored('users', id, () => true);
            assert.match(data(row), /"balance":12\.50/);
            assert.match(data(row), /"id":9007199254740993/);
            await db.engine.exec("UPDATE users SET name = 'New'");
            await flush();
            await mirrored('users', id, (now) => /"New"/.test(data(now)));
            await db.engine.exec('DELETE FROM users');
            await flush();
            await mirrored('users', id, (now) => Number(now.deleted) === 1);
        });

    test('sent again, it is recognised by the id that the trigger gave it',
        async () => {
            await db.engine.exec("INSERT INTO users VALUES (77, 'Eve', 1, " +
                "'2026-01-01T15:00:00Z')");
            const [{ headers, body }] = await flush();
            const again = await assertRefused(it.stack, 'supabase',
                () => post(it.stack, 'supabase', { body }, headers), 200,
                /^duplicate$/);
            assert.equal(again.json.status, 'duplicate');
            // The same change, made again, is another one.
            await db.engine.exec("UPDATE users SET name = 'Ev' WHERE id = 77");
            await db.engine.exec("UPDATE users SET name = 'Ev' WHERE id = 77");
            assert.equal((await flush()).length, 2);
        });
});

describe('read again at the source', () => {
    const name = 'project';
    const sendTo = (body) => send(body, name);
    const seen = (table, id, test_) => mirrored(table, id, test_, name);
    before(() => addSource(it.stack, { name, provider: 'supabase', secret,
        api_url: fake.url, api_key: key, retry_delay: 1, key_columns: {
            'shop.members': ['team', 'no'] } }));

    test('the row there is what counts, not the one in the webhook',
        async () => {
            const hook = fake.insert(users, { id: 1, name: 'Ada',
                balance: { raw: '1.10' }, updated_at: '2026-01-01T10:00:00Z' });
            fake.update(users, (row) => row.name === 'Ada',
                { name: 'Ada L.', updated_at: '2026-01-01T11:00:00Z' });
            fake.forget();
            await sendTo(hook);
            const row = await seen('users', '1', () => true);
            assert.equal(JSON.parse(data(row)).name, 'Ada L.');
            assert.match(data(row), /"balance":1\.10/);
            assert.equal(row.verified, 'yes');
            const [asked] = fake.requests;
            assert.equal(asked.path, '/rest/v1/users');
            assert.equal(asked.query.get('id'), 'eq.1');
            assert.equal(asked.headers.apikey, key);
            assert.equal(fake.count(), 1);
        });

    test('composite keys and other schemas are asked for as such',
        async () => {
            const members = fake.table('members', { team: 'text', no: 'int8',
                role: 'text' }, { schema: 'shop', key: ['team', 'no'] });
            const hook = fake.insert(members, { team: 'a&b,c', no: 2,
                role: 'x' });
            fake.forget();
            await sendTo(hook);
            const row = await seen('shop.members', 'team=a&b\\,c,no=2',
                () => true);
            assert.equal(JSON.parse(data(row)).role, 'x');
            const [asked] = fake.requests;
            assert.equal(asked.path, '/rest/v1/members');
            assert.equal(asked.headers['accept-profile'], 'shop');
            assert.equal(asked.query.get('team'), 'eq.a&b,c');
            assert.equal(asked.query.get('no'), 'eq.2');
        });

    test('a forged-looking row is overruled, a hidden one is gone',
        async () => {
            fake.insert(users, { id: 2, name: 'Bob',
                updated_at: '2026-01-01T10:00:00Z' });
            await sendTo('{"type": "UPDATE", "table": "users", "schema": ' +
                '"public", "old_record": null, "record": {"id": 2, "name": ' +
                '"Mallory", "balance": 1000000, "updated_at": ' +
                '"2026-01-01T10:00:00+00:00"}}');
            const row = await seen('users', '2', () => true);
            assert.equal(JSON.parse(data(row)).name, 'Bob');
            assert.equal(row.verified, 'differs');
            await eventually('it is counted', async () => (await it.stack.api()
                .get(`/api/sources/${name}/stats`)).json.total.mismatched ===
                1);
            fake.hide(users, (one) => one.name === 'Bob');
            await sendTo(fake.hook('UPDATE', users, users.rows.at(-1), null));
            await seen('users', '2', (now) => Number(now.deleted) === 1);
            fake.hide(users, () => false);
        });

    test('a delete that is not true is none', async () => {
        fake.insert(users, { id: 3, name: 'Cleo' });
        const row = users.rows.at(-1);
        await sendTo(fake.hook('DELETE', users, null, row));
        const now = await seen('users', '3', () => true);
        assert.equal(Number(now.deleted), 0);
        const gone = fake.remove(users, (one) => one.name === 'Cleo');
        await sendTo(gone);
        await seen('users', '3', (last) => Number(last.deleted) === 1);
    });

    test('a source that is down is asked again, until it is up', async () => {
        fake.fail({ status: 503 }, { drop: true });
        const hook = fake.insert(users, { id: 4, name: 'Dora' });
        fake.forget();
        await sendTo(hook);
        const row = await seen('users', '4', (now) =>
            now.verified === 'yes');
        assert.equal(JSON.parse(data(row)).name, 'Dora');
        assert.equal(fake.count(), 3);
    });
});

describe('the command that simulates it', () => {
    const simulate = (...args) => it.stack.cli('simulate', 'supabase', ...args,
        '--url', it.stack.url);

    test('sends a signed change, numbers as they were typed', async () => {
        const done = await simulate('INSERT', '--table', 'users', '--record',
            '{"id":50, "name":"Eve", "balance":7.00}');
        assert.equal(done.code, 0, done.stderr);
        assert.match(done.stdout, /^202 \{"status":"accepted"/);
        const event = (await eventsOf(it.stack, 'supabase')).at(-1);
        assert.equal(event.type, 'supabase.users.insert');
        assert.equal(Number(event.verified), 1);
        assert.match(event.payload.toString('utf8'), /"balance":7\.00/);
        await mirrored('users', '50', () => true);
    });

    test('DELETE takes the old row, from a file or stdin', async () => {
        const done = await it.stack.cli('simulate', 'supabase', 'delete',
            '--table', 'users', '--record', '-', '--url', it.stack.url,
            '--json', { input: '{"id":50}' });
        assert.equal(done.code, 0, done.stderr);
        assert.equal(JSON.parse(done.stdout).status, 202);
        await mirrored('users', '50', (row) => Number(row.deleted) === 1);
    });

    test('tells what the gateway refuses, and where there is none',
        async () => {
            const refused = await simulate('UPDATE', '--table', 'users',
                '--record', '{"id":1}', '--secret', 'not the secret');
            assert.equal(refused.code, 1);
            assert.match(refused.stdout, /^401 .*invalid_signature/);
            const nowhere = await it.stack.cli('simulate', 'supabase',
                'UPDATE', '--table', 'users', '--record', '{"id":1}', '--url',
                'http://127.0.0.1:9');
            assert.equal(nowhere.code, 69);
            assert.match(nowhere.stderr, /no answer from http/);
        });

    test('shows what it would send', async () => {
        const done = await simulate('UPDATE', '--table', 't', '--schema', 's',
            '--record', '{"id":1}', '--old-record', '{"id":1,"a":2}',
            '--dry-run');
        assert.equal(done.code, 0, done.stderr);
        const [head, body] = done.stdout.split('\n\n');
        assert.equal(body, '{"type": "UPDATE", "table": "t", "record": ' +
            '{"id":1}, "schema": "s", "old_record": {"id":1,"a":2}}\n');
        assert.ok(head.includes(hexSignature(secret, body.trimEnd())), head);
    });

    test('a wrong command line sends nothing', async () => {
        for (const [code, ...args] of [[64], [64, 'TRUNCATE'],
            [64, 'INSERT', '--record', '{}'], [64, 'INSERT', '--table', 't'],
            [64, 'INSERT', '--table', 't', '--record', '{}', '--old-record',
                '{}'], [65, 'INSERT', '--table', 't', '--record', '[]'],
            [65, 'INSERT', '--table', 't', '--record', '{'],
            [66, 'INSERT', '--table', 't', '--record', '@/nowhere'],
            [66, 'INSERT', '--table', 't', '--record', '{}', '--source',
                'nobody']]) {
            const done = await simulate(...args);
            assert.equal(done.code, code, `${args}: ${done.stderr}`);
            assert.equal(done.stdout, '');
        }
        const rubbish = await run(it.stack.program('postern'), ['simulate',
            'elephant']);
        assert.equal(rubbish.code, 64);
    });
});
