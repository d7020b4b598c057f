// receive_limits.test.mjs - who may send to a source, how strictly it looks,
// and how much it takes: verify, allow_from, rate limits, queue_size.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertGolden } from './lib/golden.mjs';
import { rawExchange, request } from './lib/http.mjs';
import { known } from './lib/known.mjs';
import { addSource, assertRefused, eventsOf, post } from
    './lib/provider_cases.mjs';
import { fresh, rawRequest } from './lib/receive_cases.mjs';
import { hexSignature, signed } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const SECRET = 'a secret of these tests';

let stack;
before(async () => {
    // The tests say for whom they speak.
    stack = await Stack.start({ web: 'nginx',
        conf: { trusted_proxies: '127.0.0.0/8' } });
});
after(() => stack?.stop());

let serial = 0;

// A source of its own for each case, once the responder knows it: how often it
// looks for changes is limited, and these tests make it look a lot.
async function make(fields = {}) {
    serial += 1;
    const name = `limits-${serial}`;
    await addSource(stack, { name, provider: 'hmac', secret: SECRET,
        ...fields });
    await known(stack, name);
    return name;
}

const bodyFor = (name) => JSON.stringify(fresh({ source: name }));

function send(name, { from, headers, body = bodyFor(name) } = {}) {
    return post(stack, name, { body }, {
        ...(headers ?? signed(SECRET, body)),
        ...(from === undefined ? {} : { 'X-Forwarded-For': from }),
    });
}

const rejections = (name) => stack.sql.rows(
    'SELECT r.* FROM rejections r JOIN sources s ON s.id = r.source_id ' +
    'WHERE s.name = ? ORDER BY r.id', [name]);

const noted = (name, count) => eventually(`${count} rejections of ${name}`,
    async () => {
        const rows = await rejections(name);
        return rows.length >= count ? rows : null;
    });

describe('verify', () => {
    test('"enforce" refuses what is not signed, and says why in the rejections',
        async () => {
            const name = await make();
            await assertRefused(stack, name, () => send(name, { headers: {} }),
                401, /^missing_signature$/);
            const rows = await rejections(name);
            assert.equal(rows.length, 1);
            assert.equal(rows[0].remote_address, '127.0.0.1');
            assert.match(rows[0].detail, /no signature header/);
            const right = await send(name);
            assert.equal(right.status, 202, right.text);
        });

    test('"monitor" takes everything and notes what it would refuse',
        async () => {
            const name = await make({ verify: 'monitor' });
            const cases = [
                [{}, 'missing_signature'],
                [signed('another', 'body'), 'signature_mismatch'],
                [{ 'X-Webhook-Signature': 'nonsense' }, 'malformed_signature'],
            ];
            for (const [headers, reason] of cases) {
                const answer = await send(name, { headers });
                assert.equal(answer.status, 202, `${reason}: ${answer.text}`);
            }
            const rows = await noted(name, cases.length);
            assert.deepEqual(rows.map((row) => [Number(row.status),
                row.reason]), cases.map(([, reason]) => [401, reason]));
            const right = await send(name);
            assert.equal(right.status, 202, right.text);
            const events = await eventsOf(stack, name);
            assert.deepEqual(events.map((event) => Number(event.verified)),
                [0, 0, 0, 1]);
            assert.equal((await rejections(name)).length, cases.length);
        });

    test('"off" does not look, and what comes is not verified', async () => {
        const name = await make({ verify: 'off' });
        for (const headers of [{}, signed('another', 'body'), undefined]) {
            const answer = await send(name, { headers });
            assert.equal(answer.status, 202, answer.text);
        }
        const events = await eventsOf(stack, name);
        assert.deepEqual(events.map((event) => Number(event.verified)),
            [0, 0, 0]);
        assert.deepEqual(await rejections(name), []);
    });

    test('a source that is changed to "off" takes unsigned requests at once',
        async () => {
            const name = await make();
            const refused = await send(name, { headers: {} });
            assert.equal(refused.status, 401, refused.text);
            const changed = await stack.api().patch(`/api/sources/${name}`,
                { verify: 'off' });
            assert.equal(changed.status, 200, changed.text);
            const answer = await send(name, { headers: {} });
            assert.equal(answer.status, 202, answer.text);
        });
});

describe('allow_from', () => {
    test('other addresses are the documented 403', async () => {
        const name = await make({ allow_from: ['192.0.2.0/24',
            '2001:db8::/32'] });
        for (const from of ['192.0.2.1', '192.0.2.255', '2001:db8::7']) {
            const answer = await send(name, { from });
            assert.equal(answer.status, 202, `${from}: ${answer.text}`);
        }
        for (const from of ['192.0.3.1', '2001:db9::7', undefined]) {
            const answer = await assertRefused(stack, name,
                () => send(name, { from }), 403, /^address_not_allowed$/);
            assertGolden(answer.body, 'receive_address_not_allowed');
        }
        const rows = await rejections(name);
        assert.deepEqual(rows.map((row) => row.remote_address),
            ['192.0.3.1', '2001:db9::7', '127.0.0.1']);
    });

    test('it counts where signatures are not looked at, too', async () => {
        const name = await make({ verify: 'off', allow_from: ['192.0.2.7'] });
        const answer = await send(name, { from: '192.0.2.8', headers: {} });
        assert.equal(answer.status, 403, answer.text);
        const right = await send(name, { from: '192.0.2.7', headers: {} });
        assert.equal(right.status, 202, right.text);
    });

    test('"monitor" only notes it, and trusts nothing from there', async () => {
        const name = await make({ verify: 'monitor',
            allow_from: ['192.0.2.7'] });
        const answer = await send(name, { from: '192.0.2.8' });
        assert.equal(answer.status, 202, answer.text);
        const [row] = await noted(name, 1);
        assert.equal(row.reason, 'address_not_allowed');
        assert.equal(Number(row.status), 403);
        const [event] = await eventsOf(stack, name);
        assert.equal(Number(event.verified), 0);
    });

    test('what "monitor" notes has its own detail, whatever else is wrong',
        async () => {
            const name = await make({ verify: 'monitor',
                allow_from: ['192.0.2.7'] });
            const answer = await send(name, { from: '192.0.2.8', headers: {},
                body: '{"event_type": 7, "record_id": "1"}' });
            assert.equal(answer.status, 422, answer.text);
            const rows = await noted(name, 2);
            assert.deepEqual(rows.map((row) => [row.reason, row.detail]), [
                ['address_not_allowed', 'The address is not in allow_from'],
                ['validation_error', 'event_type: str type expected']]);
        });

    test('of two lines X-Forwarded-For the last is the proxy\'s', async () => {
        const name = await make({ allow_from: ['192.0.2.7'] });
        const exchange = (...lines) => {
            const body = bodyFor(name);
            return rawExchange(stack.url, [rawRequest(
                `/api/v1/webhooks/${name}`, [
                    'Content-Type: application/json',
                    `Content-Length: ${Buffer.byteLength(body)}`,
                    `X-Webhook-Signature: ${hexSignature(SECRET, body)}`,
                    ...lines.map((from) => `X-Forwarded-For: ${from}`),
                ], body)]);
        };
        const forged = await exchange('192.0.2.7', '192.0.2.8');
        assert.equal(forged.status, 403, forged.text);
        const right = await exchange('192.0.2.8', '192.0.2.7');
        assert.equal(right.status, 202, right.text);
    });
});

describe('rate limits', () => {
    const statuses = (answers) => answers.map((answer) => answer.status);
    const many = (count, one) =>
        Promise.all(Array.from({ length: count }, one));

    test('an address that sends more than it may is answered 429',
        async () => {
            const name = await make({ address_rate_limit: 5 });
            const answers = await many(30, () =>
                send(name, { from: '192.0.2.1' }));
            const taken = answers.filter((answer) => answer.status === 202);
            const late = answers.filter((answer) => answer.status === 429);
            assert.equal(taken.length + late.length, 30,
                `${statuses(answers)}`);
            // So many at once, and a few more while they were sent.
            assert.ok(taken.length >= 5 && taken.length <= 20,
                `${taken.length} taken`);
            for (const answer of late) {
                assertGolden(answer.body, 'receive_rate_limited');
                assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
            }
            // Others are not among them.
            const other = await send(name, { from: '192.0.2.2' });
            assert.equal(other.status, 202, other.text);
            const rows = await noted(name, late.length);
            assert.ok(rows.every((row) => Number(row.status) === 429 &&
                row.reason === 'address_rate_limited' &&
                row.remote_address === '192.0.2.1'));
            assert.equal((await eventsOf(stack, name)).length,
                taken.length + 1);
        });

    test('a limit that is used up is there again a second later', async () => {
        const name = await make({ address_rate_limit: 2 });
        const answers = await many(10, () => send(name,
            { from: '192.0.2.9' }));
        assert.ok(statuses(answers).includes(429), `${statuses(answers)}`);
        await eventually('it is there again', async () =>
            (await send(name, { from: '192.0.2.9' })).status === 202, 3000);
    });

    test('the limit of a source is for all addresses together', async () => {
        const name = await make({ rate_limit: 5 });
        const answers = await many(30, (_, i) =>
            send(name, { from: `192.0.2.${i + 1}` }));
        const taken = answers.filter((answer) => answer.status === 202);
        assert.ok(taken.length >= 5 && taken.length <= 20,
            `${statuses(answers)}`);
        const rows = await noted(name, 30 - taken.length);
        assert.ok(rows.every((row) => row.reason === 'rate_limited'));
    });

    test('forged requests do not use it up', async () => {
        const name = await make({ rate_limit: 3 });
        const forged = await many(20, () =>
            send(name, { headers: { 'X-Webhook-Signature': '0'.repeat(64) } }));
        assert.deepEqual([...new Set(statuses(forged))], [401]);
        const right = await many(3, () => send(name));
        assert.deepEqual(statuses(right), [202, 202, 202]);
    });

    test('a request that has to wait for the database counts once',
        async () => {
            const name = await make({ address_rate_limit: 4 });
            // Each of these is looked at twice: in an old and a new catalog.
            const forged = await many(4, () => send(name, { from: '192.0.2.3',
                headers: { 'X-Webhook-Signature': '0'.repeat(64) } }));
            assert.deepEqual(statuses(forged), [401, 401, 401, 401]);
        });
});

describe('queue_size', () => {
    let workers;
    const stop = () => {
        workers = stack.pids('worker');
        for (const pid of workers)
            process.kill(pid, 'SIGSTOP');
    };
    const go = () => {
        for (const pid of workers)
            process.kill(pid, 'SIGCONT');
    };

    test('beyond it 503, nothing is dropped, and there is room again',
        { timeout: 60_000 }, async () => {
            const name = await make({ queue_size: 10 });
            stop();
            try {
                for (let i = 0; i < 10; i += 1) {
                    const answer = await send(name);
                    assert.equal(answer.status, 202, answer.text);
                }
                const full = await assertRefused(stack, name,
                    () => send(name), 503, /^queue_full$/);
                assertGolden(full.body, 'receive_overloaded');
                assert.match(full.headers['retry-after'], /^[1-9]\d*$/);
                // The database is asked again, and has the last word: room
                // for one.
                await stack.sql.rows('DELETE FROM jobs WHERE id = (SELECT ' +
                    'id FROM (SELECT MIN(j.id) id FROM jobs j JOIN sources s ' +
                    'ON s.id = j.lane >> 32 WHERE s.name = ?) x)', [name]);
                await eventually('there is room for one', async () =>
                    (await send(name)).status === 202);
                const still = await send(name);
                assert.equal(still.status, 503, still.text);
                // Refusals of another kind come first.
                const forged = await send(name, { headers: {} });
                assert.equal(forged.status, 401, forged.text);
                assert.equal((await eventsOf(stack, name)).length, 11);
            } finally {
                go();
            }
            const answer = await eventually('there is room again',
                async () => {
                    const one = await send(name);
                    return one.status === 202 ? one : null;
                }, 20_000);
            assert.equal(answer.json.status, 'accepted');
        });

    test('many at once never pass it', { timeout: 60_000 }, async () => {
        const name = await make({ queue_size: 25 });
        stop();
        try {
            const answers = await Promise.all(Array.from({ length: 120 }, () =>
                send(name)));
            const taken = answers.filter((answer) => answer.status === 202);
            assert.ok(answers.every((answer) =>
                [202, 503].includes(answer.status)));
            assert.equal((await eventsOf(stack, name)).length, taken.length);
            // A request that finds nothing counted may pass while the first
            // count is under way, beyond the limit it may not. What is being
            // stored during a count counts twice, until the next one.
            assert.ok(taken.length > 0 && taken.length <= 25,
                `${taken.length} were taken`);
            await eventually('there is room for 25', async () => {
                const { length } = await eventsOf(stack, name);
                return length === 25 || (await send(name), false);
            });
            const beyond = await send(name);
            assert.equal(beyond.status, 503, beyond.text);
            assert.equal((await eventsOf(stack, name)).length, 25);
        } finally {
            go();
        }
    });
});

test('what is refused is listed by the API', async () => {
    const name = await make();
    await send(name, { headers: {} });
    await noted(name, 1);
    const answer = await stack.api().get(`/api/sources/${name}/rejections`);
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.text, /missing_signature/);
});

test('without VERIFY_WEBHOOK_SIGNATURES nothing is looked at',
    { timeout: 60_000 }, async () => {
        const open = await Stack.start({ web: 'nginx',
            conf: { verify_webhook_signatures: 'no' } });
        try {
            const body = JSON.stringify(fresh());
            for (const headers of [{}, signed('wrong', body)]) {
                const answer = await request(open.url, 'POST',
                    '/api/v1/webhooks/supabase', { body, headers });
                assert.equal(answer.status, 202, answer.text);
            }
            const rows = await open.sql.rows(
                'SELECT DISTINCT verified FROM events');
            assert.deepEqual(rows.map((row) => Number(row.verified)), [0]);
        } finally {
            await open.stop();
        }
    });
