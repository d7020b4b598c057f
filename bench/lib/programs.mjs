// programs.mjs - the benchmark's C programs: one that runs to its end and says
// what it found, and servers that run until they are stopped. Nothing of it
// survives this process.

import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, run } from '../../tests/func/lib/stack.mjs';
import { request } from '../../tests/func/lib/http.mjs';

function flagsOf(options) {
    return Object.entries(options).flatMap(([name, value]) =>
        [`--${name}`, String(value)]);
}

// Runs a program of bench/ and reads the JSON it prints.
export async function measure(name, options) {
    const done = await run(join(build, 'bench', name), flagsOf(options),
        { timeout: 1_800_000 });
    if (done.code !== 0)
        throw new Error(`${name}: exit ${done.code} ${done.signal ?? ''}\n` +
            done.stderr + done.stdout);
    return { ...JSON.parse(done.stdout), said: done.stderr };
}

const leavings = new Set(); // what is to be done at the end in any case

process.on('exit', () => {
    for (const clean of leavings)
        clean();
});

// A directory that servers of other users may enter, and what removes it.
export function temporaryDir(name) {
    const dir = mkdtempSync(join(tmpdir(), `postern-${name}-`));
    const remove = () => {
        leavings.delete(remove);
        rmSync(dir, { recursive: true, force: true });
    };
    leavings.add(remove);
    chmodSync(dir, 0o755);
    return { dir, remove };
}

// nginx with DIR/nginx.conf; what ends it.
export function startNginx(dir) {
    const child = spawn('nginx', ['-c', join(dir, 'nginx.conf'), '-e',
        join(dir, 'error.log')], { stdio: ['ignore', 'ignore', 'inherit'],
        env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
    const kill = () => child.kill('SIGTERM');
    leavings.add(kill);
    const ended = new Promise((resolve) => child.on('exit', resolve));
    return async () => {
        kill();
        await ended;
        leavings.delete(kill);
    };
}

// A server of bench/: ready when it has printed its first line.
export class Server {
    static async start(file, args) {
        const server = new Server();
        server.child = spawn(file, args,
            { stdio: ['pipe', 'pipe', 'inherit'] });
        server.ended = new Promise((resolve) =>
            server.child.on('exit', resolve));
        server.line = await new Promise((resolve, reject) => {
            createInterface({ input: server.child.stdout })
                .once('line', resolve);
            server.child.once('error', reject);
            server.ended.then((code) =>
                reject(new Error(`${file} ended with ${code}`)));
        });
        return server;
    }

    static bench(name, options) {
        return Server.start(join(build, 'bench', name), flagsOf(options));
    }

    async stop() {
        this.child.kill('SIGTERM');
        await this.ended;
    }
}

// Where deliveries go.
export class Sink {
    static async start() {
        const sink = new Sink();
        sink.server = await Server.bench('sink', {});
        sink.url = `http://127.0.0.1:${Number(sink.server.line)}`;
        return sink;
    }

    async ask(path) {
        return (await request(this.url, 'GET', path)).json;
    }

    reset() {
        return this.ask('/_reset');
    }

    stats() {
        return this.ask('/_stats');
    }

    paths() {
        return this.ask('/_paths');
    }

    stop() {
        return this.server.stop();
    }
}
