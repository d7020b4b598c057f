// main.mjs - runs the rounds; see README.md.

import { join } from 'node:path';
import { build } from '../func/lib/stack.mjs';
import { Changes } from './changes.mjs';
import { Driver } from './driver.mjs';
import { Gateway } from './gateway.mjs';
import { Killer } from './killer.mjs';
import { Ledger } from './ledger.mjs';
import { Markers } from './markers.mjs';
import { outboxMoves, OutboxWriter } from './outbox.mjs';
import { Random } from './random.mjs';
import { markdown, Report } from './report.mjs';
import { Rounds } from './round.mjs';
import { Sink } from './sink.mjs';
import { readLeaks, readLeftovers } from './snapshot.mjs';
import { subscribeAll } from './subscriptions.mjs';

const LOGGED_ROUNDS = 20; // logs of longer runs are kept if they are needed
const BAD_ROUNDS_MAX = 5; // with violations; then it is enough

function numberFrom(name, fallback) {
    const text = process.env[name];
    if (text === undefined || text === '')
        return fallback;
    if (!/^\d+$/.test(text)) {
        console.error(`torture: ${name}=${text}: not a number`);
        process.exit(64);
    }
    return Number(text);
}

let interrupted = false;

// Whatever happens, no gateway stays behind: not after a bug of ours, and not
// when somebody is in a hurry.
function stopWhatever(gateway) {
    async function now(error) {
        console.error(error);
        await gateway.stop().catch((second) => console.error(second));
        process.exit(70);
    }
    process.on('uncaughtException', now);
    for (const signal of ['SIGINT', 'SIGTERM'])
        process.on(signal, () => {
            if (interrupted) {
                now('torture: stops now');
                return;
            }
            interrupted = true;
            console.error('torture: ends after this round; again: now');
        });
}

// Rounds until there were enough, or enough bad ones. Nothing works after a
// round that did not end.
async function runRounds(rounds, count, report) {
    let bad = 0;
    for (let i = 0; i < count && bad < BAD_ROUNDS_MAX && !interrupted; i++) {
        const result = await rounds.run();
        report.round(result);
        bad += result.violations.length > 0 ? 1 : 0;
        if (!result.drained)
            return;
    }
}

// A process whose lease of a node number was answered to nobody took another
// number, and the first stays taken for an hour, as it should. So those whose
// leases are counted are started once more, in peace.
async function finalAccount(rounds, report) {
    const { gateway } = rounds;
    const found = await readLeftovers(gateway.sql);
    await gateway.leave();
    await gateway.heal();
    const pids = gateway.processes.map((one) => one.pid);
    await gateway.leave();
    found.push(...rounds.deaths([]), ...await readLeaks(gateway.sql, pids),
        ...rounds.killer.withoutEffect());
    for (const one of found)
        report.violation('end', one);
    report.show(found);
}

async function torture(gateway, random, report, count) {
    const sink = await Sink.start();
    const subscriptions = await subscribeAll(gateway.api(), sink.base);
    const ledger = new Ledger();
    const driver = new Driver(gateway, ledger, subscriptions,
        random.fork('driver'));
    const markers = new Markers(gateway, ledger);
    const changes = new Changes(gateway, subscriptions,
        random.fork('changes'));
    driver.add(1, changes);
    const killer = new Killer(gateway, random.fork('killer'));
    for (const { name } of killer.missing)
        console.log(`torture: NOT POSSIBLE HERE: ${name}`);
    if (await outboxMoves(gateway))
        driver.add(2, new OutboxWriter(gateway.sql.options, ledger,
            random.fork('outbox')));
    else
        console.log('torture: NOT TESTED: nothing moves rows of outbox');
    try {
        const rounds = new Rounds({ gateway, sink, ledger, driver, killer,
            subscriptions, markers, changes });
        await runRounds(rounds, count, report);
        if (!interrupted)
            await finalAccount(rounds, report);
    } catch (error) {
        report.violation(report.rounds + 1, { what: 'could not go on',
            text: error.stack });
        console.error(error);
    } finally {
        driver.close();
        await sink.stop();
    }
    report.finish({ faults: killer.counts, hits: gateway.proxy.hits,
        errors: gateway.proxy.errors, repeatedIds: driver.repeats,
        interrupted,
        missing: killer.missing.map(({ name }) => name) });
}

async function main() {
    const seed = numberFrom('SEED', Math.floor(Math.random() * 1e9));
    const count = numberFrom('ROUNDS', 20);
    const random = new Random(seed);
    const report = new Report(seed);
    console.log(`torture: ${count} rounds, SEED=${seed}`);
    const gateway = new Gateway();
    stopWhatever(gateway);
    try {
        await gateway.start(random);
        await torture(gateway, random, report, count);
    } finally {
        const bad = report.violations.length > 0;
        if (bad || count <= LOGGED_ROUNDS) {
            const dir = join(build, 'torture-logs');
            gateway.keepLogs(dir);
            console.log(`torture: ${bad ? `SEED=${seed}; ` : ''}logs are in ` +
                dir);
        }
        await gateway.stop();
    }
    process.exit(report.violations.length > 0 || interrupted ? 1 : 0);
}

const words = process.argv.slice(2);
if (words.length === 0) {
    await main();
} else if (words.length === 1 && words[0] === '--markdown') {
    console.log(markdown());
} else {
    console.error('torture: --markdown, or nothing; ROUNDS and SEED come from ' +
        'the environment');
    process.exit(64);
}
