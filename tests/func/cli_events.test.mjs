// cli_events.test.mjs - `postern event list` and `show`: what came in, how it
// was processed, what was delivered; and what a new source still needs.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { reached, subscribe, trigger } from './lib/gateway.mjs';
import { ID, TIME } from './lib/golden.mjs';
import { fresh } from './lib/receive_cases.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const USAGE = 64;
const DATA = 65;
const NONE = 66;

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([Stack.start(), Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

async function cli(code, ...args) {
    const done = await stack.cli(...args);
    assert.equal(done.code, code,
        `postern ${args.join(' ')}\n${done.stdout}${done.stderr}`);
    return done;
}

async function json(...args) {
    const { stdout } = await cli(0, ...args, '--json');
    return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

// Sends one to a source; the event as it is listed once it is processed.
async function receive(source, more) {
    const answer = await stack.receive(source, fresh({ source, ...more }));
    assert.equal(answer.status, 202, answer.text);
    return eventually('it is processed', async () => {
        const [one] = await json('event', 'list', '--source', source,
            '--limit', '1');
        return one?.processing?.completed_at && one;
    });
}

describe('event list', () => {
    test('shows what came in: source, type, processing, deliveries',
        async () => {
            const place = receiver.place('listed');
            await subscribe(stack, place.url, ['supabase.users.*']);
            const one = await receive('supabase', { table_name: 'users',
                event_type: 'update' });
            await place.arrived(1);
            assert.match(one.id, new RegExp(`^${ID('evt')}$`));
            assert.equal(one.source, 'supabase');
            assert.equal(one.event_type, 'supabase.users.update');
            assert.equal(one.verified, true);
            assert.equal(one.processing.status, 'success');
            assert.equal(one.processing.attempts, 1);
            assert.equal(one.processing.waits_for, null);
            assert.match(one.processing.completed_at,
                new RegExp(`^${TIME}$`));
            await eventually('it is delivered', async () => {
                const [now] = await json('event', 'list', '--limit', '1');
                return now.deliveries.success === 1;
            });
            const table = await cli(0, 'event', 'list', '--source',
                'supabase');
            assert.match(table.stdout, /^ID +RECEIVED +SOURCE +TYPE/);
            assert.match(table.stdout, new RegExp(`${one.id} .* supabase +` +
                'supabase\\.users\\.update +success +1 ok, 0 failed'));
        });

    test('shows what was triggered, which is not processed', async () => {
        const { event_id } = await trigger(stack, 'cli.listed', { n: 1 });
        const [one] = await json('event', 'list', '--type', 'cli.listed');
        assert.equal(one.id, event_id);
        assert.equal(one.source, null);
        assert.equal(one.processing, null);
    });

    test('shows what waits, and for what', async () => {
        const workers = stack.pids('worker');
        workers.forEach((pid) => process.kill(pid, 'SIGSTOP'));
        try {
            const answer = await stack.receive('notion',
                fresh({ source: 'notion' }));
            assert.equal(answer.status, 202, answer.text);
            const [one] = await json('event', 'list', '--source', 'notion');
            assert.equal(one.processing.status, 'pending');
            assert.equal(one.processing.waits_for, 'processing');
            assert.equal(one.processing.completed_at, null);
            const { json: asked } = await stack.api()
                .get('/api/events/history?source=notion');
            assert.deepEqual(asked[0], one, 'the API shows the same');
            const table = await cli(0, 'event', 'list');
            assert.match(table.stdout, /pending \(processing\)/);
        } finally {
            workers.forEach((pid) => process.kill(pid, 'SIGCONT'));
        }
    });

    test('is filtered by time, and cut at --limit', async () => {
        await trigger(stack, 'cli.timed', {});
        await trigger(stack, 'cli.timed', {});
        const list = (...args) => json('event', 'list', '--type', 'cli.timed',
            ...args);
        assert.equal((await list()).length, 2);
        assert.equal((await list('--limit', '1')).length, 1);
        assert.equal((await list('--since', '1h')).length, 2);
        assert.equal((await list('--until', '1h')).length, 0);
        assert.equal((await list('--since', '2020-01-01T00:00:00Z',
            '--until', '2020-01-02T00:00:00Z')).length, 0);
        const none = await cli(0, 'event', 'list', '--type', 'no.such');
        assert.equal(none.stdout, '');
        assert.match(none.stderr, /no event matches/);
        for (const args of [['--limit', '0'], ['--limit', 'x'],
            ['--since', 'soon'], ['--since', '5'], ['--until', '']])
            await cli(USAGE, 'event', 'list', ...args);
    });
});

describe('event show', () => {
    test('has the data, how it was processed, and each delivery',
        async () => {
            const place = receiver.place('shown');
            await subscribe(stack, place.url, ['supabase.orders.*']);
            const { id } = await receive('supabase', { table_name: 'orders',
                event_type: 'insert', record_id: 'o-7' });
            await place.arrived(1);
            await reached(stack, (await json('event', 'show', id))[0]
                .deliveries[0].id, 'success');
            const [one] = await json('event', 'show', id);
            assert.equal(one.id, id);
            assert.equal(one.processing.status, 'success');
            assert.equal(one.data.record_id, 'o-7');
            assert.equal(one.deliveries[0].status, 'success');
            const { json: asked } = await stack.api().get(`/api/events/${id}`);
            assert.deepEqual(asked, one, 'the API shows the same');
            const text = await cli(0, 'event', 'show', id);
            assert.match(text.stdout, /processing +success after 1 attempt/);
            assert.match(text.stdout, /o-7/);
            assert.match(text.stdout, /dlv_\S+ +success/);
        });

    test('tells why an event was not applied', async () => {
        await cli(0, 'source', 'add', 'asked', '--provider', 'hmac');
        const { event_id } = await trigger(stack, 'cli.shown', {});
        const text = await cli(0, 'event', 'show', event_id);
        assert.ok(!text.stdout.includes('processing'), text.stdout);
        await cli(NONE, 'event', 'show', 'evt_0000000000001');
        await cli(USAGE, 'event', 'show');
        await cli(USAGE, 'event', 'show', 'x!');
    });
});

describe('what a source still needs', () => {
    const add = async (name, ...args) =>
        (await cli(0, 'source', 'add', name, ...args)).stderr;

    test('is said when it is made, with the command that gives it',
        async () => {
            assert.match(await add('shop', '--provider', 'shopify'),
                /401; next, with the one that the provider shows: postern source set shop --secret-stdin/);
            const sms = await add('sms', '--provider', 'twilio');
            assert.match(sms, /no secret yet/);
            assert.match(sms, /postern source set sms public_url=https/);
            assert.match(await add('wiki', '--provider', 'notion'),
                /postern source confirm wiki/);
            assert.match(await add('db', '--provider', 'supabase'),
                /no api_url.*postern source set db api_url=https:\/\/\.\.\. --api-key-stdin/);
        });

    test('shrinks with every step, until nothing is missing', async () => {
        const set = async (...args) =>
            (await cli(0, 'source', 'set', 'calls', ...args)).stderr;
        await add('calls', '--provider', 'twilio');
        const half = await set('--secret', 'the-auth-token');
        assert.doesNotMatch(half, /no secret/);
        assert.match(half, /public_url/);
        assert.equal(await set('public_url=https://hooks.example.com/calls'),
            '');
        assert.doesNotMatch(await add('own', '--provider', 'hmac'), /next/);
    });
});

describe('a source that is not written to the end', () => {
    test('is refused with what is missing', async () => {
        const none = await cli(USAGE, 'source', 'add', 'half');
        assert.match(none.stderr,
            /needs --provider P, one of supabase, .*github/);
        await cli(NONE, 'source', 'show', 'half');
        const same = await cli(USAGE, 'source', 'set', 'notion');
        assert.match(same.stderr, /changes nothing; .*source options/);
    });

    test('is refused with the option that may have been meant', async () => {
        const done = await cli(USAGE, 'source', 'set', 'notion', 'verfy=off');
        assert.match(done.stderr,
            /no option 'verfy'; did you mean 'verify'\? `postern source opt/);
        const other = await cli(USAGE, 'source', 'set', 'notion', 'zzzzzz=1');
        assert.match(other.stderr, /no option 'zzzzzz'; `postern source opt/);
    });
});

describe('source sql', () => {
    test('wants a source that takes what it sends', async () => {
        const none = await cli(NONE, 'source', 'sql', 'nobody');
        assert.match(none.stderr, /no source 'nobody'/);
        await cli(0, 'source', 'add', 'repo', '--provider', 'github');
        const other = await cli(DATA, 'source', 'sql', 'repo');
        assert.match(other.stderr, /provider github/);
        assert.equal(other.stdout, '');
        const done = await cli(0, 'source', 'sql', 'supabase', '--url',
            'https://example.com/hook');
        assert.match(done.stdout, /'https:\/\/example.com\/hook'/);
        await cli(0, 'source', 'sql', 'repo', '--unchecked', '--url',
            'https://example.com/hook');
    });

    test('makes no address up', async () => {
        for (const more of [[], ['--unchecked'], ['--url', '']]) {
            const done = await cli(USAGE, 'source', 'sql', 'supabase', ...more);
            assert.match(done.stderr, /--url URL/);
            assert.equal(done.stdout, '');
        }
    });

    test('uses the public_url of the source', async () => {
        await cli(0, 'source', 'set', 'supabase',
            'public_url=https://hooks.example.org/in');
        const [{ sql }] = await json('source', 'sql', 'supabase');
        assert.match(sql, /'https:\/\/hooks.example.org\/in'/);
        const given = await cli(0, 'source', 'sql', 'supabase', '--url',
            'https://else.example.org/');
        assert.match(given.stdout, /'https:\/\/else.example.org\/'/);
    });
});

// What each command needs besides --json; those that are not here need nothing,
// or have tests of their own.
const words = {
    'migrate up': [],
    'application add': ['json-app'],
    'application set': ['json-app', '--retention-days', 'default'],
    'token add': ['json', '--scope', 'read'],
    'source add': ['json-source', '--provider', 'hmac'],
    'source set': ['json-source', '--description', 'x'],
    'source show': ['json-source'],
    'source rotate': ['json-source'],
    'source await': ['notion'],
    'source rejections': ['json-source'],
    'source sql': ['supabase'],
    'source rm': ['json-source'],
    'webhook add': ['https://example.com/', '--events', 'json.x'],
    'event send': ['json.x', '--data', '{}'],
    'event-type add': ['json.x'],
    'event-type show': ['json.x'],
    'records search': ['json'],
};
const plain = ['init', 'migrate status', 'migrate plan', 'config check',
    'config show', 'config template', 'application list', 'token list',
    'source list', 'source options', 'webhook list', 'event list',
    'event-type list', 'event-type markdown', 'delivery list', 'records list', 'outbox status',
    'outbox list', 'rejections list', 'cleanup status', 'status'];

test('what is a text for people is an object with --json', async () => {
    const [page] = await json('event-type', 'markdown', '--title', 'Ours');
    assert.match(page.markdown, /^# Ours\n/);
    const [file] = await json('config', 'template');
    assert.match(file.template, /db_name/);
});

test('with --json every command prints JSON and nothing else', async () => {
    for (const [command, args] of [...Object.entries(words),
        ...plain.map((one) => [one, []])]) {
        const done = await stack.cli(...command.split(' '), ...args,
            '--json', '--quiet');
        assert.equal(done.code, 0, `${command}: ${done.stderr}`);
        assert.equal(done.stderr, '', command);
        for (const line of done.stdout.split('\n').filter(Boolean))
            assert.doesNotThrow(() => JSON.parse(line),
                `${command}: ${line}`);
    }
});

describe('source rejections', () => {
    test('refuses a reason that there is not, and lists those', async () => {
        const done = await cli(USAGE, 'source', 'rejections', 'notion',
            '--reason', 'frob');
        assert.match(done.stderr, /missing_signature/);
    });
});
