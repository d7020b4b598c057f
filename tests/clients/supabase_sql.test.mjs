// supabase_sql.test.mjs - the SQL that `postern source sql` prints runs in a
// real PostgreSQL, and what its triggers send is signed and complete.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { SupabaseDb } from '../fakes/supabase_db.mjs';
import { build, plainEnv, root, run } from '../func/lib/stack.mjs';

const secret = "it's a secret";
const postern = (args, options = {}) => run(join(build, 'postern'), args,
    { env: plainEnv(), ...options });

async function sql(...args) {
    const done = await postern(['source', 'sql', 'supabase', '--unchecked',
        ...args]);
    assert.equal(done.code, 0, done.stderr);
    return done.stdout;
}

// Asserts that it is signed, and gives what it says.
async function read({ headers, body }) {
    const done = await postern(['verify', '--secret', secret, '--signature',
        headers['X-Webhook-Signature']], { input: body });
    assert.equal(done.code, 0, `${done.stderr}\n${body}`);
    return JSON.parse(body);
}

describe('the trigger', () => {
    let db;
    before(async () => {
        db = await SupabaseDb.start();
        await db.engine.query('SELECT vault.create_secret($1, $2)',
            [secret, 'postern_secret']);
        await db.engine.exec(`
CREATE TABLE users (id bigint PRIMARY KEY, name text, balance numeric);
CREATE SCHEMA shop;
CREATE TABLE shop."Order ""x""" (team text, no int, note text,
    PRIMARY KEY (team, no));`);
        const url = 'https://hooks.example.com/a?b=\'c\'';
        await db.run(await sql('--table', 'users', '--url', url));
        await db.run(await sql('--table', 'shop.Order "x"', '--key', 'team',
            '--key', 'no', '--url', url));
        // Again: nothing is made twice, the secret stays.
        await db.run(await sql('--table', 'users', '--url', url));
    });
    after(() => db.stop());

    test('sends an insert once, with all digits, to the address', async () => {
        await db.engine.exec("INSERT INTO users VALUES (9007199254740993, " +
            "'Zoë \"q\" \\ 😀', 12.50)");
        const sent = await db.sent();
        assert.equal(sent.length, 1);
        assert.equal(sent[0].url, "https://hooks.example.com/a?b='c'");
        assert.ok(sent[0].timeout_milliseconds >= 5000);
        const body = await read(sent[0]);
        assert.equal(body.event_type, 'insert');
        assert.equal(body.source, 'supabase');
        assert.equal(body.table_name, 'users');
        assert.equal(body.record_id, '9007199254740993');
        assert.equal(body.data.name, 'Zoë "q" \\ 😀');
        assert.match(sent[0].body, /"balance": 12\.50/);
        assert.match(sent[0].body, /"id": 9007199254740993/);
        assert.ok(Math.abs(Date.parse(body.timestamp) - Date.now()) < 60_000);
        assert.match(body.metadata.event_id, /^[0-9a-f-]{36}$/);
    });

    test('sends an update with the new row, a delete with the old one',
        async () => {
            await db.engine.exec("UPDATE users SET name = 'New'; " +
                'DELETE FROM users');
            const [update, gone] = await Promise.all(
                (await db.sent()).map(read));
            assert.equal(update.event_type, 'update');
            assert.equal(update.data.name, 'New');
            assert.equal(gone.event_type, 'delete');
            assert.equal(gone.record_id, '9007199254740993');
            assert.equal(gone.data.name, 'New');
            assert.notEqual(update.metadata.event_id, gone.metadata.event_id);
        });

    test('names other schemas, and composite keys as the gateway does',
        async () => {
            await db.engine.exec('INSERT INTO shop."Order ""x""" VALUES ' +
                "('a,b\\c', 2, NULL)");
            const [body] = await Promise.all((await db.sent()).map(read));
            assert.equal(body.table_name, 'shop.Order "x"');
            assert.equal(body.record_id, 'team=a\\,b\\\\c,no=2');
        });

    test('sends nothing for a transaction that is rolled back', async () => {
        await db.engine.exec("BEGIN; INSERT INTO users VALUES (1, 'x', 0); " +
            'ROLLBACK');
        assert.deepEqual(await db.sent(), []);
    });

    test('without its secret it refuses the change, loudly', async () => {
        await db.engine.exec(
            "UPDATE vault.secrets SET name = 'elsewhere'");
        await assert.rejects(
            db.engine.exec("INSERT INTO users VALUES (2, 'x', 0)"),
            /query returned no rows/);
        await db.engine.exec(
            "UPDATE vault.secrets SET name = 'postern_secret'");
    });
});

describe('the command', () => {
    test('prints the example of the documentation', async () => {
        const example = readFileSync(join(root,
            'examples/webhook_examples/supabase_trigger.sql'), 'utf8');
        assert.equal(example, await sql('--table', 'users', '--url',
            'https://hooks.example.com/api/v1/webhooks/supabase'));
    });

    test('refuses what cannot be quoted, and nonsense', async () => {
        for (const [code, ...args] of [[64], [64, 'supabase', 'more'],
            [65, 'supabase', '--table', ''],
            [65, 'supabase', '--table', 'a'.repeat(64)],
            [65, 'supabase', '--table', 'a\nb'],
            [65, 'supabase', '--key', '$postern$'],
            [65, 'supabase', '--url', 'https://x/$postern$'],
            [65, 'supabase', '--url', 'https://x/ y']]) {
            const done = await postern(['source', 'sql', '--unchecked',
                ...args]);
            assert.equal(done.code, code, `${args}: ${done.stderr}`);
            assert.equal(done.stdout, '');
        }
    });
});
