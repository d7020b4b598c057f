// floor.mjs - nginx with the stack's own configuration in front of a libfcgi
// program that does nothing.

import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync }
    from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../tests/func/lib/wait.mjs';
import { Server } from './programs.mjs';

export async function freePort() {
    const server = net.createServer();
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}

export function answers(port) {
    return new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1');
        socket.on('connect', () => resolve(socket.destroy() && true));
        socket.on('error', () => resolve(false));
    });
}

export class Floor {
    static async start(stack, threads) {
        const floor = new Floor();
        const port = await freePort();
        floor.dir = mkdtempSync(join(tmpdir(), 'postern-floor-'));
        chmodSync(floor.dir, 0o755);
        const socket = join(floor.dir, 'fcgi.sock');
        const conf = join(stack.dir, 'conf');
        const parts = ['fastcgi_postern.conf', 'site.conf', 'nginx.conf'];
        for (const name of parts) {
            const text = readFileSync(join(conf, name), 'utf8')
                .replace(/\blisten [\d.]+:\d+;/, `listen 127.0.0.1:${port};`)
                .replaceAll(/"[^"]*\/(log|tmp|run)\/([^"]*)"/g,
                    `"${floor.dir}/$2"`)
                .replace(/^ *fastcgi_pass .*;/m, `fastcgi_pass "unix:${socket}";`);
            writeFileSync(join(floor.dir, name), text, { mode: 0o644 });
        }
        floor.url = `http://127.0.0.1:${port}`;
        floor.fcgi = await Server.bench('floor_fcgi', { socket, threads });
        floor.web = spawn('nginx', ['-c', join(floor.dir, 'nginx.conf'),
            '-e', join(floor.dir, 'error.log')],
        { stdio: ['ignore', 'ignore', 'inherit'],
            env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
        floor.webEnded = new Promise((resolve) =>
            floor.web.on('exit', resolve));
        try {
            await eventually('the floor answers', () => answers(port), 10_000);
        } catch (error) {
            await floor.stop();
            throw error;
        }
        return floor;
    }

    async stop() {
        this.web.kill('SIGTERM');
        await this.webEnded;
        await this.fcgi.stop();
        rmSync(this.dir, { recursive: true, force: true });
    }
}
