// modes.test.mjs - the other ways to run the programs: mod_proxy_fcgi, plain
// CGI, fd 0 from spawn-fcgi, a socket from systemd, the worker from cron, and
// a database that is not ready.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changeConfig, subscribe, trigger } from './lib/gateway.mjs';
import { assertGolden } from './lib/golden.mjs';
import { parseAnswer, request } from './lib/http.mjs';
import { Receiver } from './lib/receiver.mjs';
import { bodyOfSize, eventOf, fresh, MAX_BODY, supabaseBody }
    from './lib/receive_cases.mjs';
import { hexSignature } from './lib/sign.mjs';
import { alive, plainEnv, run, Stack, start } from './lib/stack.mjs';
import { eventually, slow, within } from './lib/wait.mjs';

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ web: 'apache-proxy', workers: 0 }), Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

// The CGI variables of a request.
function variables(method, path, body = '', headers = {}) {
    const [route, query = ''] = path.split('?');
    const env = {
        GATEWAY_INTERFACE: 'CGI/1.1',
        SERVER_PROTOCOL: 'HTTP/1.1',
        SERVER_SOFTWARE: 'test',
        SERVER_NAME: 'localhost',
        SERVER_PORT: '80',
        REMOTE_ADDR: '127.0.0.1',
        REQUEST_METHOD: method,
        SCRIPT_NAME: '',
        PATH_INFO: route,
        REQUEST_URI: path,
        QUERY_STRING: query,
        CONTENT_LENGTH: String(Buffer.byteLength(body)),
        CONTENT_TYPE: 'application/json',
    };
    for (const [name, value] of Object.entries(headers))
        env[`HTTP_${name.toUpperCase().replace(/-/g, '_')}`] = value;
    return env;
}

// A CGI response as an HTTP one.
function cgiAnswer(output) {
    const text = output.toString('latin1').replace(/\r?\n\r?\n/,
        (gap) => (gap.includes('\r') ? gap : '\r\n\r\n'));
    const status = /^Status: (\d+)/mi.exec(text.split('\r\n\r\n')[0]);
    return parseAnswer(Buffer.from(
        `HTTP/1.1 ${status ? status[1] : 200} x\r\n${text}`, 'latin1'));
}

const signature = (body) => ({
    'X-Webhook-Signature': hexSignature(stack.env.SUPABASE_SECRET, body),
});

const path = '/api/v1/webhooks/supabase';

// The same claims for each way in; exchange(method, path, body, headers).
function sameAsEverywhere(exchange) {
    test('the documented body gets the documented 202 and is stored',
        async () => {
            const body = fresh();
            const text = JSON.stringify(body);
            const answer = await exchange('POST', path, text,
                signature(text));
            assert.equal(answer?.status, 202, answer?.text);
            assert.match(answer.headers['content-type'],
                /^application\/json\b/);
            assert.match(answer.headers['x-request-id'], /^req_[0-9a-z]+$/);
            assert.equal((await eventOf(stack, body.record_id)).length, 1);
            const documented = JSON.stringify(supabaseBody);
            assertGolden((await exchange('POST', path, documented,
                signature(documented))).body, 'receive_accepted_supabase');
        });

    test('a forged signature is 401', async () => {
        const text = JSON.stringify(fresh());
        const answer = await exchange('POST', path, text,
            signature(text + ' '));
        assert.equal(answer?.status, 401, answer?.text);
        assertGolden(answer.body, 'receive_invalid_signature');
    });

    test('102,401 bytes are 413', async () => {
        const text = bodyOfSize(MAX_BODY + 1);
        const answer = await exchange('POST', path, text, signature(text));
        assert.equal(answer?.status, 413, answer?.text);
        assertGolden(answer.body, 'receive_payload_too_large');
    });

    test('a token in Authorization arrives', async () => {
        const answer = await exchange('GET', '/api/webhooks?limit=1', '',
            { Authorization: `Bearer ${stack.token}` });
        assert.equal(answer?.status, 200, answer?.text);
        assert.ok(Array.isArray(answer.json));
    });

    test('HEAD has headers and no body', async () => {
        const answer = await exchange('HEAD', '/health', '', {});
        assert.ok([200, 503].includes(answer?.status), answer?.text);
        assert.equal(answer.body.length, 0);
    });
}

describe('Apache with mod_proxy_fcgi', () => {
    sameAsEverywhere((method, where, body, headers) =>
        request(stack.url, method, where,
            { body: body === '' ? undefined : body, headers }));
});

describe('plain CGI', () => {
    const responder = () => stack.program('postern.fcgi');

    async function cgi(method, where, body, headers) {
        const done = await run(responder(), ['-c', stack.env.POSTERN_CONF],
            { env: { ...plainEnv(), ...variables(method, where, body,
                headers) }, input: body });
        assert.equal(done.code, 0, done.stderr);
        return cgiAnswer(done.bytes);
    }

    sameAsEverywhere(cgi);

    test('the configuration is found by POSTERN_CONF', async () => {
        const text = JSON.stringify(fresh());
        const done = await run(responder(), [], { input: text,
            env: { ...plainEnv({ POSTERN_CONF: stack.env.POSTERN_CONF }),
                ...variables('POST', path, text, signature(text)) } });
        assert.equal(cgiAnswer(done.bytes)?.status, 202, done.stderr);
    });

    test('SCRIPT_NAME in front of PATH_INFO is no part of the route',
        async () => {
            const text = JSON.stringify(fresh());
            const env = variables('POST', path, text, signature(text));
            env.SCRIPT_NAME = '/cgi-bin/postern.fcgi';
            env.REQUEST_URI = env.SCRIPT_NAME + path;
            const done = await run(responder(),
                ['-c', stack.env.POSTERN_CONF],
                { env: { ...plainEnv(), ...env }, input: text });
            assert.equal(cgiAnswer(done.bytes)?.status, 202, done.stderr);
        });

    test('less input than CONTENT_LENGTH announces is refused', async () => {
        const body = fresh();
        const text = JSON.stringify(body);
        const env = variables('POST', path, text, signature(text));
        const done = await run(responder(), ['-c', stack.env.POSTERN_CONF],
            { env: { ...plainEnv(), ...env }, input: text.slice(0, 50) });
        const answer = cgiAnswer(done.bytes);
        assert.ok(answer.status >= 400 && answer.status < 500,
            `${answer.status}`);
        assert.deepEqual(await eventOf(stack, body.record_id), []);
    });

    test('ids of many processes at once do not collide', async () => {
        const bodies = Array.from({ length: 12 }, () => fresh());
        const answers = await Promise.all(bodies.map((body) => {
            const text = JSON.stringify(body);
            return cgi('POST', path, text, signature(text));
        }));
        for (const answer of answers)
            assert.equal(answer?.status, 202, answer?.text);
        for (const body of bodies)
            assert.equal((await eventOf(stack, body.record_id)).length, 1);
    });
});

describe('the documented environment names', () => {
    const text = () => JSON.stringify(fresh());

    // One request to a responder with these variables.
    async function under(extra, method, where, body, headers) {
        const done = await run(stack.program('postern.fcgi'),
            ['-c', stack.env.POSTERN_CONF], { input: body,
                env: { ...plainEnv(extra), ...variables(method, where, body,
                    headers) } });
        assert.equal(done.code, 0, done.stderr);
        return { answer: cgiAnswer(done.bytes), stderr: done.stderr };
    }

    async function statusOf(extra, secret) {
        const body = text();
        const { answer } = await under(extra, 'POST', path, body,
            secret === null ? {}
                : { 'X-Webhook-Signature': hexSignature(secret, body) });
        return answer.status;
    }

    const noSecret = (...args) => stack.cli('source', 'set', 'supabase',
        ...args).then((done) => assert.equal(done.code, 0, done.stderr));

    test('a source without any secret refuses everything', async () => {
        await noSecret('--no-secret');
        assert.equal(await statusOf({}, stack.env.SUPABASE_SECRET), 401);
        assert.equal(await statusOf({}, ''), 401);
        assert.equal(await statusOf({}, null), 401);
    });

    test('WEBHOOK_SECRET signs for a source that has no secret of its own',
        async () => {
            const env = { WEBHOOK_SECRET: 'from-the-environment' };
            assert.equal(await statusOf(env, 'from-the-environment'), 202);
            assert.equal(await statusOf(env, 'another'), 401);
        });

    test('SUPABASE_KEY does when there is nothing else, with a warning',
        async () => {
            const env = { SUPABASE_KEY: 'your-service-role-key' };
            const body = text();
            const { answer, stderr } = await under(env, 'POST', path, body, {
                'X-Webhook-Signature':
                    hexSignature('your-service-role-key', body) });
            assert.equal(answer.status, 202, answer.text);
            assert.match(stderr, /WARNING.*SUPABASE_KEY/);
            assert.ok(!stderr.includes('your-service-role-key'));
            assert.equal(await statusOf({ ...env,
                WEBHOOK_SECRET: 'from-the-environment' },
            'your-service-role-key'), 401);
        });

    test('API_SECRET_KEY never signs anything', async () => {
        assert.equal(await statusOf({ API_SECRET_KEY: 'your-secret-key' },
            'your-secret-key'), 401);
        await noSecret('--secret', stack.env.SUPABASE_SECRET);
        assert.equal(await statusOf({}, stack.env.SUPABASE_SECRET), 202);
        assert.equal(await statusOf({ WEBHOOK_SECRET: 'from-outside' },
            'from-outside'), 401, 'its own secret comes first');
    });

    test('API_SECRET_KEY is an admin token', async () => {
        const ask = async (token) => (await under(
            { API_SECRET_KEY: 'your-secret-key' }, 'GET', '/api/webhooks', '',
            { Authorization: `Bearer ${token}` })).answer.status;
        assert.equal(await ask('your-secret-key'), 200);
        assert.equal(await ask('your-secret-key2'), 401);
        assert.equal(await ask('your-secret-ke'), 401);
    });

    test('VERIFY_WEBHOOK_SIGNATURES=false ignores signatures', async () => {
        assert.equal(await statusOf({ VERIFY_WEBHOOK_SIGNATURES: 'false' },
            null), 202);
        assert.equal(await statusOf({ VERIFY_WEBHOOK_SIGNATURES: 'true' },
            null), 401);
    });

    test('ENVIRONMENT=production refuses http subscriptions', async () => {
        const body = JSON.stringify({ url: 'http://example.com/',
            events: ['x'] });
        const create = async (extra) => (await under(extra, 'POST',
            '/api/webhooks', body,
            { Authorization: `Bearer ${stack.token}` })).answer.status;
        assert.equal(await create({ ENVIRONMENT: 'production' }), 422);
        assert.equal(await create({ ENVIRONMENT: 'development' }), 201);
    });

    test('a value that makes no sense stops the program and is named',
        async () => {
            const done = await run(stack.program('postern.fcgi'),
                ['-c', stack.env.POSTERN_CONF, '-t'],
                { env: plainEnv({ VERIFY_WEBHOOK_SIGNATURES: 'perhaps' }) });
            assert.equal(done.code, 78, done.stderr);
            assert.match(done.stderr, /VERIFY_WEBHOOK_SIGNATURES/);
        });

    test('POSTERN_NAME_FILE reads a value from a file', async () => {
        const file = join(stack.base, 'secret-file');
        writeFileSync(file, 'admin-from-a-file\n');
        const { answer } = await under(
            { POSTERN_API_SECRET_KEY_FILE: file }, 'GET', '/api/webhooks', '',
            { 'X-API-Key': 'admin-from-a-file' });
        assert.equal(answer.status, 200, answer.text);
    });
});

// A FastCGI client: cgi-fcgi speaks it to a socket.
function fastcgi(socket) {
    return async (method, where, body, headers) => {
        const done = await run('cgi-fcgi', ['-bind', '-connect', socket],
            { env: { PATH: process.env.PATH, ...variables(method, where, body,
                headers) }, input: body });
        return cgiAnswer(done.bytes);
    };
}

// Starts a responder on a socket through spawn-fcgi, with `wrap` in between.
function spawned(name, wrap = []) {
    const socket = () => join(stack.base, `${name}.sock`);
    let process_;
    before(async () => {
        process_ = start('spawn-fcgi', ['-n', '-s', socket(), '--', ...wrap,
            stack.program('postern.fcgi'), '-c', stack.env.POSTERN_CONF],
        { env: plainEnv() });
        await eventually(`${name} answers`, async () =>
            (await fastcgi(socket())('GET', '/health', '', {}))?.status);
    });
    after(async () => {
        if (!process_)
            return;
        process_.child.kill('SIGTERM');
        try {
            const { code } = await within(process_.ended, 10_000,
                'the responder leaves at SIGTERM');
            assert.equal(code, 0, process_.output());
        } finally {
            process_.child.kill('SIGKILL');
        }
    });
    sameAsEverywhere((...args) => fastcgi(socket())(...args));
}

describe('fd 0 from spawn-fcgi', () => {
    spawned('fd0');
});

describe('a socket from systemd (LISTEN_FDS)', () => {
    spawned('listen-fds', ['/bin/sh', '-c',
        'exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', 'sh']);
});

describe('the worker from cron', () => {
    // Long before a request or a worker that is to stop would have to end. One
    // that is late is killed (137), so that it takes no other test's jobs.
    const once = (seconds) => run('timeout', ['--foreground', '-s', 'KILL',
        String(slow(20)), stack.program('posternd'),
        '-c', stack.env.POSTERN_CONF, '--set', 'grace_s=600', '--once',
        '--max-time', String(seconds)], { env: plainEnv() });

    test('--once does the work that is there and ends in time',
        { timeout: slow(60_000) }, async () => {
            const place = receiver.place('cron');
            await subscribe(stack, place.url, ['cron.event']);
            for (let i = 0; i < 50; i++)
                await trigger(stack, 'cron.event', { i });
            const body = fresh();
            await stack.receive('supabase', body);
            const done = await once(5);
            assert.equal(done.code, 0, done.stderr);
            assert.equal(place.requests.length, 50);
            await stack.drained(100);
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM records ' +
                'WHERE record_id = ?', [body.record_id]), 1);
        });

    test('a receiver that does not answer is cut off at --max-time',
        { timeout: slow(60_000) }, async () => {
            const place = receiver.place('cron-silent',
                { hold: new Promise(() => {}), status: 200 });
            const { id } = await subscribe(stack, place.url, ['cron.silent']);
            await changeConfig(stack, 'UPDATE subscriptions SET timeout_s = ' +
                '600, config_version = {version} WHERE id = ?', [id]);
            const { event_id } = await trigger(stack, 'cron.silent', {});
            const done = await once(3);
            assert.equal(done.code, 0, done.stderr);
            assert.equal(place.requests.length, 1);
            const { sql } = stack;
            assert.equal(await sql.count('SELECT COUNT(*) FROM jobs'), 1,
                `${event_id} is still to be delivered`);
            await sql.rows('DELETE FROM jobs');
        });

    test('two at the same time do the work once', { timeout: slow(60_000) },
        async () => {
            const place = receiver.place('cron-two');
            await subscribe(stack, place.url, ['cron.two']);
            for (let i = 0; i < 50; i++)
                await trigger(stack, 'cron.two', { i });
            const done = await Promise.all([once(6), once(6)]);
            for (const one of done)
                assert.equal(one.code, 0, one.stderr);
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM jobs'), 0,
                `work is left; the two said:\n${done[0].stderr}\n` +
                done[1].stderr);
            assert.equal(place.requests.length, 50);
        });

    // Without a deadline it ends when nothing is left that can be done.
    test('what the database refuses is not waited for',
        { timeout: slow(120_000) }, async () => {
            const { sql } = stack;
            const place = receiver.place('cron-refused');
            const all = () => run(stack.program('posternd'),
                ['-c', stack.env.POSTERN_CONF, '--once'],
                { env: plainEnv(), timeout: slow(25_000) });
            const many = 120; // its jobs are made by the worker
            for (let i = 0; i < many; i++)
                await subscribe(stack, `${place.url}?n=${i}`, ['cron.many']);
            await trigger(stack, 'cron.many', {});
            await sql.rows("INSERT INTO outbox (event_type, payload) VALUES " +
                "('cron.many', '{}')");
            await sql.rows('CREATE TRIGGER refuse_jobs BEFORE INSERT ON jobs ' +
                "FOR EACH ROW SIGNAL SQLSTATE '45000'");
            try {
                const done = await all();
                assert.equal(done.code, 0, done.stderr);
                assert.match(done.stderr, /deliveries of an event cannot be/);
                assert.match(done.stderr, /outbox cannot be/);
            } finally {
                await sql.rows('DROP TRIGGER refuse_jobs');
            }
            assert.equal(place.requests.length, 0);
            const done = await all();
            assert.equal(done.code, 0, done.stderr);
            assert.equal(place.requests.length, 2 * many);
        });

    test('with nothing to do it is silent and ends with 0', async () => {
        const done = await once(1);
        assert.equal(done.code, 0, done.stderr);
        assert.equal(done.stdout, '');
    });
});

describe('a database that is not ready', () => {
    // Everything the programs say when they start and cannot.
    async function refusal(program, args = []) {
        const done = await run(stack.program(program),
            ['-c', stack.env.POSTERN_CONF, ...args], { env: plainEnv() });
        assert.notEqual(done.code, 0, 'it must not start');
        return done;
    }

    test('an older schema is refused with one clear line', async () => {
        const { sql } = stack;
        const last = await sql.one('SELECT * FROM schema_migrations ' +
            'ORDER BY version DESC LIMIT 1');
        await sql.rows('DELETE FROM schema_migrations WHERE version = ?',
            [last.version]);
        try {
            for (const [program, args] of [['posternd', ['--once']],
                ['postern.fcgi', ['--listen', '127.0.0.1:0']]]) {
                const done = await refusal(program, args);
                assert.match(done.stderr, /postern migrate up/);
                assert.match(done.stderr, /schema \d+.*needs \d+/);
            }
        } finally {
            await sql.rows('INSERT INTO schema_migrations SET ?', [last]);
        }
    });

    test('a newer schema is fine: new programs are rolled out one by one',
        async () => {
            const { sql } = stack;
            await sql.rows('INSERT INTO schema_migrations (version, name, ' +
                'checksum, duration_ms) SELECT version + 1, \'later\', ' +
                'checksum, 1 FROM schema_migrations ORDER BY version DESC ' +
                'LIMIT 1');
            try {
                const done = await run(stack.program('posternd'),
                    ['-c', stack.env.POSTERN_CONF, '--once', '--max-time',
                        '1'], { env: plainEnv() });
                assert.equal(done.code, 0, done.stderr);
            } finally {
                await sql.rows("DELETE FROM schema_migrations " +
                    "WHERE name = 'later'");
            }
        });

    test('an unknown option is refused, and named', async () => {
        for (const program of ['posternd', 'postern.fcgi', 'postern']) {
            const done = await run(stack.program(program), ['--nonsense'],
                { env: plainEnv() });
            assert.equal(done.code, 64, `${program}: ${done.stderr}`);
            assert.match(done.stderr, /--nonsense/);
        }
    });

    test('-t checks the configuration and stops', async () => {
        for (const program of ['posternd', 'postern.fcgi']) {
            const good = await run(stack.program(program),
                ['-c', stack.env.POSTERN_CONF, '-t'], { env: plainEnv() });
            assert.equal(good.code, 0, `${program}: ${good.stderr}`);
            const bad = await run(stack.program(program),
                ['-c', join(stack.base, 'no-such.conf'), '-t'],
                { env: plainEnv() });
            assert.equal(bad.code, 78, `${program}: ${bad.stderr}`);
            assert.match(bad.stderr, /no-such\.conf/);
        }
    });

    test('--version tells the version of each program', async () => {
        for (const program of ['posternd', 'postern.fcgi', 'postern']) {
            const done = await run(stack.program(program), ['--version'],
                { env: plainEnv() });
            assert.equal(done.code, 0, done.stderr);
            assert.match(done.stdout, /^\S+ \d+\.\d+\.\d+\n$/);
        }
    });
});

test('SIGHUP does not end a responder', async () => {
    for (const pid of stack.pids('responder'))
        process.kill(pid, 'SIGHUP');
    const answer = await request(stack.url, 'GET', '/health');
    assert.ok([200, 503].includes(answer.status));
    assert.ok(stack.pids('responder').every(alive));
});
