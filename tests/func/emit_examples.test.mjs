// emit_examples.test.mjs - webhooks from a database: the examples in SQL, PHP
// and Python, triggers on the application's own tables, what its account may
// do, and how an administrator sees the outbox.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bodyTables } from './lib/body_tables.mjs';
import { makeToken, subscribe } from './lib/gateway.mjs';
import { Receiver } from './lib/receiver.mjs';
import { plainEnv, root, run, Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const examples = join(root, 'examples/database');

let stack;
let receiver;
let place;
before(async () => {
    [stack, receiver] = await Promise.all([Stack.start(), Receiver.start()]);
    place = receiver.place('data');
    await subscribe(stack, place.url, ['data.*'], { ordering: 'fifo' });
    await sql('root', readFileSync(join(examples, 'tables.sql')));
    await sql('root', "CREATE USER 'shop'@'localhost'; " +
        "GRANT SELECT, INSERT, UPDATE, DELETE ON shop.* TO 'shop'@'localhost'");
    await grant('shop');
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

// What the client answers to statements of that account.
async function ask(user, text) {
    return run('mariadb', ['--no-defaults', '-S', stack.env.POSTERN_DB_SOCKET,
        '-u', user, '--default-character-set=utf8mb4', '-N',
        stack.env.POSTERN_DB_NAME], { input: text, env: plainEnv() });
}

async function sql(user, text) {
    const done = await ask(user, text);
    assert.equal(done.code, 0, done.stderr);
    return done.stdout;
}

async function grant(...words) {
    const printed = await stack.cli('outbox', 'grant', ...words);
    assert.equal(printed.code, 0, printed.stderr);
    await sql('root', printed.stdout);
    return printed.stdout;
}

// The next n events that the subscriber gets: {type, data}.
let taken = 0;
async function next(n) {
    await place.arrived(taken + n);
    const requests = place.requests.slice(taken, taken + n);
    taken += n;
    return requests.map(({ json }) => ({ type: json.event, data: json.data }));
}

const emptied = () => eventually('the outbox is empty', async () =>
    (await stack.sql.count('SELECT COUNT(*) FROM outbox')) === 0);

// What all examples do: a user is created, changed and deleted.
async function assertLife(change, before, then) {
    const events = await next(3);
    const id = events[0].data.record_id;
    const own = { id, ...before };
    assert.deepEqual(events, [
        { type: 'data.created',
            data: { table: 'users', record_id: id, record: own } },
        { type: 'data.updated', data: { table: 'users', record_id: id,
            old: own, new: { ...own, ...change } } },
        { type: 'data.deleted', data: { table: 'users', record_id: id,
            old: { ...own, ...change, ...then } } },
    ]);
}

describe('the examples', () => {
    test('in plain SQL: created, updated, deleted, with old and new data',
        async () => {
            await sql('shop', readFileSync(join(examples, 'emit.sql')));
            await assertLife({ balance: 112.3 }, { name: 'Zoë',
                email: 'zoe@example.com', balance: 12.3 });
            assert.match(place.requests.at(-1).body.toString(),
                /"balance":112\.30\}/, 'all digits of a decimal');
        });

    test('in PHP with PDO', async () => {
        const done = await run('php', [join(examples, 'emit.php')], {
            env: plainEnv({ DB_DSN: 'mysql:unix_socket=' +
                `${stack.env.POSTERN_DB_SOCKET};dbname=` +
                stack.env.POSTERN_DB_NAME, DB_USER: 'shop' }) });
        assert.equal(done.code, 0, done.stdout + done.stderr);
        await assertLife({ name: 'Zoë Müller 😀' }, { name: 'Zoë',
            email: 'zoe@example.com', balance: '0.00' });
    });

    test('in Python with PyMySQL', async () => {
        const done = await run(await python(), [join(examples, 'emit.py')], {
            env: plainEnv({ DB_SOCKET: stack.env.POSTERN_DB_SOCKET,
                DB_NAME: stack.env.POSTERN_DB_NAME, DB_USER: 'shop' }) });
        assert.equal(done.code, 0, done.stdout + done.stderr);
        await assertLife({ name: 'Zoë Müller 😀' }, { name: 'Zoë',
            email: 'zoe@example.com', balance: '0.00' });
    });

    test('what is rolled back is no event', async () => {
        await sql('shop', 'START TRANSACTION; INSERT INTO outbox ' +
            "(event_type, payload) VALUES ('data.undone', '{}'); ROLLBACK; " +
            "INSERT INTO outbox (event_type, payload) VALUES ('data.done', " +
            "'{}')");
        assert.deepEqual(await next(1), [{ type: 'data.done', data: {} }]);
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM events ' +
            "WHERE type = 'data.undone'"), 0);
    });
});

// A Python that has PyMySQL: Debian's, if the first one found is another.
async function python() {
    for (const program of ['python3', '/usr/bin/python3']) {
        const done = await run(program, ['-c', 'import pymysql'],
            { env: process.env });
        if (done.code === 0)
            return program;
    }
    throw new Error('no python3 has PyMySQL: tools/deps installs it');
}

describe('triggers on tables of the application', () => {
    before(() => sql('root', readFileSync(join(examples, 'triggers.sql'))));
    after(() => sql('root', 'DROP TRIGGER shop.users_created; DROP TRIGGER ' +
        'shop.users_updated; DROP TRIGGER shop.users_deleted'));

    test('make an event of every change, whoever makes it', async () => {
        await sql('root', "CREATE USER 'clerk'@'localhost'; GRANT SELECT, " +
            "INSERT, UPDATE, DELETE ON shop.* TO 'clerk'@'localhost'");
        await run('mariadb', ['--no-defaults', '-S',
            stack.env.POSTERN_DB_SOCKET, '-u', 'clerk',
            '--default-character-set=utf8mb4', 'shop'], { env: plainEnv(),
            input: "INSERT INTO users (name, balance) VALUES ('漢字 😀', 5); " +
                'SET @id = LAST_INSERT_ID(); UPDATE users SET balance = 6 ' +
                'WHERE id = @id; DELETE FROM users WHERE id = @id' });
        await assertLife({ balance: 6 }, { name: '漢字 😀', email: null,
            balance: 5 });
    });

    test('one event for each row of a statement', async () => {
        await sql('shop', "INSERT INTO shop.users (name) VALUES ('a'), ('b'), " +
            "('c'); UPDATE shop.users SET name = CONCAT(name, '!') WHERE name " +
            "IN ('a', 'b', 'c') ORDER BY name");
        // In order for each record, by its ordering key.
        const events = await next(6);
        for (const name of ['a', 'b', 'c']) {
            const own = events.filter(({ data }) =>
                (data.record ?? data.old).name === name);
            assert.deepEqual(own.map(({ type }) => type),
                ['data.created', 'data.updated']);
            assert.equal(own[1].data.new.name, `${name}!`);
        }
        await sql('shop', "DELETE FROM shop.users WHERE name LIKE '_!'");
        await next(3);
    });

    test('a statement that fails is no event', async () => {
        const failed = await ask('shop', 'START TRANSACTION; INSERT INTO ' +
            "shop.users (name) VALUES ('fails'); SELECT * FROM nowhere.none; " +
            'COMMIT');
        assert.notEqual(failed.code, 0);
        await emptied();
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM events ' +
            "WHERE payload LIKE '%fails%'"), 0);
    });

    test('texts of a table in another character set arrive as UTF-8',
        async () => {
            await sql('root', 'CREATE TABLE shop.old (name VARCHAR(50)) ' +
                'CHARACTER SET latin1; CREATE TRIGGER shop.old_created AFTER ' +
                'INSERT ON shop.old FOR EACH ROW INSERT INTO postern.outbox ' +
                "(event_type, payload) VALUES ('data.created', CONVERT(" +
                "JSON_OBJECT('name', NEW.name) USING utf8mb4))");
            await sql('shop', "INSERT INTO shop.old VALUES ('Zoë')");
            assert.deepEqual((await next(1))[0].data, { name: 'Zoë' });
        });
});

// What a trigger's fields are called in the table.
const columns = { event: 'event_type', data: 'payload', id: 'external_id' };
const triggerColumns = () => bodyTables()['core/form/trigger_form.c:fields']
    .map(({ name }) => columns[name] ?? name).sort();

describe('a row has', () => {
    test('a column for every field of a trigger', async () => {
        const there = await stack.sql.column('SELECT column_name FROM ' +
            'information_schema.columns WHERE table_name = ? AND ' +
            'table_schema = DATABASE()', ['outbox']);
        assert.deepEqual(there.filter((name) =>
            !['id', 'created_at'].includes(name)).sort(), triggerColumns());
    });

    test('no column that a grant leaves out', async () => {
        for (const words of [['--any-application'],
            ['--application', 'default']]) {
            const { stdout } = await stack.cli('outbox', 'grant', 'a', ...words);
            const list = /(?:INSERT \(|SELECT )([a-z_,\s]+)/.exec(
                stdout.replace(/\nFROM[^]*/, '').replace(/\)[^]*/, ''))[1];
            assert.deepEqual(list.split(',').map((name) => name.trim()).sort(),
                triggerColumns(), stdout);
        }
    });
});

describe('the account of an application', () => {
    const refused = async (user, text) => {
        const done = await ask(user, text);
        assert.equal(done.code, 1, text);
        assert.match(done.stderr, /denied|CHECK OPTION/, text);
    };

    test('may emit, and neither read, change nor delete', async () => {
        for (const text of ['SELECT * FROM outbox', 'DELETE FROM outbox',
            "UPDATE outbox SET event_type = 'x'", 'SELECT * FROM events',
            'SELECT * FROM subscriptions', 'SELECT * FROM rejections',
            "INSERT INTO outbox (id, event_type, payload) VALUES (1, 'a', '{}')",
            "INSERT INTO outbox (event_type, payload, created_at) VALUES ('a'," +
                " '{}', '2020-01-01 00:00:00')"])
            await refused('shop', text);
    });

    test('emits for application default only', async () => {
        await makeToken(stack, 'app', 'other');
        await refused('shop', 'INSERT INTO outbox (application, event_type, ' +
            "payload) VALUES ('other', 'data.stolen', '{}')");
    });

    test('may have any application, if that is what it was given', async () => {
        await sql('root', "CREATE USER 'root2'@'localhost'");
        await grant('root2@localhost', '--any-application');
        await sql('root2', 'INSERT INTO outbox (application, event_type, ' +
            "payload) VALUES ('other', 'any.application', '{}')");
        await emptied();
        assert.equal(await stack.sql.value('SELECT a.name FROM events e JOIN ' +
            'applications a ON a.id = e.application_id WHERE type = ' +
            "'any.application'"), 'other');
    });

    test('may be bound to one application by a view of its own', async () => {
        await sql('root', "CREATE USER 'billing'@'localhost'");
        await makeToken(stack, 'app', 'billing');
        const printed = await grant('billing', '--application', 'billing');
        assert.match(printed, /VIEW `postern`\.`outbox_billing` AS/);
        const into = 'INSERT INTO outbox_billing (application, event_type, ' +
            'payload, metadata, external_id, channels, ordering_key, ' +
            'deliver_at) VALUES ';
        await sql('billing', `${into}('billing', 'view.event', '{"a":1}', ` +
            "'{\"b\":2}', 'view-1', '[\"eu\"]', 'key', NULL)");
        await emptied();
        const event = await stack.sql.one('SELECT e.*, a.name FROM events e ' +
            'JOIN applications a ON a.id = e.application_id WHERE type = ' +
            "'view.event'");
        assert.deepEqual([event.name, String(event.payload),
            String(event.metadata), event.external_id, event.channels,
            event.ordering_key],
        ['billing', '{"a":1}', '{"b":2}', 'view-1', '["eu"]', 'key']);
        await refused('billing', `${into}('other', 'view.stolen', '{}', ` +
            'NULL, NULL, NULL, NULL, NULL)');
        await refused('billing', 'INSERT INTO outbox_billing (event_type, ' +
            "payload) VALUES ('view.default', '{}')");
        await refused('billing', 'SELECT * FROM outbox_billing');
        await refused('billing',
            "INSERT INTO outbox (event_type, payload) VALUES ('a', '{}')");
    });

    test('an application with an unusual name has a view by its number',
        async () => {
            const { application } = await makeToken(stack, 'app',
                "O'Brien `& Söhne`");
            await sql('root', "CREATE USER 'obrien'@'localhost'");
            const printed = await grant('obrien', '--application',
                "O'Brien `& Söhne`");
            assert.ok(printed.includes(`outbox_${application}\``), printed);
            await sql('obrien', `INSERT INTO outbox_${application} ` +
                '(application, event_type, payload) VALUES ' +
                "('O''Brien `& Söhne`', 'unusual.name', '{}')");
            await emptied();
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM events ' +
                "WHERE type = 'unusual.name' AND application_id = ?",
            [application]), 1);
        });

    // [what, words, exit code, what is said]
    const wrong = [
        ['no account', [], 64, /needs a USER\[@HOST\]/],
        ['an account without a user', ['@localhost'], 65, /is no account/],
        ['an account with a backslash', ['a\\b'], 65, /is no account/],
        ['both kinds of grant', ['a', '--application', 'default',
            '--any-application'], 64, /not both/],
        ['an unknown application', ['a', '--application', 'nobody'], 66,
            /there is no application 'nobody'/],
    ];
    for (const [what, words, code, said] of wrong) {
        test(`${what} is refused`, async () => {
            const done = await stack.cli('outbox', 'grant', ...words);
            assert.equal(done.code, code, done.stderr);
            assert.match(done.stderr, said);
            assert.equal(done.stdout, '');
        });
    }

    test('names are quoted', async () => {
        const { stdout } = await stack.cli('outbox', 'grant',
            "o'x; DROP TABLE events@%");
        assert.match(stdout, /TO 'o''x; DROP TABLE events'@'%';\n$/);
    });
});

describe('looking at the outbox', () => {
    // A connection of their own holds the rows back.
    async function held(rows, look) {
        await stack.kill('worker', 'SIGTERM');
        try {
            await stack.sql.rows('INSERT INTO outbox (event_type, payload, ' +
                'external_id, deliver_at, created_at) VALUES ?', [rows]);
            await look();
        } finally {
            await stack.restart('worker');
            await emptied();
        }
    }

    test('an empty one is well', async () => {
        await emptied();
        const status = await stack.cli('outbox', 'status', '--json');
        assert.equal(status.code, 0, status.stderr);
        const seen = JSON.parse(status.stdout);
        assert.deepEqual([seen.status, seen.waiting, seen.oldest_at,
            seen.worker_alive], ['healthy', 0, null, true]);
        const list = await stack.cli('outbox', 'list');
        assert.equal(list.code, 0);
        assert.match(list.stdout + list.stderr, /nothing waits/);
    });

    test('what waits for a worker is listed, and the status says so',
        async () => {
            const old = new Date(Date.now() - 120_000).toISOString()
                .replace('T', ' ').replace('Z', '');
            await held([['look.one', '{"a":1}', 'look-1', null, old],
                ['look.two', '{}', null, '2027-01-02 03:04:05', old]],
            async () => {
                await eventually('the lease has run out', async () =>
                    JSON.parse((await stack.cli('outbox', 'status', '--json'))
                        .stdout).worker_alive === false, 90_000);
                const status = await stack.cli('outbox', 'status');
                assert.equal(status.code, 1);
                assert.match(status.stdout, /^waiting +2, the first since 20/m);
                assert.match(status.stdout, /none: start posternd/);
                const lines = (await stack.cli('outbox', 'list', '--json'))
                    .stdout.trim().split('\n').map(JSON.parse);
                assert.deepEqual(lines.map((line) => [line.application,
                    line.event_type, line.external_id, line.bytes,
                    line.deliver_at]), [
                    ['default', 'look.one', 'look-1', 7, null],
                    ['default', 'look.two', null, 2, '2027-01-02T03:04:05Z']]);
                const one = await stack.cli('outbox', 'list', '--limit', '1',
                    '--json');
                assert.equal(one.stdout.trim().split('\n').length, 1);
            });
        });

    test('refused rows are listed with their reason, apart from requests',
        async () => {
            await sql('shop', 'INSERT INTO outbox (event_type, payload) VALUES ' +
                "('look bad', '{}'), ('look.bad', '[1]'), ('look.bad', '{')");
            await emptied();
            await stack.receive('supabase', '{}', { 'X-Webhook-Signature': 'a' });
            await eventually('the request is noted', async () =>
                (await stack.sql.count('SELECT COUNT(*) FROM rejections WHERE ' +
                    'source_id > 0')) > 0);
            const list = async (...words) => {
                const done = await stack.cli('rejections', 'list', '--json',
                    ...words);
                assert.equal(done.code, 0, done.stderr);
                return done.stdout.split('\n').filter(Boolean).map(JSON.parse);
            };
            const rows = (await list('--outbox')).filter(({ detail }) =>
                /look.bad/.test(detail));
            assert.deepEqual(rows.map(({ reason }) => reason).sort(),
                ['invalid_event_type', 'invalid_payload', 'invalid_payload']);
            assert.ok(rows.every(({ source, status, detail }) =>
                source === null && status === 422 &&
                /^outbox row \d+, /.test(detail)));
            const types = await list('--outbox', '--reason',
                'invalid_event_type');
            assert.ok(types.length >= 1 && types.every(({ reason }) =>
                reason === 'invalid_event_type'));
            const requests = await list('--source', 'supabase');
            assert.ok(requests.length >= 1 && requests.every(({ source }) =>
                source === 'supabase'));
            const all = await list();
            assert.ok(all.length >= rows.length + requests.length);
            assert.equal((await list('--status', '401', '--limit', '1')).length,
                1);
            const table = await stack.cli('rejections', 'list', '--outbox');
            assert.match(table.stdout, /\(outbox\) .*invalid_payload/);
            const status = JSON.parse((await stack.cli('outbox', 'status',
                '--json')).stdout);
            assert.ok(status.refused_24h.invalid_payload >= 2);
        });

    test('wrong words are refused', async () => {
        for (const [words, code] of [
            [['rejections', 'list', '--outbox', '--source', 'x'], 64],
            [['rejections', 'list', '--source', 'nobody'], 66],
            [['rejections', 'list', '--limit', '0'], 64],
            [['outbox', 'list', '--limit', 'many'], 64],
            [['outbox', 'status', 'now'], 64]]) {
            const done = await stack.cli(...words);
            assert.equal(done.code, code, `${words}: ${done.stderr}`);
        }
    });
});
