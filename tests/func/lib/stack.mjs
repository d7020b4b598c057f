// stack.mjs - a private stack for one test file, through tools/stack.

import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync,
    statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve as resolvePath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { client, request } from './http.mjs';
import { Sql } from './sql.mjs';
import { signed } from './sign.mjs';
import { eventually, slow } from './wait.mjs';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const tool = join(root, 'tools/stack');
const buildNames = { address: 'build-asan', thread: 'build-tsan' };
// As tools/stack finds the programs.
export const build = resolvePath(root, process.env.POSTERN_BUILD ||
    process.env.BUILD || (buildNames[process.env.SAN] ?? 'build'));

// Runs a program to its end; never rejects for an exit code.
export function run(file, args, options = {}) {
    const { input, env, cwd, timeout = 60_000 } = options;
    return new Promise((resolve, reject) => {
        const child = execFile(file, args, { env, cwd, encoding: 'buffer',
            maxBuffer: 64 << 20, timeout: slow(timeout) },
        (error, stdout, stderr) => {
            if (error && typeof error.code !== 'number' && !error.signal)
                reject(error);
            else
                resolve({
                    code: error ? error.code ?? null : 0,
                    signal: error?.signal ?? null,
                    bytes: stdout,
                    stdout: stdout.toString('utf8'),
                    stderr: stderr.toString('utf8'),
                });
        });
        child.stdin.on('error', () => {});
        child.stdin.end(input ?? '');
    });
}

// The shell assignments of DIR/env, read by a shell.
export async function readEnv(dir) {
    const { stdout } = await run('/bin/sh', ['-c',
        'set -a; . "$1"; env -0', 'sh', join(dir, 'env')], { env: {} });
    const env = {};
    for (const entry of stdout.split('\0')) {
        const at = entry.indexOf('=');
        if (at > 0)
            env[entry.slice(0, at)] = entry.slice(at + 1);
    }
    return env;
}

export class Stack {
    // options: web, threads, workers, conf {name: value}
    static async start(options = {}) {
        const stack = new Stack();
        stack.base = mkdtempSync(join(tmpdir(), 'postern-test-'));
        chmodSync(stack.base, 0o755);
        stack.dir = join(stack.base, 'stack');
        const args = ['start', stack.dir];
        for (const name of ['web', 'threads', 'workers'])
            if (options[name] !== undefined)
                args.push(`--${name}`, String(options[name]));
        // The receivers of these tests listen on loopback.
        const conf = { allow_targets: '127.0.0.0/8', ...options.conf };
        for (const [name, value] of Object.entries(conf))
            args.push('--conf', `${name}=${value}`);
        const started = await run(tool, args, { env: process.env });
        if (started.code !== 0) {
            const said = started.stdout + started.stderr + stack.logs();
            await run(tool, ['stop', stack.dir], { env: process.env });
            rmSync(stack.base, { recursive: true, force: true });
            throw new Error(`tools/stack start: exit ${started.code}\n${said}`);
        }
        stack.env = await readEnv(stack.dir);
        stack.sql = new Sql(stack.env);
        return stack;
    }

    get url() {
        return this.env.POSTERN_URL;
    }

    get token() {
        return this.env.POSTERN_ADMIN_TOKEN;
    }

    // The API as the administrator, or with another token.
    api(token = this.token) {
        return client(this.url, token);
    }

    // A POST to a receiver, signed unless headers say otherwise.
    receive(source, body, headers, options = {}) {
        const bytes = Buffer.isBuffer(body) ? body
            : Buffer.from(typeof body === 'string' ? body
                : JSON.stringify(body));
        const secret = this.env[`${source.toUpperCase()}_SECRET`] ?? 'none';
        return request(this.url, 'POST', `/api/v1/webhooks/${source}`, {
            body: bytes, headers: headers ?? signed(secret, bytes), ...options,
        });
    }

    pids(what) {
        return (this.env[`POSTERN_PID_${what.toUpperCase()}`] ?? '')
            .split(/\s+/).filter(Boolean).map(Number);
    }

    // tools/stack restart; pids and env are read again.
    async restart(what) {
        const done = await run(tool, ['restart', this.dir, what],
            { env: process.env });
        assert.equal(done.code, 0,
            `tools/stack restart ${what}: ${done.stdout}${done.stderr}`);
        this.env = await readEnv(this.dir);
    }

    // Sends a signal and, for a deadly one, waits until the process is gone.
    async kill(what, signal) {
        const pids = this.pids(what);
        assert.notEqual(pids.length, 0, `no pid of ${what}`);
        for (const pid of pids)
            process.kill(pid, signal);
        if (signal !== 'SIGSTOP' && signal !== 'SIGCONT' && signal !== 'SIGHUP')
            for (const pid of pids)
                await eventually(`${what} ${pid} is gone`, () => !alive(pid),
                    30_000);
    }

    program(name) {
        return join(build, name);
    }

    // `postern -c CONF …`; a last object argument may hold {input}.
    cli(...args) {
        const options = typeof args.at(-1) === 'object' ? args.pop() : {};
        return run(this.program('postern'),
            ['-c', this.env.POSTERN_CONF, ...args],
            { env: plainEnv(), ...options });
    }

    // Names of the log files, and all they say.
    logFiles() {
        const dir = join(this.dir, 'log');
        try {
            return readdirSync(dir).map((name) => join(dir, name))
                .filter((path) => statSync(path).isFile());
        } catch {
            return [];
        }
    }

    logs() {
        return this.logFiles().map((path) => readFileSync(path, 'utf8'))
            .join('');
    }

    // No sanitizer has found anything in this stack's programs.
    assertClean() {
        const reports = this.logFiles().filter((path) =>
            /\/(asan|tsan|ubsan|lsan)\b[^/]*$/.test(path));
        const text = reports.map((path) =>
            `${path}:\n${readFileSync(path, 'utf8').slice(0, 4000)}`);
        assert.deepEqual(text, [], 'sanitizer reports');
        // A log may be larger than a string can be.
        const { stdout: told } = spawnSync('grep', ['-hE',
            '(Address|Thread|Leak)Sanitizer|runtime error:',
            ...this.logFiles(), '/dev/null'], { encoding: 'utf8' });
        assert.equal(told, '', 'sanitizer lines in logs');
    }

    async stop() {
        await this.sql?.close();
        const stopped = await run(tool, ['stop', this.dir],
            { env: process.env });
        assert.equal(stopped.code, 0,
            `tools/stack stop: ${stopped.stdout}${stopped.stderr}`);
        this.assertClean();
        rmSync(this.base, { recursive: true, force: true });
    }

    // Waits until no job is left that is due now or within a minute.
    async drained(ms = 20_000) {
        await eventually('all jobs are done', async () =>
            (await this.sql.count('SELECT COUNT(*) FROM jobs WHERE ' +
                'next_retry_at < NOW(6) + INTERVAL 1 MINUTE')) === 0, ms);
    }
}

export function alive(pid) {
    try {
        process.kill(pid, 0);
    } catch (error) {
        return error.code === 'EPERM';
    }
    // A zombie of somebody else's is gone as far as its work is concerned.
    try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
    } catch {
        return false;
    }
}

const ownNames = new RegExp('^(?:POSTERN_|SUPABASE_|NOTION_|API_SECRET_KEY' +
    '|WEBHOOK_SECRET|VERIFY_WEBHOOK|ENVIRONMENT$|HOST$|PORT$|CONFIDENCE)');

// An environment without any of Postern's own variables.
export function plainEnv(extra = {}) {
    const env = { ...process.env, ...extra };
    for (const name of Object.keys(env))
        if (ownNames.test(name) && !(name in extra))
            delete env[name];
    return env;
}

// A program that runs until the test ends it: {child, pid, output()}.
export function start(file, args, options = {}) {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'],
        ...options });
    const parts = [];
    child.stdout?.on('data', (part) => parts.push(part));
    child.stderr?.on('data', (part) => parts.push(part));
    const ended = new Promise((resolve) =>
        child.on('exit', (code, signal) => resolve({ code, signal })));
    return { child, pid: child.pid, ended,
        output: () => Buffer.concat(parts).toString('utf8') };
}
