// floor.mjs - nginx with the stack's own configuration in front of a libfcgi
// program that does nothing; with connections that nginx keeps, and without.

import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { eventually } from '../../tests/func/lib/wait.mjs';
import { Server, startNginx, temporaryDir } from './programs.mjs';

const CONNECTIONS = 64; // of the load generator
const PROBE_S = 2;

// libfcgi gives a thread to a connection for as long as it lasts: as many as
// both processes of nginx may keep, and as many again as may be in use.
const MANNERS = {
    closed: { keep: false, threads: 32 },
    kept: { keep: true, threads: 3 * CONNECTIONS },
};

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

// The site of the stack with our own port, files and FastCGI server.
function derive(text, { dir, port, keep }) {
    const kept = keep
        ? `keepalive ${CONNECTIONS}; keepalive_requests 10000;` : '';
    const upstream =
        `upstream floor { server "unix:${dir}/fcgi.sock"; ${kept} }\n`;
    const site = text
        .replaceAll(/^upstream [^}]*\}\n/gm, '')
        .replace(/\blisten [\d.]+:\d+[^;]*;/, `listen 127.0.0.1:${port};`)
        .replaceAll(/"[^"]*\/(log|tmp|run)\/([^"]*)"/g, `"${dir}/$2"`)
        .replaceAll(/^ *fastcgi_keep_conn .*;\n/gm, '')
        .replaceAll(/^( *)fastcgi_pass .*;/gm, '$1fastcgi_pass floor;\n' +
            `$1fastcgi_keep_conn ${keep ? 'on' : 'off'};`);
    return site.includes('fastcgi_pass') ? upstream + site : site;
}

export class Floor {
    static async start(stack, manner) {
        const floor = new Floor();
        const { keep, threads } = MANNERS[manner];
        const port = await freePort();
        floor.manner = manner;
        floor.url = `http://127.0.0.1:${port}`;
        Object.assign(floor, temporaryDir('floor'));
        try {
            for (const name of ['fastcgi_postern.conf', 'site.conf',
                'nginx.conf']) {
                const text = readFileSync(
                    join(stack.dir, 'conf', name), 'utf8');
                writeFileSync(join(floor.dir, name),
                    derive(text, { dir: floor.dir, port, keep }),
                    { mode: 0o644 });
            }
            floor.fcgi = await Server.bench('floor_fcgi',
                { socket: join(floor.dir, 'fcgi.sock'), threads });
            floor.stopWeb = startNginx(floor.dir);
            await eventually('the floor answers', () => answers(port), 10_000);
        } catch (error) {
            await floor.stop();
            throw error;
        }
        return floor;
    }

    // The faster manner, running; what both did goes into the report, if any.
    static async best(gateway, report = null) {
        const floors = [];
        try {
            for (const manner of Object.keys(MANNERS))
                floors.push(await Floor.start(gateway.stack, manner));
            for (const [i, warm] of [true, false, false].entries())
                for (const floor of floors) {
                    const { per_second: rate } = await gateway.inbound(
                        { connections: CONNECTIONS, tag: `floor${i}`,
                            seconds: warm ? 1 : PROBE_S }, floor.url);
                    floor.rate = warm ? 0 : Math.max(floor.rate, rate);
                }
            for (const floor of report === null ? [] : floors)
                report.add(`floor_fcgi_${floor.manner}`, floor.rate,
                    'requests/s');
            floors.sort((a, b) => a.rate - b.rate);
            return floors.pop();
        } finally {
            for (const floor of floors)
                await floor.stop();
        }
    }

    async stop() {
        await this.stopWeb?.();
        await this.fcgi?.stop();
        this.remove();
    }
}
