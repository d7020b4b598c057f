// tools.test.mjs - the scripts that build, test and measure: they say what they
// do, refuse what they do not know before they do anything, and leave nothing.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync }
    from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { client } from './lib/http.mjs';
import { Stack, build, plainEnv, readEnv, root, run, start, tool }
    from './lib/stack.mjs';
import { eventually, slow, within } from './lib/wait.mjs';

const script = (name, args, env = {}) => run(join(root, name), args,
    { cwd: root, env: plainEnv(env), timeout: 20_000 });

describe('--help prints what there is', () => {
    for (const [name, says] of [['tests/run', 'tests/run --list'],
        ['tests/torture/run', 'ROUNDS=20'], ['bench/run', '--full'],
        ['tools/run', 'DETACH=1'], ['tools/stack', '--port N'],
        ['tools/fuzz', 'TIME=seconds'], ['tools/lint', '--list'],
        ['tools/deps', 'tools/deps lint']])
        test(name, async () => {
            const { code, stdout, stderr } = await script(name, ['--help']);
            assert.equal(code, 0, stdout + stderr);
            assert.ok(stdout.includes(says), stdout);
            assert.doesNotMatch(stdout, /^#|building/m);
            assert.equal(stderr, '');
        });
});

describe('refused before anything is built or started', () => {
    const rows = [
        ['tests/run', ['--nope'], {}, /unknown option --nope/],
        ['tests/run', ['unit/test_nope'], {}, /no test is called unit.test_nope/],
        ['tests/run', ['unit', 'nope'], {}, /no test is called nope/],
        ['tests/torture/run', ['--nope'], {}, /--markdown, or nothing/],
        ['tests/torture/run', ['5'], {}, /--markdown, or nothing/],
        ['tests/torture/run', [], { ROUNDS: '0' }, /ROUNDS=0: not a number from 1/],
        ['tests/torture/run', [], { ROUNDS: 'x' }, /ROUNDS=x: not a number from 1/],
        ['tests/torture/run', [], { SEED: '-1' }, /SEED=-1: not a number/],
        ['bench/run', ['--nope'], {}, /unknown option --nope/],
        ['tools/run', ['--nope'], {}, /no arguments/],
        ['tools/run', [], { PORT: '80a' },
            /PORT=80a: not a number from 1 to 65535/],
        ['tools/run', [], { PORT: '99999' },
            /PORT=99999: not a number from 1 to 65535/],
        ['tools/run', [], { PORT: '0' }, /PORT=0: not a number from 1 to 65535/],
        ['tools/stack', ['start', '/nonexistent/x', '--nope'], {},
            /unknown option --nope/, /needs a value/],
        ['tools/fuzz', ['--nope'], {}, /there is no --nope/],
        ['tools/fuzz', ['json'], { TIME: '0' }, /TIME=0: not a number/],
        ['tools/lint', ['--nope'], {}, /there is no check --nope/],
        ['tools/deps', ['--nope'], {}, /usage: tools\/deps/],
    ];
    for (const [name, args, env, says, not] of rows) {
        const settings = Object.entries(env).map((pair) => pair.join('='));
        test([...settings, name, ...args].join(' '), async () => {
            const { code, stdout, stderr } = await script(name, args, env);
            assert.equal(code, 64, stdout + stderr);
            assert.match(stderr, says);
            if (not)
                assert.doesNotMatch(stderr, not);
            assert.doesNotMatch(stdout, /building|rounds/);
        });
    }
});

describe('tools/stack start', () => {
    let dir;
    before(() => {
        dir = mkdtempSync(join(tmpdir(), 'postern-tools-'));
        chmodSync(dir, 0o777);
    });
    after(() => rmSync(dir, { recursive: true, force: true }));
    for (const [args, says] of [
        [['--port'], '--port needs a value'],
        [['--port', '99999'], '--port 99999: not a number from 1 to 65535'],
        [['--port', '80a'], '--port 80a: not a number from 1 to 65535'],
        [['--web', 'x'], '--web x: nginx, apache, apache-proxy or none'],
        [['--workers', 'x'], '--workers x: 0 or more'],
    ])
        test(says, async () => {
            const { code, stderr } = await script('tools/stack',
                ['start', join(dir, 'stack'), ...args]);
            assert.equal(code, 64, stderr);
            assert.equal(stderr, `stack: ${says} (tools/stack --help)\n`);
        });
});

describe('what pages and help say of the targets', () => {
    const makefile = readFileSync(join(root, 'Makefile'), 'utf8');

    test('make help names every target that is for users', async () => {
        const { code, stdout } = await run('make', ['-s', 'help'],
            { cwd: root, env: process.env });
        assert.equal(code, 0);
        const inner = ['all', 'fuzz-programs', 'bench-programs'];
        const targets = /^\.PHONY:((?:.*\\\n)*.*)/m.exec(makefile)[1]
            .split(/[\s\\]+/).filter((word) => word && !inner.includes(word));
        const words = new Set(stdout.split(/[\s,:;]+/));
        assert.deepEqual(targets.filter((name) => !words.has(name)), []);
        const named = [...stdout.matchAll(/^ make ([a-z-]+)/gm)]
            .map((match) => match[1]).filter((word) => word !== 'build');
        assert.deepEqual(named.filter((name) => !targets.includes(name)), []);
        assert.ok(named.length > 10, stdout);
    });

    test('the page counts the fuzzers as they are', () => {
        const count = readdirSync(join(root, 'tests/fuzz'))
            .filter((name) => /^fuzz_.*\.c$/.test(name)).length;
        const page = readFileSync(join(root,
            'docs/explanation/reliability.md'), 'utf8');
        assert.match(page, new RegExp(`make fuzz +all ${count}, a minute`));
    });
});

// Processes that have this text in their command line or environment.
function processesWith(text) {
    return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) &&
        Number(pid) !== process.pid).flatMap((pid) => {
        try {
            const [cmdline, environ] = ['cmdline', 'environ'].map((file) =>
                readFileSync(`/proc/${pid}/${file}`, 'latin1'));
            return (cmdline + environ).includes(text)
                ? [`${pid} ${cmdline.replaceAll('\0', ' ')}`] : [];
        } catch {
            return []; // has ended, or is somebody else's
        }
    });
}

// Resolves to the stack of the test that runs under such a directory, once its
// database has been started.
function databaseUnder(dir) {
    return eventually('a stack is being started', () => {
        const [work] = readdirSync(dir);
        const [base] = readdirSync(join(dir, work, 'tmp'))
            .filter((name) => name.startsWith('postern-test-'));
        const pids = join(dir, work, 'tmp', base, 'stack/pids/db');
        return readFileSync(pids, 'utf8').trim();
    }, 120_000);
}

for (const [signal, code, to] of [['SIGINT', 130, 'its process group'],
    ['SIGTERM', 143, 'itself']])
    test(`tests/run, told ${signal}, ends what it has started before it leaves`,
        { timeout: slow(240_000) }, async () => {
            const dir = mkdtempSync(join(tmpdir(), 'postern-tools-'));
            chmodSync(dir, 0o755);
            try {
                const runner = start(join(root, 'tests/run'),
                    ['func/headers'], { cwd: root, detached: true,
                        env: { ...process.env, TMPDIR: dir, BUILD: build } });
                await databaseUnder(dir);
                process.kill(to === 'itself' ? runner.pid : -runner.pid,
                    signal);
                const ended = await within(runner.ended, 120_000,
                    'tests/run leaves');
                assert.deepEqual(processesWith(dir), [], runner.output());
                assert.equal(ended.code, code, runner.output());
                assert.deepEqual(readdirSync(dir), []);
                assert.doesNotMatch(runner.output(), /cannot remove/);
            } finally {
                rmSync(dir, { recursive: true, force: true });
            }
        });

test('a stack whose token was revoked has another one when it starts again',
    { timeout: slow(120_000) }, async () => {
        const stack = await Stack.start();
        try {
            const old = stack.token;
            assert.equal((await stack.api().get('/api/webhooks')).status, 200);
            const revoked = await run(join(build, 'postern'), ['-c',
                stack.env.POSTERN_CONF, 'token', 'revoke', '1'],
            { env: plainEnv() });
            assert.equal(revoked.code, 0, revoked.stderr);
            const mistyped = await run(tool, ['stop', stack.dir, '--nwo'],
                { env: process.env });
            assert.equal(mistyped.code, 64);
            assert.match(mistyped.stderr, /unknown option --nwo/);
            assert.equal((await stack.api().get('/health')).status, 200);
            await run(tool, ['stop', stack.dir, '--now'], { env: process.env });
            const again = await run(tool, ['start', stack.dir],
                { env: process.env });
            assert.equal(again.code, 0, again.stdout + again.stderr);
            assert.match(again.stdout, /no longer valid; made another/);
            stack.env = await readEnv(stack.dir);
            assert.notEqual(stack.token, old);
            assert.equal((await stack.api().get('/api/webhooks')).status, 200);
            assert.equal((await client(stack.url, old).get('/api/webhooks'))
                .status, 401);
        } finally {
            await stack.stop();
        }
    });
