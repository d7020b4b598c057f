// programs.test.mjs - what the three programs have in common: exit status,
// what they say of a configuration, and where the responder listens.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { plainEnv, run, Stack, start } from './lib/stack.mjs';
import { eventually, within } from './lib/wait.mjs';

const USAGE = 64;
const UNREACHABLE = 69;
const SYSTEM = 71;
const CONFIG = 78;

let stack;
before(async () => {
    stack = await Stack.start();
});
after(() => stack?.stop());

const config = () => ['-c', stack.env.POSTERN_CONF];

function program(name, args, options = {}) {
    return run(stack.program(name), args,
        { env: plainEnv({ HOME: stack.base }), cwd: stack.base, ...options });
}

// A responder on that address, until it takes requests; it does not outlive
// the test.
async function responder(t, where, args, env = {}) {
    const started = start(stack.program('postern.fcgi'), [...config(),
        '--set', 'log_file=', '--listen', where, ...args],
    { env: plainEnv(env) });
    t.after(() => started.child.kill('SIGKILL'));
    await eventually('it takes requests', () =>
        /takes requests from/.test(started.output()), 20_000);
    return started;
}

// A connection that is kept as long as the test runs.
async function keep(t, path) {
    const kept = connect(path);
    t.after(() => kept.destroy());
    await once(kept, 'connect');
    kept.on('error', () => {});
}

async function end(started) {
    started.child.kill('SIGTERM');
    const { code } = await within(started.ended, 20_000, 'it ends');
    assert.equal(code, 0, started.output());
}

describe('a database that lets nobody in', () => {
    const programs = [['postern', ['token', 'list']], ['posternd', ['--once']],
        ['postern.fcgi', ['--listen', '127.0.0.1:0']]];

    for (const [name, args] of programs)
        test(`${name} ends with 69 and names the options to check`,
            async () => {
                for (const set of ['db_user=nobody', 'db_name=nowhere']) {
                    const done = await program(name, [...config(), '--set', set,
                        '--set', 'log_file=', ...args]);
                    assert.equal(done.code, UNREACHABLE, done.stderr);
                    assert.match(done.stderr,
                        /check db_name, db_user and db_password/);
                }
            });
});

describe('where the responder listens', () => {
    test('an address that is none is exit 64, and says what one is',
        async () => {
            for (const where of ['8000', '127.0.0.1:', '127.0.0.1:99999',
                '127.0.0.1:65536', '127.0.0.1:http', '127.0.0.1:-1']) {
                const done = await program('postern.fcgi',
                    [...config(), '--listen', where]);
                assert.equal(done.code, USAGE, `${where}: ${done.stderr}`);
                assert.ok(done.stderr.includes(where), done.stderr);
                assert.match(done.stderr, /port from 1 to 65535/);
            }
            const none = await program('postern.fcgi', config());
            assert.equal(none.code, USAGE, none.stderr);
            assert.match(none.stderr, /--listen/);
        });

    test('an address that is taken is exit 71', async () => {
        const other = createServer();
        await new Promise((resolve) =>
            other.listen(0, '127.0.0.1', resolve));
        const where = `127.0.0.1:${other.address().port}`;
        try {
            const done = await program('postern.fcgi',
                [...config(), '--listen', where]);
            assert.equal(done.code, SYSTEM, done.stderr);
            assert.ok(done.stderr.includes(where), done.stderr);
        } finally {
            other.close();
        }
    });

    test('with port 0 the log names the port there is, and --threads',
        async (t) => {
            const started = await responder(t, '127.0.0.1:0',
                ['--threads', '5']);
            const [, port] = /from 127\.0\.0\.1:(\d+)/.exec(started.output());
            await new Promise((resolve, reject) => {
                const socket = connect(Number(port), '127.0.0.1', () => {
                    socket.destroy();
                    resolve();
                });
                socket.on('error', reject);
            });
            assert.match(started.output(), / threads=5 pollers=\d+\n/);
            await end(started);
        });

    // A kept connection holds up the end for some seconds.
    test('two SIGTERMs end an idle one, which does not speak of requests',
        async (t) => {
            const path = join(stack.base, 'idle.sock');
            const started = await responder(t, `unix:${path}`, []);
            await keep(t, path);
            started.child.kill('SIGTERM');
            await eventually('the stop has begun', () => !existsSync(path));
            await end(started);
            assert.doesNotMatch(started.output(), /WARNING/);
            // Whole: its number is free at once, not when the lease is over.
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM nodes ' +
                'WHERE pid = ? AND token = 0', [started.pid]), 1);
        });

    // What it has to tell the database at its end is not worth db_timeout_s,
    // here the longest there is.
    for (const keeping of [true, false])
        test('two SIGTERMs end it although the database hangs, ' +
            `${keeping ? 'with' : 'without'} a kept connection`, async (t) => {
            const path = join(stack.base, `hangs-${keeping}.sock`);
            // The thread that writes is left, and others are not joined.
            const tsan = process.env.TSAN_OPTIONS ?? '';
            const started = await responder(t, `unix:${path}`,
                ['--set', 'db_timeout_s=300'],
                { TSAN_OPTIONS: `${tsan} report_thread_leaks=0` });
            if (keeping)
                await keep(t, path);
            await stack.kill('db', 'SIGSTOP');
            try {
                started.child.kill('SIGTERM');
                await eventually('the stop has begun', () => !existsSync(path));
                await end(started);
            } finally {
                await stack.kill('db', 'SIGCONT');
            }
        });
});

describe('checking the configuration', () => {
    const checks = [['postern', ['config', 'check']], ['posternd', ['-t']],
        ['postern.fcgi', ['-t']]];
    let dir;
    before(() => {
        dir = join(stack.base, 'check');
        mkdirSync(dir);
        writeFileSync(join(dir, 'postern.conf'), 'threads = 3\n');
    });
    const key = () => `${'a1'.repeat(32)}\n`;

    for (const [name, args] of checks) {
        test(`${name} ends with 78 without a key, and says where it was sought`,
            async () => {
                const done = await program(name,
                    ['-c', 'check/postern.conf', ...args]);
                assert.equal(done.code, CONFIG, done.stderr);
                assert.ok(done.stderr.includes(`${dir}/postern.key`),
                    done.stderr);
                assert.match(done.stderr, /postern init/);
            });

        test(`${name} refuses a key that others may use`, async () => {
            const path = join(dir, 'open.key');
            writeFileSync(path, key(), { mode: 0o644 });
            const done = await program(name, ['-c', 'check/postern.conf',
                '--set', `key_file=${path}`, ...args]);
            assert.equal(done.code, CONFIG, done.stderr);
            assert.match(done.stderr, /chmod 600/);
        });

        test(`${name} names the file that was read, or says there is none`,
            async () => {
                const path = join(dir, 'good.key');
                writeFileSync(path, key(), { mode: 0o600 });
                const set = ['--set', `key_file=${path}`];
                const one = await program(name,
                    ['-c', `${dir}/postern.conf`, ...set, ...args]);
                assert.equal(one.code, 0, one.stderr);
                assert.match(one.stdout + one.stderr,
                    /is good: .*check\/postern\.conf was read\n/);
                const none = await program(name, [...set, ...args]);
                assert.equal(none.code, 0, none.stderr);
                assert.match(none.stdout + none.stderr,
                    /is good: no file was found, .* defaults/);
            });
    }

    test('config check --json has the file too', async () => {
        const done = await program('postern', [...config(), '--json', 'config',
            'check']);
        assert.deepEqual(JSON.parse(done.stdout),
            { ok: true, file: stack.env.POSTERN_CONF });
    });
});

test('what init says is next can be typed as it stands', async () => {
    const args = ['-c', 'an init/postern.conf'];
    const done = await program('postern', [...args, 'init']);
    assert.equal(done.code, 0, done.stderr);
    const [, next] = /^next: (.*)$/m.exec(done.stderr);
    const bin = stack.program('postern').replace(/\/postern$/, '');
    // There is no database to be met with the template.
    const typed = await run('/bin/sh', ['-c', next], { cwd: stack.base,
        env: plainEnv({ HOME: stack.base, POSTERN_DB_SOCKET: '/nonexistent',
            PATH: `${bin}:${process.env.PATH}` }) });
    assert.equal(typed.code, UNREACHABLE, typed.stderr);
    const key = (await program('postern', [...args, 'config', 'show']))
        .stdout;
    assert.ok(key.includes('an init/postern.key'), key);
    assert.match(next, /^postern -c 'an init\/postern\.conf' migrate up$/);
});
