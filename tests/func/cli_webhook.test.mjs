// cli_webhook.test.mjs - `postern webhook pause`, `resume`, `rotate` and `test`,
// and what `postern status` counts of webhooks.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { closedPort, deliveryId, reached, subscribe, trigger }
    from './lib/gateway.mjs';
import { ID } from './lib/golden.mjs';
import { gate, Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const FAILED = 1;
const USAGE = 64;
const NONE = 66;
const LATER = 75;

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ conf: { test_wait_s: '2', breaker_open_s: '600' } }), Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

async function cli(code, ...args) {
    const done = await stack.cli('webhook', ...args);
    assert.equal(done.code, code,
        `postern webhook ${args.join(' ')}\n${done.stdout}${done.stderr}`);
    return done;
}

async function json(code, ...args) {
    return JSON.parse((await cli(code, ...args, '--json')).stdout);
}

describe('webhook pause and resume', () => {
    test('what is for it waits, and is delivered then', async () => {
        const place = receiver.place('paused');
        const { id } = await subscribe(stack, place.url, ['paused']);
        assert.equal((await json(0, 'pause', String(id))).paused, true);
        const { event_id } = await trigger(stack, 'paused', {});
        // A test goes out although it is paused, so it comes first.
        assert.equal((await json(0, 'test', String(id))).status, 'success');
        const { stdout } = await cli(0, 'resume', String(id));
        assert.match(stdout, /^state {8}active$/m);
        await reached(stack, await deliveryId(stack, event_id), 'success');
        assert.deepEqual(place.requests.map(({ headers }) =>
            headers['x-webhook-event']), ['webhook.test', 'paused']);
    });
});

describe('webhook set', () => {
    test('with nothing to change says so, as its siblings do', async () => {
        const place = receiver.place('unchanged');
        const { id } = await subscribe(stack, place.url, ['unchanged']);
        const done = await cli(USAGE, 'set', String(id));
        assert.match(done.stderr, /changes nothing; .*webhook set --help/);
        assert.equal(done.stdout, '');
        const types = await stack.cli('event-type', 'set', 'un.changed');
        assert.equal(types.code, USAGE);
        assert.match(types.stderr, /changes nothing; .*event-type set --help/);
        await cli(0, 'set', String(id), '--description', '');
    });
});

describe('postern status', () => {
    test('counts those that get nothing', async () => {
        const counts = async () => {
            const { stdout } = await stack.cli('status', '--json');
            const status = JSON.parse(stdout);
            return ['active', 'failing', 'paused', 'disabled']
                .map((word) => status[`webhooks_${word}`]);
        };
        const before_ = await counts();
        const held = await subscribe(stack, receiver.place('held').url,
            ['held']);
        await cli(0, 'pause', String(held.id));
        await subscribe(stack, receiver.place('gone', 410).url, ['gone']);
        const port = await closedPort();
        await subscribe(stack, `http://127.0.0.1:${port}/`, ['dead'],
            { retry_count: 10, retry_delay: 1 });
        await trigger(stack, 'gone', {});
        for (let i = 0; i < 6; i++)
            await trigger(stack, 'dead', { i });
        // Paused ones are active, as far as their owner is concerned.
        const expected = [before_[0] + 2, before_[1] + 1, before_[2] + 1,
            before_[3] + 1];
        await eventually('all are counted', async () =>
            isDeepStrictEqual(await counts(), expected), 20_000);
        const { stdout } = await stack.cli('status');
        assert.match(stdout, new RegExp('^webhooks {6}\\d+ active of \\d+; ' +
            `${expected[1]} failing, ${expected[2]} paused, ` +
            `${expected[3]} disabled$`, 'm'));
    });
});

describe('webhook rotate', () => {
    test('shows a new secret, and both sign until the grace ends',
        async () => {
            const place = receiver.place('rotated');
            const made = await subscribe(stack, place.url, ['rotated']);
            const next = await json(0, 'rotate', String(made.id));
            assert.notEqual(next.secret, made.secret);
            await json(0, 'test', String(made.id));
            const { headers, body } = await place.arrived(1);
            const sign = (secret) => `sha256=${
                createHmac('sha256', secret).update(body).digest('hex')}`;
            assert.equal(headers['x-webhook-signature'], sign(next.secret));
            assert.equal(headers['webhook-signature'].split(' ').length, 2);
        });

    test('with no grace the old one signs no more', async () => {
        const place = receiver.place('at-once');
        const { id } = await subscribe(stack, place.url, ['at-once']);
        const done = await cli(0, 'rotate', String(id), '--grace', '0');
        assert.match(done.stderr, /the old one signs no more/);
        assert.match(done.stdout, /^secret {7}whsec_/m);
        assert.match(done.stderr, /shown only this once/);
        await json(0, 'test', String(id));
        const { headers } = await place.arrived(1);
        assert.equal(headers['webhook-signature'].split(' ').length, 1);
    });

    test('a grace that is none is refused', async () => {
        const { id } = await subscribe(stack, receiver.place('same').url,
            ['same']);
        for (const grace of ['-1', 'day', '2592001', '']) {
            const done = await cli(USAGE, 'rotate', String(id),
                `--grace=${grace}`);
            assert.match(done.stderr, /--grace is a number of seconds/);
        }
    });
});

describe('webhook test', () => {
    test('tells what was answered', async () => {
        const place = receiver.place('tested', { status: 200, body: 'thanks' });
        const { id } = await subscribe(stack, place.url, ['tested']);
        const result = await json(0, 'test', String(id));
        assert.match(result.delivery_id, new RegExp(`^${ID('dlv')}$`));
        assert.equal(result.status, 'success');
        assert.equal(result.response_code, 200);
        assert.equal(result.response_body, 'thanks');
        const sent = JSON.parse((await place.arrived(1)).body);
        assert.equal(sent.data.webhook_id, id);
        const { stdout } = await cli(0, 'test', String(id));
        assert.match(stdout,
            /^status {7}success\ndelivery {5}dlv_\w+\nresponse {5}200\n/);
    });

    test('is exit 1 when it failed, and says why', async () => {
        const { id } = await subscribe(stack,
            `http://127.0.0.1:${await closedPort()}/`, ['refused']);
        const { stdout } = await cli(FAILED, 'test', String(id));
        assert.match(stdout, /^status {7}failed$/m);
        assert.match(stdout, /^error {8}\S/m);
        assert.equal((await json(FAILED, 'test', String(id))).status,
            'failed');
    });

    test('is exit 75 while there is no result', async () => {
        const closed = gate();
        const place = receiver.place('slow', { status: 200,
            hold: closed.promise });
        const { id } = await subscribe(stack, place.url, ['slow']);
        const done = await cli(LATER, 'test', String(id));
        assert.match(done.stdout, /^status {7}pending\ndelivery {5}dlv_/);
        assert.match(done.stderr, /no result after 2 s/);
        closed.open();
    });

    test('is exit 75 while no worker runs', async () => {
        const { id } = await subscribe(stack, receiver.place('alone').url,
            ['alone']);
        await stack.kill('worker', 'SIGTERM');
        try {
            const done = await cli(LATER, 'test', String(id));
            assert.match(done.stderr, /no worker is running/);
            assert.equal(done.stdout, '');
        } finally {
            await stack.restart('worker');
        }
    });

    test('of one that there is not is exit 66', async () => {
        for (const verb of ['test', 'pause', 'resume', 'rotate']) {
            const done = await cli(NONE, verb, '4000000');
            assert.match(done.stderr, /there is no webhook 4000000/);
            await cli(USAGE, verb);
        }
    });
});
