// start.test.mjs - the first moments of the programs: a signal that comes then,
// and a system that does not give them what they need.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync }
    from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, plainEnv, start } from './lib/stack.mjs';
import { eventually, within } from './lib/wait.mjs';

const program = (name) => join(build, name);

let dir;
before(() => {
    dir = mkdtempSync(join(tmpdir(), 'postern-start-'));
});
after(() => rmSync(dir, { recursive: true, force: true }));

describe('SIGTERM in the first moment', () => {
    // The configuration is a pipe, so that we know where the program is: at
    // its very first work, which ends when we want it to.
    async function stopWhileReading(name, args) {
        const pipe = join(dir, `${name}.conf`);
        execFileSync('mkfifo', [pipe]);
        const started = start(program(name), ['-c', pipe, ...args],
            { env: plainEnv() });
        const writer = await eventually(`${name} reads`, () =>
            openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK));
        started.child.kill('SIGTERM');
        closeSync(writer);
        return { ...await within(started.ended, 20_000, `${name} ends`),
            output: started.output() };
    }

    for (const [name, args] of [['postern.fcgi', ['--listen', '127.0.0.1:0']],
        ['posternd', []]])
        test(`${name} ends with 0 and says nothing`, async () => {
            const { code, signal, output } = await stopWhileReading(name,
                args);
            assert.equal(signal, null, output);
            assert.equal(code, 0, output);
            assert.equal(output, '');
        });
});

// With so few file descriptors a thread of its cannot begin.
test('a responder that cannot start its threads says so and fails',
    async () => {
        const key = join(dir, 'postern.key');
        writeFileSync(key, `${'a1'.repeat(32)}\n`, { mode: 0o600 });
        const conf = join(dir, 'few.conf');
        writeFileSync(conf, `db_socket = ${dir}/none\nkey_file = ${key}\n` +
            'run_dir =\n');
        const said = [];
        for (let files = 5; files < 40; files++) {
            const started = start('prlimit', [`--nofile=${files}:${files}`,
                program('postern.fcgi'), '-c', conf, '--listen',
                `unix:${dir}/few.sock`], { env: plainEnv() });
            await eventually('it begins or ends', () =>
                started.child.exitCode !== null ||
                /takes requests from/.test(started.output()), 20_000);
            // One that has its threads ends with 0 when it is asked to.
            started.child.kill('SIGTERM');
            const { code, signal } = await within(started.ended, 20_000,
                'it ends');
            assert.equal(signal, null, started.output());
            if (code === 0)
                break;
            assert.notEqual(started.output(), '', `${files}: exit ${code}`);
            said.push(started.output());
        }
        assert.ok(said.some((text) => /request thread cannot start|No thread/
            .test(text)), said.join('---\n'));
    });
