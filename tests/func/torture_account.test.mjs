// torture_account.test.mjs - the accounting of `make torture` can fail: each
// thing that must not happen is reported, and nothing else is.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { account, DELIVER, PROCESS } from '../torture/account.mjs';
import { Changes } from '../torture/changes.mjs';
import { Random } from '../torture/random.mjs';
import { Markers } from '../torture/markers.mjs';
import { difference, recount } from '../torture/recount.mjs';

const subscriptions = [
    { id: 1, name: 'all', patterns: ['*'], ends: () => 'success' },
    { id: 2, name: 'fifo', patterns: ['torture.fifo'], ordering: 'fifo',
        ends: () => 'success' },
    { id: 3, name: 'doomed', patterns: ['torture.doomed'],
        ends: () => 'failed' },
];

function entry(n, fields = {}) {
    return { n, request: n, index: 0, via: 'trigger', type: 'torture.plain',
        state: 'acknowledged', id: null, event: `${100 + n}`, key: null,
        sentAt: 1000 * n, answeredAt: 1000 * n + 10, ...fields };
}

// What a faultless round with these entries leaves behind.
function whole(...entries) {
    const facts = { entries: new Map(entries.map((one) => [one.n, one])),
        subscriptions, events: [], deliveries: [], attempts: [], jobs: [],
        arrivals: [], faults: [], nothing: {
            rejected: { known: 4, unknown: 1 },
            repeated: { known: 3, unknown: 0 } } };
    for (const one of entries) {
        const id = `${100 + one.n}`;
        facts.events.push({ id, n: one.n, type: one.type,
            externalId: one.id });
        if (one.type.startsWith('supabase.'))
            facts.deliveries.push({ id: `${id}9`, kind: PROCESS, owner: 1,
                event: id, status: 'success', attempts: 1, ms: 1 });
        for (const { id: owner, name, patterns, ends } of subscriptions) {
            if (!patterns.includes('*') && !patterns.includes(one.type))
                continue;
            const delivery = `${id}${owner}`;
            const failed = ends() === 'failed';
            facts.deliveries.push({ id: delivery, kind: DELIVER, owner,
                event: id, status: ends(), attempts: 1, ms: 7 });
            facts.arrivals.push({ n: one.n, subscription: name, event: id,
                delivery, attempt: 1, at: one.answeredAt + 5,
                status: failed ? 500 : 200, dropped: false,
                answeredAt: one.answeredAt + 6 });
        }
    }
    return facts;
}

// What is reported, without repetitions.
function found(facts) {
    return [...new Set(account(facts).violations.map(({ what }) => what))];
}

// The same arrival once more, that much later.
function again(facts, i, ms, more = {}) {
    const first = facts.arrivals[i];
    facts.arrivals.push({ ...first, at: first.at + ms,
        answeredAt: first.answeredAt + ms, ...more });
}

test('nothing is reported where nothing is wrong', () => {
    const facts = whole(entry(1), entry(2, { type: 'torture.fifo' }),
        entry(3, { type: 'torture.fifo' }),
        entry(4, { type: 'torture.doomed' }),
        entry(5, { type: 'supabase.torture.insert', event: null }),
        entry(6, { id: 'six', state: 'unknown', event: null }));
    assert.deepEqual(account(facts).violations, []);
    assert.equal(account(facts).counts.unknownStored, 1);
});

describe('storing', () => {
    test('an acknowledged event that is not there is lost', () => {
        const facts = whole(entry(1), entry(2));
        facts.events.splice(0, 1);
        facts.deliveries.splice(0, 1);
        facts.arrivals.splice(0, 1);
        assert.deepEqual(found(facts), ['lost']);
    });

    test('an event stored twice', () => {
        const facts = whole(entry(1));
        const twin = whole(entry(1));
        twin.events[0].id = twin.deliveries[0].event = '999';
        facts.events.push(...twin.events);
        assert.ok(found(facts).includes('stored twice'));
    });

    test('one id, two events', () => {
        const facts = whole(entry(1, { id: 'same' }), entry(2, { id: 'same' }));
        assert.deepEqual(found(facts), ['one id, two events']);
    });

    test('a row that the application has taken back', () => {
        const facts = whole(entry(1, { state: 'rolled_back', event: null }));
        assert.deepEqual(found(facts),
            ['stored, though never sent whole or taken back']);
    });

    test('an array of which only a part is there', () => {
        const facts = whole(entry(1, { state: 'unknown', request: 7 }));
        facts.entries.set(2, entry(2, { state: 'unknown', request: 7 }));
        assert.deepEqual(found(facts), ['request stored in part']);
    });

    test('an event that nobody sent', () => {
        const facts = whole(entry(1));
        facts.entries.delete(1);
        assert.deepEqual(found(facts), ['stored, though nobody sent it']);
    });

    test('refused and stored: only where an answer can have been lost', () => {
        const facts = whole(entry(1, { state: 'refused', event: null }));
        assert.deepEqual(found(facts), ['refused, yet stored']);
        facts.faults = [{ name: 'f', began: 500, ended: 1005, repeats: false,
            loses: true }];
        assert.deepEqual(found(facts), []);
        assert.equal(account(facts).counts.refusedStored, 1);
    });

    test('acknowledged as another event than the one that is there', () => {
        const facts = whole(entry(1, { event: '4711' }));
        assert.deepEqual(found(facts), ['acknowledged as another event']);
    });
});

describe('delivering', () => {
    test('a subscription that got nothing', () => {
        const facts = whole(entry(1));
        facts.deliveries = [];
        facts.arrivals = [];
        assert.deepEqual(found(facts), ['not delivered']);
    });

    test('two deliveries of one event to one subscription', () => {
        const facts = whole(entry(1));
        facts.deliveries.push({ ...facts.deliveries[0], id: '77' });
        assert.deepEqual(found(facts), ['two deliveries']);
    });

    test('a success of which the receiver knows nothing', () => {
        const facts = whole(entry(1));
        facts.arrivals[0].status = 500;
        assert.deepEqual(found(facts), ['recorded, but never received']);
    });

    test('a failure where there should be none', () => {
        const facts = whole(entry(1));
        facts.deliveries[0].status = 'failed';
        assert.deepEqual(found(facts), ['ended differently']);
    });

    test('an event that was delivered and is not stored', () => {
        const facts = whole(entry(1, { state: 'unknown', event: null }));
        facts.events = [];
        facts.deliveries = [];
        assert.deepEqual(found(facts), ['delivered, but not stored']);
    });

    test('a delivery that comes when its round was accounted for', () => {
        const facts = whole(entry(1));
        again(facts, 0, 5, { n: 0 });
        assert.deepEqual(found(facts), ['delivered again after its round']);
    });

    test('a job that is still there', () => {
        const facts = whole(entry(1));
        facts.jobs = ['job 5'];
        assert.deepEqual(found(facts), ['stuck']);
    });

    test('a webhook that was not processed', () => {
        const facts = whole(entry(1, { type: 'supabase.torture.insert' }));
        facts.deliveries = facts.deliveries.filter((row) =>
            row.kind !== PROCESS);
        assert.deepEqual(found(facts), ['processed wrongly']);
    });

    test('attempts that are missing, or belong to nothing', () => {
        const facts = whole(entry(1));
        facts.deliveries[0].attempts = 2;
        assert.deepEqual(found(facts), ['attempts do not add up']);
        facts.deliveries[0].attempts = 1;
        facts.attempts = [{ delivery: '5', attempt: 1, owner: 1,
            kind: DELIVER, ms: 1 }];
        assert.deepEqual(found(facts), ['attempts without a delivery']);
    });
});

describe('repeats', () => {
    const fault = { name: 'worker kill -9', began: 2000, ended: 2000,
        repeats: true, loses: false, holds: false };

    test('one without a fault is a violation', () => {
        const facts = whole(entry(1));
        again(facts, 0, 6000);
        assert.deepEqual(found(facts), ['unexplained repeat']);
    });

    test('one around a fault is explained by it', () => {
        const facts = whole(entry(1));
        again(facts, 0, 6000);
        facts.faults = [fault];
        assert.deepEqual(found(facts), []);
        assert.deepEqual(account(facts).repeats.map(({ cause }) => cause),
            ['worker kill -9']);
    });

    test('a fault before, after or of another kind explains nothing', () => {
        for (const other of [{ ...fault, began: 9000, ended: 9000 },
            { ...fault, began: -900, ended: -800 },
            { ...fault, repeats: false }]) {
            const facts = whole(entry(1));
            again(facts, 0, 6000);
            facts.faults = [other];
            assert.deepEqual(found(facts), ['unexplained repeat']);
        }
    });

    test('what was answered long before a crash had been written', () => {
        const facts = whole(entry(1));
        again(facts, 0, 6000);
        facts.faults = [{ ...fault, began: 4000, ended: 4000 }];
        assert.deepEqual(found(facts), ['unexplained repeat']);
    });

    test('unless the database has failed since', () => {
        const late = { ...fault, began: 6000, ended: 6000 };
        const holding = [[1200, 1300], [1200, 3500], [3000, 5500]].map(
            ([began, ended]) => ({ name: '1205 lock wait', began, ended,
                repeats: false, loses: false, holds: true }));
        for (const [faults, want] of [
            [[late, ...holding], []],
            [[late, holding[1]], []],
            [[late, holding[0]], ['unexplained repeat']],
            [[late, holding[2]], ['unexplained repeat']]]) {
            const facts = whole(entry(1));
            again(facts, 0, 6000);
            facts.faults = faults;
            assert.deepEqual(found(facts), want);
        }
    });

    test('a retry is none', () => {
        const facts = whole(entry(1));
        facts.arrivals[0].status = 500;
        again(facts, 0, 2000, { attempt: 2, status: 200 });
        facts.deliveries[0].attempts = 2;
        facts.attempts = [{ delivery: '1011', attempt: 1, owner: 1,
            kind: DELIVER, ms: 1 }];
        assert.deepEqual(found(facts), []);
        assert.deepEqual(account(facts).repeats, []);
    });

    test('an attempt that comes again after it failed is one', () => {
        const facts = whole(entry(1));
        facts.arrivals[0].status = 500;
        again(facts, 0, 2000, { status: 200 });
        assert.deepEqual(found(facts), ['unexplained repeat']);
    });

    test('under another id it is no repeat but wrong', () => {
        const facts = whole(entry(1));
        again(facts, 0, 6000, { delivery: '5' });
        facts.faults = [fault];
        assert.deepEqual(found(facts), ['received under another id']);
    });
});

describe('order', () => {
    const fifo = (n, more) => entry(n, { type: 'torture.fifo', ...more });
    const arrivalAt = (facts, n) => facts.arrivals.find((one) =>
        one.n === n && one.subscription === 'fifo');

    test('a later one that comes first', () => {
        const facts = whole(fifo(1), fifo(2));
        arrivalAt(facts, 1).at = 9000;
        arrivalAt(facts, 1).answeredAt = 9001;
        assert.deepEqual(found(facts), ['out of order']);
    });

    test('a later one that comes while the first is not taken yet', () => {
        const facts = whole(fifo(1), fifo(2));
        arrivalAt(facts, 1).answeredAt = arrivalAt(facts, 2).at + 1;
        assert.deepEqual(found(facts), ['out of order']);
    });

    test('events of one request in the wrong order', () => {
        const facts = whole(fifo(1), fifo(2, { request: 1, index: 1,
            sentAt: 1000, answeredAt: 1010 }));
        arrivalAt(facts, 1).at = 1500;
        arrivalAt(facts, 1).answeredAt = 1501;
        assert.deepEqual(found(facts), ['out of order']);
    });

    test('those that were under way together may come in any order', () => {
        const facts = whole(fifo(1), fifo(2, { sentAt: 1005 }));
        arrivalAt(facts, 1).at = 9000;
        arrivalAt(facts, 1).answeredAt = 9001;
        assert.deepEqual(found(facts), []);
    });

    test('lanes of other keys do not matter', () => {
        const facts = whole(fifo(1), fifo(2, { key: 'other' }));
        arrivalAt(facts, 1).at = 9000;
        arrivalAt(facts, 1).answeredAt = 9001;
        assert.deepEqual(found(facts), []);
    });

    test('one that has failed for good makes way', () => {
        const facts = whole(fifo(1), fifo(2));
        facts.subscriptions = subscriptions.map((one) => one.name !== 'fifo'
            ? one : { ...one, schedule: [],
                ends: (n) => (n === 1 ? 'failed' : 'success') });
        facts.deliveries.find((row) => row.owner === 2 &&
            row.event === '101').status = 'failed';
        arrivalAt(facts, 1).status = 500;
        assert.deepEqual(found(facts), []);
        facts.subscriptions[1].schedule = [1];
        assert.deepEqual(found(facts), ['out of order'], 'not before');
    });

    test('rows of outbox have no order', () => {
        const facts = whole(fifo(1, { via: 'outbox' }), fifo(2));
        arrivalAt(facts, 1).answeredAt = arrivalAt(facts, 2).at + 1;
        assert.deepEqual(found(facts), []);
    });

    test('a lane that was rewound is in order', () => {
        const facts = whole(fifo(1), fifo(2));
        again(facts, facts.arrivals.indexOf(arrivalAt(facts, 1)), 5000);
        facts.faults = [{ name: 'f', began: 2000, ended: 3000, repeats: true,
            loses: false }];
        assert.deepEqual(found(facts), []);
    });
});

describe('counters', () => {
    const buckets = (of) => Object.fromEntries(Array.from({ length: 14 },
        (_, i) => [`b${i}`, of[i] ?? 0]));
    const right = () => ({
        subscriptions: new Map([[1, { successful: 2, failed: 0, attempts: 2,
            attempts_failed: 0, duration_ms: 14, ...buckets({ 1: 2 }) }]]),
        types: new Map([['torture.plain', { successful: 2, failed: 0 }]]),
        sources: new Map(),
        receiving: new Map([[1, { rejected: 4, ignored: 0, repeated: 3,
            mismatched: 0 }]]),
        rejections: new Map([['signature_mismatch', { count: 4 }],
            ['duplicate', { count: 3 }]]),
    });
    const reported = (counters, faults = []) =>
        recount({ ...whole(entry(1), entry(2)), faults }, counters)
            .map(({ what, text }) => `${what} ${text}`);

    test('the right ones are not reported', () => {
        assert.deepEqual(reported(right()), []);
    });

    test('one delivery too many or too few is', () => {
        for (const by of [1, -1]) {
            const counters = right();
            counters.subscriptions.get(1).successful += by;
            counters.types.get('torture.plain').successful += by;
            assert.deepEqual(reported(counters), [
                `rollup_subscriptions all: successful is ${2 + by}, not 2`,
                `rollup_types torture.plain: successful is ${2 + by}, not 2`]);
        }
    });

    test('one in the wrong bucket is', () => {
        const counters = right();
        Object.assign(counters.subscriptions.get(1), buckets({ 1: 1, 3: 1 }));
        assert.deepEqual(reported(counters),
            ['rollup_subscriptions all: up to b1: 1, not 2']);
    });

    test('none at all are', () => {
        const [subscription, type, ...webhooks] = reported({
            subscriptions: new Map(), types: new Map(), sources: new Map(),
            receiving: new Map(), rejections: new Map() })
            .filter((text) => !/ (failed|attempts|duration)|b1:/.test(text));
        assert.deepEqual([subscription, type], [
            'rollup_subscriptions all: successful is undefined, not 2',
            'rollup_types torture.plain: successful is undefined, not 2']);
        assert.deepEqual(webhooks, [
            'rollup_receiving supabase: rejected is 0, not 4 to 5',
            'rejections signature_mismatch is 0, not 4 to 5',
            'rollup_receiving supabase: repeated is 0, not 3 to 3',
            'rejections duplicate is 0, not 3 to 3']);
    });

    // Webhooks that came to nothing, with that many counted.
    function refused(changes) {
        const counters = right();
        Object.assign(counters.receiving.get(1), changes);
        return counters;
    }

    test('a webhook whose sender got no answer may count or not', () => {
        assert.deepEqual(reported(refused({ rejected: 5 })), []);
        assert.deepEqual(reported(refused({ rejected: 6 })),
            ['rollup_receiving supabase: rejected is 6, not 4 to 5']);
    });

    test('one webhook too few is, unless a responder may have lost it', () => {
        const wrong = ['rollup_receiving supabase: repeated is 2, not 3 to 3'];
        const killed = { forgets: true };
        const left = { leaves: true };
        const held = { holds: true };
        for (const [faults, want] of [[[], wrong], [[held], wrong],
            [[left], wrong], [[killed], []], [[left, held], []]])
            assert.deepEqual(reported(refused({ repeated: 2 }), faults), want);
    });

    test('one too many is, whoever was killed', () => {
        assert.deepEqual(reported(refused({ repeated: 4 }),
            [{ forgets: true, holds: true }]),
        ['rollup_receiving supabase: repeated is 4, not 0 to 3']);
    });

    test('one that nobody has sent is', () => {
        assert.deepEqual(reported(refused({ ignored: 1, mismatched: 2 })), [
            'rollup_receiving supabase: ignored is 1, not 0',
            'rollup_receiving supabase: mismatched is 2, not 0']);
    });

    test('a row that is missing is, unless another one says so', () => {
        const counters = right();
        counters.rejections.delete('duplicate');
        assert.deepEqual(reported(counters),
            ['rejections duplicate is 0, not 3 to 3']);
        counters.rejections.set('dropped', { count: 1 });
        assert.deepEqual(reported(counters), []);
        counters.rejections.set('duplicate', { count: 4 });
        assert.deepEqual(reported(counters),
            ['rejections duplicate is 4, not 0 to 3']);
    });

    test('a round counts what it has added', () => {
        assert.deepEqual([...difference(new Map([['a', { x: 3 }]]),
            new Map([['a', { x: 5 }], ['b', { x: 1 }]]))],
        [['a', { x: 2 }], ['b', { x: 1 }]]);
    });
});

describe('a marker', () => {
    // Two responders that write down what they have counted when they are asked
    // for the second time; each: how often they count and note a webhook that
    // is refused, or repeated.
    function markers(each = {}, body = Buffer.from('{}'), status = 200) {
        const { refused, refusedRow, repeated, repeatedRow } = { refused: 1,
            refusedRow: 1, repeated: 1, repeatedRow: 1, ...each };
        const slots = [0, 0];
        const rows = { refused: 0, repeated: 0 };
        let counted = 0;
        let turn = 0;
        let asked = 0;
        const api = { post: async (path) => {
            if (path.endsWith('/notion')) {
                slots[turn++ % 2] += refused;
                rows.refused += refusedRow;
                return { status: 401 };
            }
            counted += repeated;
            rows.repeated += repeatedRow;
            return { status, text: '' };
        } };
        const ledger = { taken: body, nothing: { repeated: { known: 0 } } };
        const made = new Markers({ api: () => api,
            env: { SUPABASE_SECRET: 'secret' }, sql: {
                rows: async () => (asked++ < 2 ? []
                    : slots.map((n, slot) => ({ slot, n: String(n) }))),
                count: async (text) => (text.includes('repeated') ? counted
                    : text.includes('duplicate') ? rows.repeated
                        : asked < 3 ? 0 : rows.refused) } }, ledger, 300);
        return { made, ledger };
    }

    test('is waited for, and what is sent again is counted', async () => {
        const { made, ledger } = markers();
        assert.deepEqual(await made.written(), []);
        assert.equal(ledger.nothing.repeated.known, 10);
    });

    test('that was counted twice, or not, or has no row is reported',
        async () => {
            for (const [each, want] of [
                [{ refused: 2 }, 'rollup_receiving notion, in peace: ' +
                    '20 + 20, not 20'],
                [{ refused: 0 }, 'rollup_receiving notion, in peace: ' +
                    '0, not 20'],
                [{ refusedRow: 0 }, 'rejections notion, in peace: 0, not 20'],
                [{ refusedRow: 2 }, 'rejections notion, in peace: ' +
                    '40, not 20'],
                [{ repeated: 0 }, 'rollup_receiving repeated, in peace: ' +
                    '0, not 10'],
                [{ repeated: 2 }, 'rollup_receiving repeated, in peace: ' +
                    '20, not 10'],
                [{ repeatedRow: 0 }, 'rejections duplicate, in peace: ' +
                    '0, not 10']])
                assert.deepEqual((await markers(each).made.written())
                    .map(({ what, text }) => `${what} ${text}`), [want]);
        });

    test('that is not taken for a repeat is reported', async () => {
        assert.deepEqual((await markers({}, undefined, 202).made.written())
            .map(({ what }) => what), ['wrong answer']);
        assert.deepEqual((await markers({}, null).made.written())
            .map(({ what }) => what), ['nothing to send again']);
    });
});

describe('a change', () => {
    // A gateway that answers with that, and then has that.
    function changesWith(answer, kept) {
        let timeout = 5;
        return new Changes({ api: () => ({
            patch: async (_, body) => {
                if (kept)
                    ({ timeout } = body);
                return { status: answer, json: body, text: '' };
            },
            get: async () => ({ json: { timeout } }),
        }) }, [{ id: 1, name: 'all' }], new Random(1), [0, 0]);
    }

    test('that was acknowledged has to be there', async () => {
        for (const [answer, kept, want] of [
            [200, true, []], [200, false, ['change lost']],
            [503, true, []], [503, false, []],
            [500, false, ['wrong answer']],
            [500, true, ['wrong answer', 'change lost']]]) {
            const changes = changesWith(answer, kept);
            await changes.send();
            assert.equal(changes.acknowledged(), answer === 200 ? 1 : 0);
            assert.deepEqual((await changes.lost()).map(({ what }) => what),
                want);
            assert.deepEqual(await changes.lost(), []);
        }
    });
});
