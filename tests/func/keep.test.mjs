// keep.test.mjs - nginx keeps its connections to the responder: requests are
// neither lost nor doubled when responders come and go, or nginx does.
//
// The socket is held by a process that starts one responder after the other,
// as systemd does, so nothing but a kept connection can fail a request.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { request } from './lib/http.mjs';
import { alive, plainEnv, Stack, start } from './lib/stack.mjs';
import { supabaseRequest, Traffic } from './lib/traffic.mjs';
import { eventually, pause, slow, within } from './lib/wait.mjs';

const RESTARTS = 5;
const EACH = 200; // requests between two of them
const KEEP_MS = 1000; // keepalive_timeout of nginx/postern.conf

let stack;
let holder;
before(async () => {
    stack = await Stack.start({ workers: 0 });
    await stack.kill('responder', 'SIGTERM');
    const socket = join(stack.dir, 'run/fcgi.sock');
    const service = 'exec 3<&0 0</dev/null; while sh -c ' +
        '\'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"\' sh "$@"; do :; done';
    holder = start('spawn-fcgi', ['-n', '-M', '0666', '-b', '1024',
        '-s', socket, '--', '/bin/sh', '-c', service, 'sh',
        stack.program('postern.fcgi'), '-c', stack.env.POSTERN_CONF],
    { env: plainEnv() });
    await eventually('the responder answers', async () =>
        (await request(stack.url, 'GET', '/health/live')).status === 200);
});
after(async () => {
    if (holder && alive(holder.pid)) {
        const pid = responder();
        holder.child.kill('SIGKILL');
        await holder.ended;
        if (pid)
            process.kill(pid, 'SIGTERM');
        await eventually('the responder is gone', () => !pid || !alive(pid));
    }
    await stack?.stop();
});

// The child of the process that holds the socket.
function responder() {
    try {
        return Number(execFileSync('pgrep', ['-P', String(holder.pid)])
            .toString().split('\n')[0]);
    } catch {
        return 0;
    }
}

async function replaceResponder() {
    const old = responder();
    assert.notEqual(old, 0, 'a responder runs');
    process.kill(old, 'SIGTERM');
    await eventually('another responder runs', () => {
        const now = responder();
        return now !== 0 && now !== old;
    }, 20_000);
}

function sender(tag) {
    return (n) => supabaseRequest(stack.env.SUPABASE_SECRET, 'keep',
        `${tag}-${n}`);
}

// Every request was acknowledged and is stored once.
async function assertComplete(traffic, tag) {
    assert.deepEqual(traffic.others, []);
    assert.deepEqual(traffic.refused, []);
    assert.equal(traffic.acknowledged.length, traffic.next);
    const rows = await stack.sql.rows("SELECT JSON_VALUE(metadata, " +
        "'$.record_id') AS id, COUNT(*) AS n FROM events WHERE " +
        "JSON_VALUE(metadata, '$.record_id') LIKE ? GROUP BY 1", [`${tag}-%`]);
    assert.equal(rows.length, traffic.next);
    for (const row of rows)
        assert.equal(Number(row.n), 1, `${row.id} is stored once`);
}

test('responders are replaced under load: no request is lost or doubled',
    { timeout: slow(120_000) }, async () => {
        const traffic = new Traffic(stack, 32, sender('busy'));
        for (let i = 1; i <= RESTARTS; i++) {
            await traffic.until('traffic goes on',
                (t) => t.acknowledged.length >= i * EACH);
            await replaceResponder();
        }
        await traffic.until('traffic goes on',
            (t) => t.acknowledged.length >= (RESTARTS + 1) * EACH);
        await traffic.stop();
        await assertComplete(traffic, 'busy');
    });

test('responders are replaced while little happens',
    { timeout: slow(120_000) }, async () => {
        const make = sender('quiet');
        const traffic = { next: 0, acknowledged: [], refused: [], others: [] };
        let running = true;
        // One request at a time, on connections of their own: each finds kept
        // connections of several ages.
        const loop = (async () => {
            while (running) {
                const one = make(traffic.next++);
                const answer = await request(stack.url, 'POST', one.path,
                    { body: one.body, headers: one.headers, timeout: 30_000 });
                if (answer.status === 202)
                    traffic.acknowledged.push(one.id);
                else
                    traffic.others.push(`${answer.status} ${answer.text}`);
                await pause(traffic.next % 7);
            }
        })();
        for (let i = 0; i < RESTARTS; i++) {
            await replaceResponder();
            await eventually('the new one answers', async () =>
                (await request(stack.url, 'GET', '/health/live')).status ===
                200);
        }
        running = false;
        await within(loop, 30_000, 'the last answer');
        await assertComplete(traffic, 'quiet');
    });

test('requests just when nginx gives a kept connection up',
    { timeout: slow(60_000) }, async () => {
        const make = sender('edge');
        const traffic = { next: 0, acknowledged: [], refused: [], others: [] };
        const one = async (wait) => {
            const { path, body, headers, id } = make(traffic.next++);
            const first = await request(stack.url, 'POST', path,
                { body, headers });
            traffic.acknowledged.push(...first.status === 202 ? [id] : []);
            await pause(wait);
        };
        // Each pair of requests is about one keepalive_timeout apart.
        await Promise.all(Array.from({ length: 40 }, async (_, i) => {
            for (let round = 0; round < 3; round++)
                await one(KEEP_MS - 10 + i / 2);
        }));
        await assertComplete(traffic, 'edge');
    });

test('nginx reloads under load: no request is lost or doubled',
    { timeout: slow(120_000) }, async () => {
        const traffic = new Traffic(stack, 16, (n) => {
            const one = sender('reload')(n);
            one.headers = { ...one.headers, Connection: 'close' };
            return one;
        });
        for (let i = 1; i <= RESTARTS; i++) {
            await traffic.until('traffic goes on',
                (t) => t.acknowledged.length >= i * EACH);
            for (const pid of stack.pids('web'))
                process.kill(pid, 'SIGHUP');
        }
        await traffic.until('traffic goes on',
            (t) => t.acknowledged.length >= (RESTARTS + 1) * EACH);
        await traffic.stop();
        await assertComplete(traffic, 'reload');
    });

test('a responder that is to stop leaves as soon as nginx lets it', async () => {
    const { status } = await request(stack.url, 'GET', '/health/live');
    assert.equal(status, 200);
    const began = Date.now();
    await replaceResponder();
    assert.ok(Date.now() - began < slow(2 * KEEP_MS + 1000),
        `${Date.now() - began} ms`);
});
