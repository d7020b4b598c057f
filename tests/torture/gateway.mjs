// gateway.mjs - the gateway that is tortured: MariaDB on a small volume, a
// proxy in front of it, nginx, two responders, three workers.
//
// tools/stack makes it; MariaDB, responders and workers are then taken over,
// so that each of them can be killed and started again by itself. Nothing is
// ever signalled that was not started here.

import { chmodSync, cpSync, existsSync, mkdtempSync, mkdirSync, readFileSync,
    rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { client } from '../func/lib/http.mjs';
import { Sql } from '../func/lib/sql.mjs';
import { alive, build, readEnv, run, tool } from '../func/lib/stack.mjs';
import { eventually, pause } from '../func/lib/wait.mjs';
import { now } from './clock.mjs';
import { Process } from './process.mjs';
import { DatabaseProxy } from './proxy.mjs';
import { Volume } from './volume.mjs';

export const LEASE_S = 5; // the shortest that the settings allow
const LEASE_LOST = /Lost leases to another worker|Leases ran out/;
export const RESPONDERS = 2;
const WORKERS = 3;
const SLOW_DRAIN_MS = 15_000;
const VOLUME_BYTES = 4 * 2 ** 30; // of memory, as far as it is used
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin',
    '/usr/bin', '/sbin', '/bin'].join(':');
const CONF = {
    lease_s: LEASE_S,
    grace_s: 10,
    allow_targets: '127.0.0.0/8',
    // A receiver that is left alone is tried again soon: a round is short.
    breaker_open_s: 1,
    breaker_max_s: 2,
};

async function stackTool(...args) {
    const done = await run(tool, args, { env: process.env, timeout: 180_000 });
    if (done.code !== 0)
        throw new Error(`tools/stack ${args.join(' ')}: exit ${done.code}\n` +
            done.stdout + done.stderr);
}

export class Gateway {
    constructor() {
        this.deaths = []; // processes that ended by themselves, or badly
        this.lossesKnown = new Map(); // by log, those that were told
        this.base = mkdtempSync(join(tmpdir(), 'postern-torture-'));
        chmodSync(this.base, 0o755);
        this.dir = join(this.base, 'stack');
    }

    // Whatever it has started when it fails, stop() ends.
    async start(random) {
        const { dir } = this;
        // Once for its data, which then move onto the small volume.
        await stackTool('start', dir, '--only', 'db');
        await stackTool('stop', dir);
        this.volume = await Volume.under(join(dir, 'db'), VOLUME_BYTES);
        this.proxy = await DatabaseProxy.start(join(this.base, 'db.sock'),
            join(dir, 'run/mariadb.sock'), random.fork('proxy'));
        const conf = { ...CONF, db_socket: this.proxy.path };
        await stackTool('start', dir, '--only', '', '--workers', '0',
            ...Object.entries(conf).flatMap(([name, value]) =>
                ['--conf', `${name}=${value}`]));
        this.env = await readEnv(dir);
        this.sql = new Sql(this.env);
        await this.takeOver();
    }

    get url() {
        return this.env.POSTERN_URL;
    }

    get token() {
        return this.env.POSTERN_ADMIN_TOKEN;
    }

    api() {
        return client(this.url, this.token);
    }

    pidsOfStack(what) {
        return (this.env[`POSTERN_PID_${what}`] ?? '').split(/\s+/)
            .filter(Boolean).map(Number);
    }

    process(name, file, args) {
        const { uid, gid } = statSync(this.dir);
        const owner = process.getuid() === 0 ? { uid, gid } : {};
        const log = join(this.dir, 'log', `${name}.log`);
        const logs = join(this.dir, 'log');
        const made = new Process(name, file, { args, log, owner, env: {
            PATH: SYSTEM_PATH,
            HOME: this.dir, TMPDIR: join(this.dir, 'tmp'), LANG: 'C.UTF-8',
            ASAN_OPTIONS: `log_path=${logs}/asan:detect_leaks=1`,
            UBSAN_OPTIONS: `log_path=${logs}/ubsan:print_stacktrace=1`,
            TSAN_OPTIONS: `log_path=${logs}/tsan:second_deadlock_stack=1`,
        } });
        made.onDeath = (one, how) =>
            this.deaths.push({ name: one.name, how, at: Date.now() });
        return made;
    }

    // Ends what the stack has started, nginx apart, and starts our own.
    async takeOver() {
        const conf = join(this.dir, 'postern.conf');
        this.db = this.process('mariadbd', 'mariadbd',
            [`--defaults-file=${join(this.dir, 'conf/my.cnf')}`]);
        this.responders = Array.from({ length: RESPONDERS }, (_, i) => {
            const socket = join(this.dir, `run/fcgi-${i}.sock`);
            const one = this.process(`responder-${i}`,
                join(build, 'postern.fcgi'), ['-c', conf, '--listen',
                    `unix:${socket}`, '--threads', '16']);
            one.socket = socket;
            return one;
        });
        this.workers = Array.from({ length: WORKERS }, (_, i) =>
            this.process(`worker-${i}`, join(build, 'posternd'), ['-c', conf]));
        const old = ['RESPONDER', 'DB'].flatMap((what) =>
            this.pidsOfStack(what));
        for (const pid of old)
            process.kill(pid, 'SIGTERM');
        await eventually('the stack\'s own processes are gone', () =>
            !old.some(alive), 60_000);
        this.twoResponders();
        await this.heal();
    }

    // nginx shares the requests out between the responders.
    twoResponders() {
        const site = join(this.dir, 'conf/site.conf');
        const text = readFileSync(site, 'utf8');
        const one = /server "?unix:[^;]*;/;
        if (!one.test(text))
            throw new Error(`no upstream server in ${site}`);
        writeFileSync(site, text.replace(one, this.responders.map(
            ({ socket }) => `server "unix:${socket}" max_fails=0;`)
            .join('\n    ')));
        this.reloadWeb();
    }

    reloadWeb() {
        for (const pid of this.pidsOfStack('WEB'))
            process.kill(pid, 'SIGHUP');
    }

    startDatabase() {
        if (!this.db.running)
            this.db.start();
        return eventually('MariaDB answers', async () => {
            if (!this.db.running && !this.volume?.full)
                this.db.start(); // gave up while its disk was full
            return await this.sql.count('SELECT 1') === 1;
        }, 120_000);
    }

    startResponder(one) {
        rmSync(one.socket, { force: true });
        one.start();
    }

    get processes() {
        return [this.db, ...this.responders, ...this.workers];
    }

    // Everything runs again, and says so.
    async heal() {
        await this.volume?.empty();
        this.proxy.rates.clear();
        await this.startDatabase();
        for (const one of this.processes)
            if (one.stopped)
                await one.signal('SIGCONT');
        for (const one of this.responders)
            if (!one.running)
                this.startResponder(one);
        for (const one of this.workers)
            if (!one.running)
                one.start();
        await eventually('the gateway is healthy', async () =>
            (await this.api().get('/health', { timeout: 5000 })).status === 200,
        60_000);
        const pids = this.workers.map((one) => one.pid);
        await eventually('all workers are registered', async () =>
            await this.sql.count('SELECT COUNT(DISTINCT pid) FROM nodes ' +
                "WHERE role = 'worker' AND pid IN (?) AND " +
                'lease_until > UTC_TIMESTAMP(6)', [pids]) === WORKERS, 60_000);
    }

    // Nothing is left to be done: true, or false after `ms`.
    async drained(ms) {
        const end = Date.now() + ms;
        let slow = Date.now() + SLOW_DRAIN_MS;
        let quiet = 0;
        while (Date.now() < end) {
            const left = this.proxy.settled ? await this.left() : 1;
            if (left > 0 && Date.now() > slow) {
                slow += SLOW_DRAIN_MS;
                await this.tellWhatIsLeft(left);
            }
            quiet = left === 0 ? quiet + 1 : 0;
            if (quiet === 3)
                return true;
            await pause(150);
        }
        return false;
    }

    left() {
        return this.sql.count('SELECT (SELECT COUNT(*) FROM jobs) + ' +
            '(SELECT COUNT(*) FROM outbox)');
    }

    async tellWhatIsLeft(left) {
        const lanes = await this.sql.rows('SELECT j.lane, j.kind, j.shard, ' +
            'COUNT(*) jobs, MIN(j.attempts) least, MAX(j.attempts) most, ' +
            'MIN(j.next_retry_at) - UTC_TIMESTAMP(6) due, s.node, ' +
            's.lease_until > UTC_TIMESTAMP(6) owned, l.breaker, ' +
            'l.breaker_until - UTC_TIMESTAMP(6) opens, ' +
            'l.blocked_until - UTC_TIMESTAMP(6) blocked, l.window_size ' +
            'FROM jobs j LEFT JOIN shards s ON s.shard = j.shard ' +
            'LEFT JOIN lane_state l ON l.lane = j.lane ' +
            'GROUP BY j.lane, j.kind');
        console.log(`      after ${SLOW_DRAIN_MS / 1000} s ${left} are left:`);
        for (const lane of lanes.slice(0, 10))
            console.log(`      subscription ${BigInt(lane.lane) >> 32n}: ` +
                JSON.stringify(lane));
    }

    // Asks everybody but the database to leave.
    async leave() {
        await Promise.all([...this.responders, ...this.workers].map((one) =>
            one.signal('SIGTERM')));
    }

    // When workers said, since the last call, that their leases had run out or
    // were others': milliseconds of the one clock. Their logs count seconds.
    leaseLosses() {
        const out = [];
        for (const { options: { log } } of this.workers) {
            const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
            const lines = text.split('\n').filter((line) =>
                LEASE_LOST.test(line));
            const known = this.lossesKnown.get(log) ?? 0;
            this.lossesKnown.set(log, lines.length);
            for (const line of lines.slice(known)) {
                const wall = Date.parse(`${line.slice(0, 19).replace(' ',
                    'T')}Z`);
                out.push(now() - (Date.now() - wall));
            }
        }
        return out;
    }

    // Copies the logs to where they survive.
    keepLogs(dir) {
        const logs = join(this.dir, 'log');
        rmSync(dir, { recursive: true, force: true });
        mkdirSync(dir, { recursive: true });
        if (existsSync(logs))
            cpSync(logs, dir, { recursive: true });
    }

    // Everything ends, and nothing is started any more.
    stop() {
        this.stopped ??= this.end();
        return this.stopped;
    }

    async end() {
        const processes = this.workers === undefined ? [] : this.processes;
        for (const one of processes)
            one.retired = true;
        await this.sql?.close();
        await Promise.all(processes.map((one) =>
            one.signal(one === this.db ? 'SIGTERM' : 'SIGKILL')
                .catch((error) => console.error(error))));
        await this.proxy?.stop();
        await stackTool('stop', this.dir);
        await this.volume?.unmount();
        rmSync(this.base, { recursive: true, force: true });
    }
}
