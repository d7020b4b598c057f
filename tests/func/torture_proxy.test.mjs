// torture_proxy.test.mjs - the proxy of `make torture` fails statements as
// MariaDB and the network between do it.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { DatabaseProxy } from '../torture/proxy.mjs';
import { Random } from '../torture/random.mjs';
import { nameOf, split } from '../torture/statements.mjs';
import { readEnv, run, tool } from './lib/stack.mjs';
import { Sql } from './lib/sql.mjs';
import { eventually } from './lib/wait.mjs';

let base;
let dir;
let sql; // straight to the server
let proxy;
let options; // of a client of the proxy
before(async () => {
    base = mkdtempSync(join(tmpdir(), 'postern-test-'));
    chmodSync(base, 0o755);
    dir = join(base, 'stack');
    const started = await run(tool, ['start', dir, '--only', 'db'],
        { env: process.env, timeout: 120_000 });
    assert.equal(started.code, 0, started.stderr);
    sql = new Sql(await readEnv(dir));
    await sql.rows('CREATE TABLE t (name VARCHAR(100) PRIMARY KEY)');
    proxy = await DatabaseProxy.start(join(base, 'proxy.sock'),
        sql.options.socketPath, new Random(1));
    options = { ...sql.options, socketPath: proxy.path,
        multipleStatements: true };
});
after(async () => {
    await sql?.close();
    await proxy?.stop();
    await run(tool, ['stop', dir], { env: process.env, timeout: 120_000 });
    rmSync(base, { recursive: true, force: true });
});
beforeEach(() => {
    proxy.choose = () => null;
});

// The next statement that is this text fails in that way.
function failNext(kind, text) {
    proxy.choose = (statements) => {
        const at = statements.findIndex((one) => one.toString() === text);
        if (at < 0)
            return null;
        proxy.choose = () => null;
        return { kind, at };
    };
}

async function client() {
    const connection = await mysql.createConnection(options);
    connection.on('error', () => {});
    return connection;
}

async function errorOf(promise) {
    return promise.then(() => assert.fail('no error'),
        (error) => error.errno > 0 ? error.errno : error.code);
}

async function has(name) {
    return await sql.count('SELECT COUNT(*) FROM t WHERE name = ?',
        [name]) === 1;
}

const insert = (name) => `INSERT INTO t VALUES ('${name}')`;
const LOST = 'PROTOCOL_CONNECTION_LOST';

test('without a fault everything passes: rows, errors, long values',
    async () => {
        const connection = await client();
        const long = 'x'.repeat(300_000);
        const [rows] = await connection.query('SELECT ? a, 2 b UNION ALL ' +
            'SELECT 3, NULL', [long]);
        assert.deepEqual(rows.map((row) => row.b), [2, null]);
        assert.equal(rows[0].a, long);
        assert.equal(await errorOf(connection.query('SELECT nonsense')), 1054);
        const [both] = await connection.query('SELECT 1 a; SELECT 2 b');
        assert.deepEqual(both.map(([row]) => ({ ...row })),
            [{ a: 1 }, { b: 2 }]);
        await connection.ping();
        await connection.end();
    });

describe('one statement', () => {
    async function inTransaction(kind, name) {
        const connection = await client();
        await connection.query('START TRANSACTION');
        await connection.query(insert(name));
        failNext(kind, insert(`${name} 2`));
        return { connection,
            error: await errorOf(connection.query(insert(`${name} 2`))) };
    }

    test('1213: the server has rolled back, the connection lives', async () => {
        const { connection, error } = await inTransaction('1213', 'deadlock');
        assert.equal(error, 1213);
        await connection.query('COMMIT');
        assert.equal(await has('deadlock'), false);
        await connection.end();
    });

    test('1205: the statement has not run, the transaction goes on',
        async () => {
            const { connection, error } = await inTransaction('1205', 'wait');
            assert.equal(error, 1205);
            await connection.query('COMMIT');
            assert.equal(await has('wait'), true);
            assert.equal(await has('wait 2'), false);
            await connection.end();
        });

    test('before: lost, and the transaction with it', async () => {
        const { error } = await inTransaction('before', 'before');
        assert.equal(error, LOST);
        assert.equal(await has('before'), false);
    });

    test('after: a COMMIT whose answer is lost has happened', async () => {
        const connection = await client();
        await connection.query('START TRANSACTION');
        await connection.query(insert('after'));
        failNext('after', 'COMMIT');
        assert.equal(await errorOf(connection.query('COMMIT')), LOST);
        assert.equal(await has('after'), true);
    });

    test('late: a COMMIT that happens after its client has gone', async () => {
        const connection = await client();
        await connection.query('START TRANSACTION');
        await connection.query(insert('late'));
        failNext('late', 'COMMIT');
        assert.equal(await errorOf(connection.query('COMMIT')), LOST);
        assert.equal(proxy.settled, false);
        await eventually('the row is there', () => has('late'));
        await eventually('nothing is under way', () => proxy.settled);
    });

    test('cut: lost for the client', async () => {
        const connection = await client();
        failNext('cut', 'SELECT 5');
        assert.equal(await errorOf(connection.query('SELECT 5')), LOST);
    });

    test('2006: answered, and then nobody is there', async () => {
        const connection = await client();
        failNext('2006', insert('gone'));
        await connection.query(insert('gone'));
        await eventually('the connection is closed', async () =>
            await connection.query('SELECT 1').then(() => false, () => true));
        assert.equal(await has('gone'), true);
    });
});

describe('one of several statements in a packet', () => {
    async function several(kind, name, commit = '') {
        const connection = await client();
        failNext(kind, insert(`${name} 2`));
        const error = await errorOf(connection.query(`BEGIN;${
            insert(`${name} 1`)};${insert(`${name} 2`)};${
            insert(`${name} 3`)}${commit}`));
        return { connection, error };
    }

    test('1205: those before it have run, those after it have not',
        async () => {
            const { connection, error } = await several('1205', 'many wait');
            assert.equal(error, 1205);
            await connection.query('COMMIT');
            assert.deepEqual(await sql.column(
                "SELECT name FROM t WHERE name LIKE 'many wait%'"),
            ['many wait 1']);
            await connection.end();
        });

    test('1213: none has', async () => {
        const { connection, error } = await several('1213', 'many dead');
        assert.equal(error, 1213);
        await connection.query('COMMIT');
        assert.equal(await has('many dead 1'), false);
        await connection.end();
    });

    test('after: the COMMIT behind it was never reached', async () => {
        const { error } = await several('after', 'many lost', ';COMMIT');
        assert.equal(error, LOST);
        assert.equal(await has('many lost 1'), false);
    });

    test('after the last: all are there', async () => {
        const connection = await client();
        failNext('after', 'COMMIT');
        assert.equal(await errorOf(connection.query(
            `BEGIN;${insert('whole')};COMMIT`)), LOST);
        assert.equal(await has('whole'), true);
    });
});

test('statements are cut at semicolons outside of quotes', () => {
    const texts = ["INSERT INTO t VALUES ('a;b\\';\\\\')", 'SELECT ";" `x;`',
        'COMMIT'];
    assert.deepEqual(split(Buffer.from(texts.join(';'))).map(String), texts);
});

test('statements are called by what they do to which table', () => {
    const names = {
        'SELECT 1': 'SELECT',
        COMMIT: 'COMMIT',
        'INSERT INTO jobs (id) VALUES (1)': 'INSERT jobs',
        'UPDATE shards SET x=1': 'UPDATE shards',
        'SET STATEMENT a=0 FOR UPDATE shards SET x=1': 'UPDATE shards',
        'DELETE j FROM (SELECT 1 id UNION ALL SELECT 2) x STRAIGHT_JOIN jobs j':
            'DELETE jobs',
        'SELECT 7 FROM x STRAIGHT_JOIN events e LOCK IN SHARE MODE':
            'SELECT events locking',
    };
    for (const [text, name] of Object.entries(names))
        assert.equal(nameOf(Buffer.from(text)), name);
});
