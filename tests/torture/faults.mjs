// faults.mjs - what can go wrong, one row for each kind.
//
// A fault runs against a Gateway and makes everything whole again before it
// returns. What it returns says when it harmed: {began, ended}. `repeats`
// tells whether such a fault may make a delivery come twice: a process died or
// slept with a delivery in its hands, or the database was away for so long
// that leases ran out. `loses`: whether a sender may be refused although its
// event was stored. `holds`: results of deliveries wait meanwhile, because the
// database fails. `forgets`: responders may lose what they have counted and not
// written yet, or never hear whether it was. `leaves`: one ends, and writes it
// down as far as the database lets it.

import { pause } from '../func/lib/wait.mjs';
import { now } from './clock.mjs';
import { LEASE_S } from './gateway.mjs';
import { KINDS, LOSSES } from './proxy.mjs';

const STATEMENT_MS = [1500, 4000]; // how long statements are made to fail
const STATEMENT_SHARE = [0.01, 0.1];
const AWAY_MS = [0, 1000];       // how long the database is
const AWAY_LONG_MS = [2500, 7000]; // once in four times
const FULL_MS = [1500, 3500];
// A lease is renewed each third of its time, and given up a little early.
const LEASE_LEFT_MS = LEASE_S * 1000 * 2 / 3 - 300;

const never = () => false;
const ever = () => true;
// The same as without a lease, if it took so long.
const ifLong = ({ began, ended }) => ended - began > LEASE_LEFT_MS;

async function restart(stage, process, signal, start) {
    const began = now();
    await process.signal(signal);
    const ended = now();
    await pause(stage.random.between(0, 1500));
    if (!process.running)
        await start();
    return { began, ended };
}

function ofResponder(signal) {
    return (stage) => {
        const one = stage.random.pick(stage.gateway.responders);
        return stage.alone(one.name, () => restart(stage, one, signal,
            () => stage.gateway.startResponder(one)));
    };
}

function ofWorker(signal) {
    return (stage) => {
        const one = stage.random.pick(stage.gateway.workers);
        return stage.alone(one.name, () =>
            restart(stage, one, signal, () => one.start()));
    };
}

function ofDatabase(signal) {
    return ({ gateway, random, alone }) => alone('mariadbd', async () => {
        const began = now();
        await gateway.db.signal(signal);
        await pause(random.between(...random.chance(0.25) ? AWAY_LONG_MS
            : AWAY_MS));
        await gateway.startDatabase();
        return { began, ended: now() };
    });
}

function sleepingWorker({ gateway, random, alone }) {
    const one = random.pick(gateway.workers);
    return alone(one.name, async () => {
        const began = now();
        await one.signal('SIGSTOP');
        await pause(LEASE_S * 1000 + random.between(1000, 3500));
        await one.signal('SIGCONT');
        // What it still believes it has, it drops now.
        return { began, ended: now() };
    });
}

async function reload({ gateway }) {
    const began = now();
    gateway.reloadWeb();
    return { began, ended: now() };
}

function fullDisk({ gateway, random, alone }) {
    return alone('mariadbd', async () => {
        const began = now();
        await gateway.volume.fill();
        await pause(random.between(...FULL_MS));
        await gateway.volume.empty();
        await gateway.startDatabase(); // it may have given up
        return { began, ended: now() };
    });
}

function everything(stage) {
    const { gateway, alone } = stage;
    const all = gateway.processes;
    const steps = all.reduceRight((inner, one) => () =>
        alone(one.name, inner), async () => {
        const began = now();
        await Promise.all(all.map((one) => one.signal('SIGKILL')));
        await gateway.startDatabase();
        for (const one of gateway.responders)
            gateway.startResponder(one);
        for (const one of gateway.workers)
            one.start();
        return { began, ended: now() };
    });
    return steps();
}

function ofStatements(kind) {
    return async ({ proxy, random }) => {
        const began = now();
        const [low, high] = STATEMENT_SHARE;
        proxy.inject(kind, low + (high - low) * random.number());
        await pause(random.between(...STATEMENT_MS));
        proxy.inject(kind, 0);
        return { began, ended: now() };
    };
}

const statementNames = {
    1213: '1213 deadlock',
    1205: '1205 lock wait',
    2006: '2006 connection gone',
    before: '2013 before the statement',
    after: '2013 answer lost',
    cut: '2013 under way',
    late: '2013, statement comes late',
};

export const faults = [
    { name: 'responder kill -9', run: ofResponder('SIGKILL'),
        repeats: never, forgets: true },
    { name: 'responder SIGTERM', run: ofResponder('SIGTERM'),
        repeats: never, leaves: true },
    { name: 'worker kill -9', run: ofWorker('SIGKILL'), repeats: ever },
    { name: 'worker SIGTERM', run: ofWorker('SIGTERM'), repeats: never },
    { name: 'worker stopped past its lease', run: sleepingWorker,
        repeats: ever },
    { name: 'MariaDB kill -9', run: ofDatabase('SIGKILL'), repeats: ifLong,
        loses: ever, holds: true, forgets: true },
    { name: 'MariaDB SIGTERM', run: ofDatabase('SIGTERM'), repeats: ifLong,
        loses: ever, holds: true, forgets: true },
    { name: 'all kill -9', run: everything, repeats: ever, loses: ever,
        forgets: true },
    { name: 'nginx reload', run: reload, repeats: never },
    { name: 'disk full', run: fullDisk, repeats: ifLong, holds: true,
        forgets: true, needs: 'volume' },
    ...KINDS.map((kind) => ({ name: statementNames[kind], kind,
        run: ofStatements(kind), repeats: never,
        loses: LOSSES.includes(kind) ? ever : never, holds: true,
        forgets: LOSSES.includes(kind) })),
];
