// secrets.test.mjs - after a day with every kind of secret, and with all that
// can go wrong with one, none of them is found where it does not belong: not in
// a log, an answer, a table, a file of the database or the list of processes.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { closedPort, subscribe, trigger } from './lib/gateway.mjs';
import { Receiver } from './lib/receiver.mjs';
import { signed } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

let stack;
let api;
let receiver;
let dir;
const eventIds = [];
const ids = [];
let serial = 0;
// name: what must not be found.
const needles = new Map();

// A new secret of that name, to be looked for afterwards.
function secret(name) {
    const text = `Zq${++serial}x${name.replace(/\W/g, '')}` +
        `${Math.random().toString(36).slice(2)}Jw`;
    needles.set(name, text);
    return text;
}

function known(name, text) {
    assert.ok(text.length >= 12, name);
    needles.set(name, text);
    return text;
}

async function post(path, body, options) {
    const answer = await api.post(path, body, options);
    assert.ok(answer.status < 300, `${path}: ${answer.text}`);
    return answer.json;
}

async function deliverTo(url, fields) {
    const event = `secrets.n${++serial}`;
    const made = await subscribe(stack, url, [event], { retry_count: 1,
        retry_delay: 1, timeout: 2, ...fields });
    known(`made secret of ${event}`, made.secret);
    ids.push(made.id);
    const { event_id: id } = await trigger(stack, event, { n: serial });
    eventIds.push(id);
    return made;
}

// Answers with everything it was sent, as an echo service does.
const echo = (request) => ({ status: 500, body: JSON.stringify({
    headers: request.headers, body: request.body.toString() }) });

async function sendWithSecrets() {
    const said = receiver.place('echo', echo);
    const fine = receiver.place('fine');
    const basic = secret('password');
    known('basic credentials', Buffer.from(`anna:${basic}`)
        .toString('base64'));
    const granted = secret('access token');
    const tokens = receiver.place('tokens', { status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ access_token: granted, token_type: 'Bearer',
            expires_in: 60 }) });
    const clientSecret = secret('client secret');
    const refusing = receiver.place('refusing', { status: 401,
        body: JSON.stringify({ error: 'invalid_client',
            error_description: `${clientSecret} is not the secret of me` }) });
    const key = execFileSync('openssl', ['req', '-x509', '-newkey', 'ec',
        '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=me',
        '-keyout', '-', '-out', '-'], { stdio: ['ignore', 'pipe', 'ignore'] })
        .toString();
    known('private key', key.split('\n')[1]);
    const oauth2 = (place, value) => ({ type: 'oauth2', client_id: 'me',
        token_url: place.url, client_secret: value });
    for (const url of [said.url, fine.url,
        `http://127.0.0.1:${await closedPort()}/`,
        receiver.base.replace('http:', 'https:')]) {
        await deliverTo(url, { secret: secret('given secret'),
            headers: { 'X-Own': secret('header') } });
        await deliverTo(url, { auth: { type: 'basic', user: 'anna',
            password: basic } });
        await deliverTo(url, { auth: { type: 'bearer',
            token: secret('bearer') }, ed25519: true });
        await deliverTo(url, { auth: { type: 'api_key',
            token: secret('api key'), header: 'X-Key' } });
        await deliverTo(url, { auth: oauth2(tokens, secret('client')) });
        await deliverTo(url, { client_certificate: key });
    }
    await deliverTo(fine.url, { auth: oauth2(refusing, clientSecret) });
    const rotated = await post(`/api/webhooks/${ids[0]}/rotate-secret`,
        { grace_seconds: 60 });
    known('rotated secret', rotated.secret);
    await post('/api/webhooks', { url: fine.url, events: ['never'],
        secret: secret('idempotent secret') },
    { headers: { 'Idempotency-Key': 'secrets' } });
    await post('/api/webhooks/test', { url: said.url, event: 'a', data: {} });
}

async function receiveWithSecrets() {
    const hmac = await post('/api/sources', { name: 'hmac-one',
        provider: 'hmac', secret: secret('secret of a source') });
    await post('/api/sources', { name: 'fetching', provider: 'supabase',
        secret: secret('secret of supabase'), api_key: secret('key of an API'),
        api_url: receiver.place('rest', echo).url });
    const token = secret('static token');
    await post('/api/sources', { name: 'token-one', provider: 'hmac',
        verifiers: [{ kind: 'token', header: 'X-Token', secrets: [token] }] });
    const body = '{"type":"a.b","data":{}}';
    const own = needles.get('secret of a source');
    assert.ok(hmac.id);
    await eventually('the source is known', async () =>
        (await stack.receive('hmac-one', body, signed(own, body))).status
            !== 404);
    // Right, wrong, in the wrong place.
    await stack.receive('hmac-one', body, signed(secret('wrong one'), body));
    await stack.receive('hmac-one', body, { 'X-Webhook-Signature': own });
    await stack.receive('hmac-one', body, { Authorization: `Bearer ${own}` });
    await stack.receive('token-one', body, { 'X-Token': token });
    await stack.receive('token-one', body, { 'X-Token': `${token}x` });
    await stack.receive('fetching', { type: 'INSERT', table: 't',
        schema: 'public', record: { id: 1 }, old_record: null },
    signed(needles.get('secret of supabase'), JSON.stringify({
        type: 'INSERT', table: 't', schema: 'public', record: { id: 1 },
        old_record: null })));
}

// Answers that say what is wrong with a secret do not say the secret.
async function makeMistakes() {
    const url = 'https://example.com/';
    const events = ['a'];
    const bodies = [
        { secret: `whsec_${secret('no base64')}!` },
        { secret: `whsk_${secret('private signing key')}` },
        { secret: `${secret('with a line break')}\n` },
        { secret: [secret('in a list')] },
        { secret: secret('too long').repeat(50) },
        { auth: { type: 'basic', user: 'a:b', password: secret('pw 1') } },
        { auth: { type: 'basic', user: 'a', password: `${secret('pw 2')}\n` } },
        { auth: { type: 'bearer', token: `${secret('spaced')} x` } },
        { auth: { type: 'bearer', password: secret('misplaced') } },
        { auth: secret('bare auth') },
        { headers: { 'X-A': `${secret('header value')}\r\n` } },
        { client_certificate: secret('no certificate') },
    ];
    for (const body of bodies) {
        const answer = await api.post('/api/webhooks',
            { url, events, ...body });
        assert.equal(answer.status, 422, answer.text);
        for (const [name, text] of needles)
            assert.ok(!answer.text.includes(text), `${name}: ${answer.text}`);
    }
    const broken = await api.post('/api/webhooks',
        `{"url":"${url}","secret":"${secret('in broken JSON')}",}`);
    assert.equal(broken.status, 422, broken.text);
    for (const scheme of ['Bearer', 'Basic', 'Token']) {
        const answer = await api.get('/api/webhooks', { token: undefined,
            headers: { Authorization: `${scheme} ${secret('unknown token')}` } });
        assert.equal(answer.status, 401);
    }
    await api.get('/api/webhooks', { token: undefined,
        headers: { 'X-API-Key': secret('unknown key') } });
}

before(async () => {
    [stack, receiver] = await Promise.all([Stack.start({ conf: {
        log_level: 'debug', WEBHOOK_SECRET: secret('WEBHOOK_SECRET'),
        SUPABASE_KEY: secret('SUPABASE_KEY'),
        NOTION_API_KEY: secret('NOTION_API_KEY'),
        API_SECRET_KEY: secret('API_SECRET_KEY') } }), Receiver.start()]);
    api = stack.api();
    dir = mkdtempSync(join(tmpdir(), 'postern-secrets-'));
    known('token of the administrator', stack.token);
    known('secret of supabase by setup', stack.env.SUPABASE_SECRET);
    known('secret of notion by setup', stack.env.NOTION_SECRET);
    const made = await stack.cli('token', 'add', 'for tests', '--scope', 'app');
    assert.equal(made.code, 0, made.stderr);
    known('token of an application', /pst_[\w-]+/.exec(made.stdout)[0]);
    await sendWithSecrets();
    await receiveWithSecrets();
    await makeMistakes();
    await stack.drained(30_000);
    for (const what of ['worker', 'responder'])
        await stack.restart(what);
    api = stack.api();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
    if (dir)
        rmSync(dir, { recursive: true, force: true });
});

function clean(text, where) {
    for (const [name, needle] of needles)
        assert.ok(!text.includes(needle), `${name} stands in ${where}`);
}

// In files of any size.
function cleanFiles(...paths) {
    const file = join(dir, 'needles');
    writeFileSync(file, [...needles.values()].join('\n'));
    const { stdout, status } = spawnSync('grep', ['-raoF', '-f', file,
        ...paths], { encoding: 'utf8', maxBuffer: 64 << 20 });
    assert.equal(status, 1, `found: ${stdout.slice(0, 1000)}`);
}

test('there was something to be found', () => {
    assert.ok(needles.size > 50, `${needles.size}`);
    assert.ok(eventIds.length > 20);
});

describe('no secret is found', () => {
    test('in a log', () => {
        assert.match(stack.logs(), /DEBUG/, 'logs are as talkative as can be');
        cleanFiles(join(stack.dir, 'log'));
    });

    test('in a table or view', async () => {
        const { sql } = stack;
        const tables = await sql.column('SELECT table_name FROM ' +
            'information_schema.tables WHERE table_schema = DATABASE()');
        for (const table of tables)
            for (const row of await sql.rows(`SELECT * FROM \`${table}\``))
                for (const [column, value] of Object.entries(row))
                    clean(Buffer.isBuffer(value) ? value.toString('latin1')
                        : String(value), `${table}.${column}`);
    });

    test('in a file of the database, its logs included', () => {
        cleanFiles(join(stack.dir, 'db'));
    });

    test('in an answer of the API', async () => {
        const paths = ['/api/webhooks', '/api/webhooks/event-types',
            '/api/events', '/api/events/history', '/api/stats', '/api/sources',
            '/api/deliveries?limit=250', '/api/records', '/health', '/metrics',
            '/openapi.json', '/docs', '/', '/api/v1/app',
            '/api/v1/webhooks/stats',
            ...ids.map((id) => `/api/webhooks/${id}`),
            ...ids.map((id) => `/api/webhooks/${id}/deliveries`),
            ...eventIds.map((id) => `/api/events/${id}`)];
        for (const { id } of (await api.get('/api/sources')).json)
            paths.push(`/api/sources/${id}`);
        const all = (await api.get('/api/deliveries?limit=250')).json;
        assert.ok(all.length > 20);
        for (const { id } of all)
            paths.push(`/api/deliveries/${id}`);
        for (const path of paths)
            clean((await api.get(path)).text, path);
    });

    test('in what the command line shows', async () => {
        for (const args of [['webhook', 'list'], ['webhook', 'show', ids[0]],
            ['webhook', 'show', ids[2], '--json'], ['source', 'list'],
            ['source', 'show', 'fetching'], ['delivery', 'list'],
            ['delivery', 'list', '--json'], ['token', 'list'],
            ['config', 'show'], ['check']]) {
            const done = await stack.cli(...args.map(String));
            clean(done.stdout + done.stderr, `postern ${args.join(' ')}`);
        }
    });

    test('in the list of processes', () => {
        for (const what of ['worker', 'responder', 'db', 'web'])
            for (const pid of stack.pids(what))
                clean(readFileSync(`/proc/${pid}/cmdline`, 'latin1'),
                    `the command line of ${what}`);
    });
});

test('a secret may be given on stdin', async () => {
    const text = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const place = receiver.place('stdin');
    const made = await stack.cli('webhook', 'add', place.url, '--events',
        'stdin.event', '--secret-stdin', { input: `${text}\n` });
    assert.equal(made.code, 0, made.stderr);
    await trigger(stack, 'stdin.event', {});
    const { headers, body } = await place.arrived(1);
    assert.equal(headers['x-webhook-signature'],
        signed(text, body, 'sha256=')['X-Webhook-Signature']);
});
