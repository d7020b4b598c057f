// cli.test.mjs - the command line: what each command prints, as JSON and for
// people, and its exit codes.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync }
    from 'node:fs';
import { join } from 'node:path';
import { reached } from './lib/gateway.mjs';
import { ID, SECRET, TIME } from './lib/golden.mjs';
import { request } from './lib/http.mjs';
import { Receiver } from './lib/receiver.mjs';
import { fresh } from './lib/receive_cases.mjs';
import { hexSignature, signed, standardSignature } from './lib/sign.mjs';
import { plainEnv, root, run, Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const USAGE = 64;
const DATA = 65;
const NONE = 66;
const UNREACHABLE = 69;
const CONFIG = 78;

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([Stack.start(), Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

// Runs a command that has to end with that code.
async function cli(code, ...args) {
    const done = await stack.cli(...args);
    assert.equal(done.code, code,
        `postern ${args.join(' ')}\n${done.stdout}${done.stderr}`);
    return done;
}

// The objects that a successful command prints with --json.
async function json(...args) {
    const options = typeof args.at(-1) === 'object' ? [args.pop()] : [];
    const { stdout } = await cli(0, ...args, '--json', ...options);
    return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

// Without the stack's configuration.
function alone(...args) {
    const options = typeof args.at(-1) === 'object' ? args.pop() : {};
    return run(stack.program('postern'), args,
        { env: plainEnv({ HOME: stack.base }), cwd: stack.base, ...options });
}

describe('asking for help', () => {
    test('--help lists the commands on stdout', async () => {
        const done = await alone('--help');
        assert.equal(done.code, 0);
        for (const command of ['init', 'migrate status', 'migrate plan',
            'migrate up', 'token add', 'token list', 'token revoke',
            'source set', 'source show', 'webhook add', 'webhook list',
            'webhook show', 'webhook rm', 'event send', 'delivery list',
            'delivery show', 'delivery retry', 'status', 'config check',
            'config show', 'sign', 'verify'])
            assert.ok(done.stdout.includes(`  ${command}`), command);
    });

    test('a wrong command line is exit 64 and says what is wrong',
        async () => {
            for (const args of [[], ['nonsense'], ['token'],
                ['token', 'nonsense'], ['token', 'add'],
                ['token', 'add', 'x', '--scope', 'god'],
                ['token', 'list', 'extra'], ['token', 'list', '--extra'],
                ['token', 'revoke'], ['token', 'revoke', 'x'],
                ['source', 'show'], ['webhook', 'show', 'x'],
                ['event', 'send'], ['event', 'send', 'a.b'],
                ['delivery', 'list', '--status', 'lost'],
                ['delivery', 'list', '--limit', '0'], ['delivery', 'show'],
                ['sign'], ['verify', '--secret', 'x'], ['-c']]) {
                const done = await stack.cli(...args);
                assert.equal(done.code, USAGE,
                    `postern ${args.join(' ')}: ${done.stderr}`);
                assert.equal(done.stdout, '', args.join(' '));
                assert.notEqual(done.stderr, '', args.join(' '));
            }
        });
});

describe('init', () => {
    test('makes a key that only its owner can read, and never a second time',
        async () => {
            const dir = join(stack.base, 'init');
            mkdirSync(dir);
            const conf = join(dir, 'postern.conf');
            const first = await alone('-c', conf, 'init');
            assert.equal(first.code, 0, first.stderr);
            const key = join(dir, 'postern.key');
            assert.equal(statSync(key).mode & 0o777, 0o600);
            assert.equal(statSync(conf).mode & 0o007, 0);
            const text = readFileSync(key, 'utf8');
            assert.match(text, /^[0-9a-f]{64}\n$/);
            const again = await alone('-c', conf, 'init');
            assert.equal(again.code, 0, again.stderr);
            assert.equal(readFileSync(key, 'utf8'), text);
        });
});

describe('migrate', () => {
    test('status tells versions; up and plan have nothing to do', async () => {
        const [status] = await json('migrate', 'status');
        assert.ok(status.applied > 0);
        assert.equal(status.applied, status.known);
        assert.equal(status.changed, 0);
        await cli(0, 'migrate', 'up');
        const plan = await cli(0, 'migrate', 'plan');
        assert.equal(plan.stdout, '');
    });

    test('plan prints the SQL of what is missing, up applies it', async () => {
        const { sql } = stack;
        // As MariaDB's root, as an administrator would.
        const made = await run('mariadb', ['--no-defaults',
            `--socket=${stack.env.POSTERN_DB_SOCKET}`, '--user=root', '-e',
            'CREATE DATABASE postern_other CHARACTER SET utf8mb4; GRANT ' +
            `ALL ON postern_other.* TO ${stack.env.POSTERN_DB_USER}@localhost`],
        { env: process.env });
        assert.equal(made.code, 0, made.stderr);
        const other = (...args) => stack.cli('--set', 'db_name=postern_other',
            ...args);
        const before_ = await other('migrate', 'status', '--json');
        assert.equal(JSON.parse(before_.stdout).applied, 0);
        const plan = await other('migrate', 'plan');
        assert.equal(plan.code, 0, plan.stderr);
        assert.match(plan.stdout, /CREATE TABLE IF NOT EXISTS jobs/);
        const refused = await other('token', 'list');
        assert.notEqual(refused.code, 0);
        assert.match(refused.stderr, /postern migrate up/);
        for (let i = 0; i < 2; i++) {
            const up = await other('migrate', 'up');
            assert.equal(up.code, 0, up.stderr);
        }
        const shape = (schema) => sql.rows('SELECT table_name t, ' +
            'column_name c, ordinal_position o, column_type y, is_nullable n ' +
            'FROM information_schema.columns WHERE table_schema = ? ' +
            'ORDER BY 1, 3', [schema]);
        assert.deepEqual(await shape('postern_other'), await shape('postern'));
    });

    test('two at once do not disturb each other', async () => {
        const all = await Promise.all([1, 2, 3].map(() =>
            stack.cli('migrate', 'up')));
        for (const done of all)
            assert.ok([0, 75].includes(done.code), done.stderr);
    });
});

describe('token', () => {
    test('add shows a token that works, list and log never show it again',
        async () => {
            await cli(NONE, 'token', 'add', 'ci', '--scope', 'app',
                '--application', 'shop');
            await cli(0, 'application', 'add', 'shop');
            const [made] = await json('token', 'add', 'ci', '--scope', 'app',
                '--application', 'shop');
            assert.match(made.token, /^pst_[A-Za-z0-9_-]{43}$/);
            assert.equal(made.name, 'ci');
            assert.equal(made.scope, 'app');
            const answer = await stack.api(made.token).get('/api/webhooks');
            assert.equal(answer.status, 200, answer.text);
            const list = await json('token', 'list');
            const shown = list.find((token) => token.id === made.id);
            assert.equal(shown.name, 'ci');
            assert.ok(made.token.startsWith(shown.shown));
            const people = await cli(0, 'token', 'list');
            assert.ok(!people.stdout.includes(made.token));
            assert.match(people.stdout, /^ID +NAME/);
        });

    test('revoke ends it within two seconds', async () => {
        const [made] = await json('token', 'add', 'short', '--scope', 'read');
        assert.equal((await stack.api(made.token).get('/api/webhooks')).status,
            200);
        await cli(0, 'token', 'revoke', String(made.id));
        await eventually('the token is refused', async () =>
            (await stack.api(made.token).get('/api/webhooks')).status === 401,
        2000);
        await cli(NONE, 'token', 'revoke', String(made.id));
    });

    test('--expires sets an end', async () => {
        const [made] = await json('token', 'add', 'month', '--scope', 'read',
            '--expires', '30d');
        const shown = (await json('token', 'list'))
            .find((token) => token.id === made.id);
        const days = (Date.parse(shown.expires_at) - Date.now()) / 86_400_000;
        assert.ok(days > 29.9 && days <= 30, shown.expires_at);
        await cli(USAGE, 'token', 'add', 'bad', '--scope', 'read',
            '--expires', 'soon');
    });
});

describe('source', () => {
    test('set changes the secret of a source at once, show never tells it',
        async () => {
            await cli(0, 'source', 'set', 'notion', '--secret-stdin',
                { input: 'a-new-notion-secret\n' });
            const body = JSON.stringify(fresh({ source: 'notion' }));
            const send = (secret) => request(stack.url, 'POST',
                '/api/v1/webhooks/notion',
                { body, headers: signed(secret, body) });
            assert.equal((await send('a-new-notion-secret')).status, 202);
            assert.equal((await send(stack.env.NOTION_SECRET)).status, 401);
            const [shown] = await json('source', 'show', 'notion');
            assert.equal(shown.name, 'notion');
            assert.equal(shown.secrets, 1);
            assert.ok(!JSON.stringify(shown).includes('a-new-notion-secret'));
        });

    test('--keep-others lets the old secret sign too', async () => {
        await cli(0, 'source', 'set', 'supabase', '--secret', 'the-next-one',
            '--keep-others');
        for (const secret of ['the-next-one', stack.env.SUPABASE_SECRET]) {
            const body = JSON.stringify(fresh());
            const answer = await stack.receive('supabase', body,
                signed(secret, body));
            assert.equal(answer.status, 202, answer.text);
        }
        assert.equal((await json('source', 'show', 'supabase'))[0].secrets, 2);
    });

    test('an unknown source is exit 66, an empty secret 65', async () => {
        await cli(NONE, 'source', 'show', 'nobody');
        await cli(DATA, 'source', 'set', 'notion', '--secret', '');
    });
});

describe('webhook, event and delivery', () => {
    test('a subscription made here gets an event sent here', async () => {
        const place = receiver.place('cli');
        const [made] = await json('webhook', 'add', place.url, '--events',
            'cli.one,cli.two', '--description', 'from the shell',
            '--retry-count', '1', '--timeout', '5', '--header', 'X-A: b c');
        assert.match(made.secret, new RegExp(`^${SECRET}$`));
        assert.deepEqual(made.events, ['cli.one', 'cli.two']);
        assert.equal(made.retry_count, 1);
        const [sent] = await json('event', 'send', 'cli.two', '--data',
            '{"n": 123456789012345678901234567890}', '--metadata',
            '{"by": "cli"}');
        assert.match(sent.event_id, new RegExp(`^${ID('evt')}$`));
        assert.equal(sent.matched, 1);
        const got = await place.arrived(1);
        assert.equal(got.headers['webhook-id'], sent.event_id);
        assert.equal(got.headers['x-a'], 'b c');
        assert.ok(got.body.toString().includes(
            '"data":{"n":123456789012345678901234567890},' +
            '"metadata":{"by":"cli"}'), got.body.toString());
        assert.equal(got.headers['x-webhook-signature'],
            'sha256=' + hexSignature(made.secret, got.body));

        const id = got.headers['x-webhook-delivery'];
        await reached(stack, id, 'success');
        const [shown] = await json('delivery', 'show', id);
        assert.equal(shown.status, 'success');
        assert.equal(shown.attempts.length, 1);
        const list = await json('delivery', 'list', '--webhook',
            String(made.id));
        assert.deepEqual(list.map((item) => item.id), [id]);
        assert.match((await cli(0, 'delivery', 'list')).stdout, /^ID +STATUS/);

        const [again] = await json('delivery', 'retry', id);
        assert.match(again.delivery_id, new RegExp(`^${ID('dlv')}$`));
        const second = await place.arrived(2);
        assert.equal(second.headers['x-webhook-delivery'], again.delivery_id);
    });

    test('webhook list, show and rm', async () => {
        const [made] = await json('webhook', 'add', 'https://example.com/',
            '--events', 'cli.rm');
        const list = await json('webhook', 'list');
        assert.ok(list.some((item) => item.id === made.id));
        const [shown] = await json('webhook', 'show', String(made.id));
        assert.equal(shown.secret, undefined);
        assert.match(shown.created_at, new RegExp(`^${TIME}$`));
        assert.deepEqual(
            (await stack.api().get(`/api/webhooks/${made.id}`)).json, shown);
        await cli(0, 'webhook', 'rm', String(made.id));
        await cli(NONE, 'webhook', 'show', String(made.id));
        await cli(NONE, 'webhook', 'rm', String(made.id));
    });

    test('webhook add says that the events are missing', async () => {
        const done = await cli(USAGE, 'webhook', 'add',
            'https://example.com/', '--timeout', '5');
        assert.match(done.stderr, /webhook add needs --events TYPE/);
        assert.match(done.stderr, /--events '\*' is all of them/);
        assert.equal(done.stdout, '');
        assert.match((await cli(USAGE, 'webhook', 'add')).stderr, /a URL/);
        assert.match((await cli(DATA, 'webhook', 'add',
            'https://example.com/', '--events', '')).stderr, /events/);
    });

    test('an id that there is not is exit 66, with where to look', async () => {
        for (const args of [['show', '4000000'],
            ['set', '4000000', '--timeout', '5'], ['rm', '4000000']]) {
            const done = await cli(NONE, 'webhook', ...args);
            assert.match(done.stderr, new RegExp('there is no webhook ' +
                '4000000; `postern webhook list` shows them'));
        }
    });

    test('times in a table are all of one length', async () => {
        await json('event', 'send', 'cli.times', '--data', '{}');
        const { stdout } = await cli(0, 'event', 'list', '--limit', '1');
        assert.match(stdout, /\d\d:\d\d\.\d{3}Z/);
        // Stored with microseconds, and with none.
        await stack.sql.rows('UPDATE api_tokens SET created_at = ' +
            "'2026-01-01 15:00:00.123999' LIMIT 1");
        const tokens = (await cli(0, 'token', 'list')).stdout;
        assert.match(tokens, /2026-01-01T15:00:00\.123Z/);
        await stack.sql.rows('UPDATE api_tokens SET created_at = ' +
            "'2026-01-01 15:00:00' LIMIT 1");
        assert.match((await cli(0, 'token', 'list')).stdout,
            /2026-01-01T15:00:00\.000Z/);
        for (const [, time] of tokens.matchAll(/\b(\d{4}-\d\d-\S+Z)\b/g))
            assert.match(time, /^[\d-]{10}T[\d:]{8}\.\d{3}Z$/);
    });

    test('bad input is exit 65 and named', async () => {
        const cases = [
            [['webhook', 'add', 'ftp://x/', '--events', 'a'], /url/],
            [['webhook', 'add', 'http://10.0.0.1/', '--events', 'a'], /url/],
            [['webhook', 'add', 'https://example.com/', '--events', 'a b'],
                /events/],
            [['webhook', 'add', 'https://example.com/', '--events', 'a',
                '--timeout', '99'], /timeout/],
            [['event', 'send', 'a.b', '--data', '{broken'], /--data/],
            [['event', 'send', 'a.b', '--data', '{"a":NaN}'], /--data/],
        ];
        for (const [args, named] of cases) {
            const done = await cli(DATA, ...args);
            assert.match(done.stderr, named);
            assert.equal(done.stdout, '');
        }
    });

    test('event send reads from stdin and from a file', async () => {
        const place = receiver.place('cli-stdin');
        await json('webhook', 'add', place.url, '--events', 'cli.stdin');
        await cli(0, 'event', 'send', 'cli.stdin', '--data', '-',
            { input: '{"from": "stdin"}' });
        const file = join(stack.base, 'data.json');
        writeFileSync(file, '{"from": "file"}');
        await cli(0, 'event', 'send', 'cli.stdin', '--data', `@${file}`);
        await place.arrived(2);
        assert.deepEqual(place.requests.map((r) => r.json.data.from).sort(),
            ['file', 'stdin']);
    });

    test('event send --id is repeated, not doubled', async () => {
        const args = ['event', 'send', 'cli.repeat', '--data', '{}', '--id',
            'one'];
        const [first] = await json(...args);
        const [again] = await json(...args);
        assert.equal(again.event_id, first.event_id);
        assert.equal(first.duplicate, false);
        assert.equal(again.duplicate, true);
    });

    test('what is not there is exit 66', async () => {
        await cli(NONE, 'delivery', 'show', 'dlv_0000000000001');
        await cli(NONE, 'delivery', 'retry', 'dlv_0000000000001');
        await cli(NONE, 'webhook', 'show', '999999');
    });
});

describe('status', () => {
    test('says that all is well', async () => {
        const [status] = await json('status');
        assert.equal(status.status, 'healthy');
        assert.equal(status.worker_alive, true);
    });

    test('without a worker it is exit 1', async () => {
        await stack.kill('worker', 'SIGTERM');
        try {
            const done = await cli(1, 'status', '--json');
            assert.equal(JSON.parse(done.stdout).worker_alive, false);
        } finally {
            await stack.restart('worker');
        }
    });

    test('without a database it is exit 69 and says what to check',
        async () => {
            const done = await cli(UNREACHABLE, '--set',
                'db_socket=/nonexistent/socket', 'status');
            assert.match(done.stderr, /db_socket/);
            assert.equal(done.stdout, '');
        });
});

describe('config', () => {
    test('check accepts this configuration', async () => {
        await cli(0, 'config', 'check');
    });

    test('show tells each value and where it came from, but no secret',
        async () => {
            const options = await json('--set',
                'webhook_secret=do-not-show-me', 'config', 'show');
            const named = Object.fromEntries(options.map((option) =>
                [option.name, option]));
            assert.equal(named.max_body.value, '102400');
            assert.equal(named.max_body.from, 'default');
            assert.ok(named.allow_targets.from.includes(
                stack.env.POSTERN_CONF));
            assert.ok(!JSON.stringify(options).includes('do-not-show-me'));
        });

    test('an unknown name is exit 78, with a suggestion', async () => {
        const file = join(stack.base, 'typo.conf');
        writeFileSync(file, 'max_bodi = 5\n');
        const done = await alone('-c', file, 'config', 'check');
        assert.equal(done.code, CONFIG, done.stderr);
        assert.match(done.stderr, /typo\.conf.*max_bodi/);
        assert.match(done.stderr, /max_body/);
    });

    test('a value out of range is exit 78 and names its option', async () => {
        for (const line of ['lease_s = 1', 'log_format = xml',
            'threads = many', 'allow_targets = 10.0.0.0/99',
            'environment = moon']) {
            const file = join(stack.base, 'bad.conf');
            writeFileSync(file, `${line}\n`);
            const done = await alone('-c', file, 'config', 'check');
            assert.equal(done.code, CONFIG, `${line}: ${done.stderr}`);
            assert.ok(done.stderr.includes(line.split(' ')[0]), done.stderr);
        }
    });

    test('a file with a secret that others may read is refused', async () => {
        const file = join(stack.base, 'open.conf');
        writeFileSync(file, 'db_password = x\n');
        chmodSync(file, 0o644);
        const done = await alone('-c', file, 'config', 'check');
        assert.equal(done.code, CONFIG, done.stderr);
        assert.match(done.stderr, /chmod/);
        chmodSync(file, 0o600);
        const key = join(stack.base, 'closed.key');
        writeFileSync(key, `${'a1'.repeat(32)}\n`, { mode: 0o600 });
        const good = await alone('-c', file, '--set', `key_file=${key}`,
            'config', 'check');
        assert.equal(good.code, 0, good.stderr);
    });

    test('the environment wins over the file, --set over both', async () => {
        const file = join(stack.base, 'order.conf');
        writeFileSync(file, 'threads = 3\n');
        const value = async (env, ...args) => {
            const done = await alone('-c', file, ...args, 'config', 'show',
                '--json', { env: plainEnv({ HOME: stack.base, ...env }) });
            assert.equal(done.code, 0, done.stderr);
            return JSON.parse(done.stdout.split('\n').find((line) =>
                line.includes('"name":"threads"'))).value;
        };
        assert.equal(await value({}), '3');
        assert.equal(await value({ POSTERN_THREADS: '4' }), '4');
        assert.equal(await value({ POSTERN_THREADS: '4' }, '--set',
            'threads=5'), '5');
    });

    test('a file that is not there is exit 78', async () => {
        const done = await alone('-c', join(stack.base, 'none.conf'), 'config',
            'check');
        assert.equal(done.code, CONFIG);
    });
});

describe('sign and verify', () => {
    const body = '{"event_type":"insert","text":"Zoë"}';
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

    test('sign prints what senders send', async () => {
        const done = await alone('sign', '--secret', secret, '--id', 'msg_1',
            '--timestamp', '1700000000', '--json', { input: body });
        assert.equal(done.code, 0, done.stderr);
        assert.deepEqual(JSON.parse(done.stdout), {
            'x-webhook-signature': 'sha256=' + hexSignature(secret, body),
            'webhook-id': 'msg_1',
            'webhook-timestamp': 1700000000,
            'webhook-signature': standardSignature(secret, 'msg_1',
                '1700000000', body),
        });
    });

    test('sign prints header lines that curl takes', async () => {
        const done = await alone('sign', '--secret', secret, { input: body });
        assert.equal(done.stdout,
            `X-Webhook-Signature: sha256=${hexSignature(secret, body)}\n`);
    });

    test('verify accepts both forms and refuses everything else', async () => {
        const hex = hexSignature(secret, body);
        const check = async (code, signature, ...more) => {
            const done = await alone('verify', '--secret', secret,
                '--signature', signature, ...more, { input: body });
            assert.equal(done.code, code, `${signature}: ${done.stderr}`);
        };
        await check(0, hex);
        await check(0, `sha256=${hex}`);
        await check(1, hexSignature('other', body));
        await check(1, hex.slice(2));
        await check(1, 'rubbish');
        const now = String(Math.floor(Date.now() / 1000));
        await check(0, standardSignature(secret, 'msg_1', now, body),
            '--id', 'msg_1', '--timestamp', now);
        await check(1, standardSignature(secret, 'msg_2', now, body),
            '--id', 'msg_1', '--timestamp', now);
        const old = '1700000000';
        await check(1, standardSignature(secret, 'msg_1', old, body),
            '--id', 'msg_1', '--timestamp', old);
        await check(0, standardSignature(secret, 'msg_1', old, body),
            '--id', 'msg_1', '--timestamp', old, '--any-time');
    });

    test('verify lists the kinds where one is not known', async () => {
        const done = await alone('verify', '--scheme', 'nope', '--secret',
            secret, { input: body });
        assert.equal(done.code, USAGE, done.stderr);
        const kinds = done.stderr.match(
            /--scheme nope: there is no such kind; it is one of (.+)\n/)[1]
            .split(', ');
        // Those of the reference, and no others.
        const reference = readFileSync(join(root,
            'docs/reference/cli.md'), 'utf8');
        const table = reference.slice(reference.indexOf('| kind | headers'))
            .split('\n\n')[0];
        assert.deepEqual(kinds.sort(),
            [...table.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)]
                .flatMap(([, names]) => names.match(/\w+/g)).sort());
    });

    test('they need neither a database nor a configuration', async () => {
        const done = await alone('sign', '--secret', 'x'.repeat(10),
            { input: body });
        assert.equal(done.code, 0, done.stderr);
        assert.equal(done.stderr, '');
    });
});
