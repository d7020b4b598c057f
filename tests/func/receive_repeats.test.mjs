// receive_repeats.test.mjs - what was received before and comes again is
// recognised by every face, has a row in the rejections, is counted, and makes
// nothing happen; whatever was killed meanwhile.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { request } from './lib/http.mjs';
import { known } from './lib/known.mjs';
import { addSource, assertRefused, eventsOf, post, setSource, sourceNamed }
    from './lib/provider_cases.mjs';
import { fresh } from './lib/receive_cases.mjs';
import { hexSignature, signed } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const SECRET = 'a secret of these tests';
const SHARED = "the operator's secret";

let stack;
before(async () => {
    stack = await Stack.start({ web: 'nginx',
        conf: { webhook_secret: SHARED } });
    await addSource(stack, { name: 'shop', provider: 'hmac', secret: SECRET,
        dedupe: 'json:metadata.event_id' });
});
after(() => stack?.stop());

const rows = (name, where = 'TRUE') => stack.sql.rows('SELECT r.* FROM ' +
    'rejections r JOIN sources s ON s.id = r.source_id WHERE s.name = ? AND ' +
    `${where} ORDER BY r.id`, [name]);
const statsOf = async (name) => {
    const answer = await stack.api().get(`/api/sources/${name}/stats`);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
};

// The documented body with an id of its own.
function withId(name, changes = {}) {
    return JSON.stringify(fresh({ source: name, metadata: { schema: 'public',
        event_id: randomUUID() }, ...changes }));
}
const send = (name, body, secret = SECRET) => post(stack, name, { body },
    signed(secret, body));

describe('a repeat', () => {
    test('is answered with the first event, and has a row that names it',
        async () => {
            const body = withId('supabase');
            const first = await stack.receive('supabase', body);
            assert.equal(first.status, 202, first.text);
            const event = (await eventsOf(stack, 'supabase')).at(-1);
            const again = await assertRefused(stack, 'supabase',
                () => stack.receive('supabase', body), 200, /^duplicate$/);
            const { event_id: id, ...details } = again.json.details;
            assert.deepEqual(details, first.json.details);
            const [row] = (await rows('supabase')).slice(-1);
            assert.equal(row.detail, `Received before, as ${id}`);
            assert.equal(row.remote_address, '127.0.0.1');
            const shown = await stack.api().get(`/api/events/${id}`);
            assert.equal(shown.status, 200, shown.text);
            assert.equal((await eventsOf(stack, 'supabase')).at(-1).id,
                event.id);
        });

    test('without an id it is another event: two equal changes are legal',
        async () => {
            const body = JSON.stringify(fresh({ metadata: {} }));
            for (let i = 0; i < 2; i++) {
                const answer = await stack.receive('supabase', body);
                assert.equal(answer.status, 202, answer.text);
            }
        });

    test('on the face of a cache keeper is the same event, with a row',
        async () => {
            const body = JSON.stringify({ id: randomUUID(),
                timestamp: '2026-01-01T15:00:00.000Z', workspace_id: 'w',
                subscription_id: 's', integration_id: 'i', authors: [],
                type: 'page.content_updated', attempt_number: 1, entity: {
                    id: randomUUID(), type: 'page' },
                data: { parent: { id: randomUUID(), type: 'database' } } });
            const knock = () => request(stack.url, 'POST', '/webhooks/notion',
                { body, headers: { 'X-Notion-Signature': 'sha256=' +
                    hexSignature(stack.env.NOTION_SECRET, body) } });
            const first = await knock();
            assert.equal(first.json.status, 'queued', first.text);
            const again = await assertRefused(stack, 'notion', knock, 200,
                /^duplicate$/);
            assert.deepEqual(again.json, first.json);
            // And it is one on the other face.
            await assertRefused(stack, 'notion', () => post(stack, 'notion',
                { body }, { 'X-Notion-Signature': 'sha256=' +
                    hexSignature(stack.env.NOTION_SECRET, body) }), 200,
            /^duplicate$/);
        });

    test('is one after the responder was killed', async () => {
        const body = withId('shop');
        assert.equal((await send('shop', body)).status, 202);
        await stack.kill('responder', 'SIGKILL');
        await stack.restart('responder');
        await known(stack, 'shop');
        await assertRefused(stack, 'shop', () => send('shop', body), 200,
            /^duplicate$/);
    });

    test('is one after the database and the worker were killed', async () => {
        const body = withId('shop');
        assert.equal((await send('shop', body)).status, 202);
        await stack.kill('worker', 'SIGKILL');
        await stack.kill('db', 'SIGKILL');
        await stack.restart('db');
        await stack.restart('worker');
        await eventually('the responder has found the database', async () =>
            (await send('shop', withId('shop'))).status === 202);
        await assertRefused(stack, 'shop', () => send('shop', body), 200,
            /^duplicate$/);
        await stack.drained();
    });

    test('of twenty at once, nineteen have a row', async () => {
        const body = withId('shop');
        const before = (await rows('shop', "reason = 'duplicate'")).length;
        const count = (await eventsOf(stack, 'shop')).length;
        const answers = await Promise.all(Array.from({ length: 20 },
            () => send('shop', body)));
        assert.deepEqual(answers.map((answer) => answer.status).sort(),
            [...Array(19).fill(200), 202]);
        assert.equal((await eventsOf(stack, 'shop')).length, count + 1);
        await eventually('nineteen rows', async () => (await rows('shop',
            "reason = 'duplicate'")).length === before + 19);
    });
});

test('a storm of repeats is answered and counted, and hides no forged request',
    { timeout: 60_000 }, async () => {
        await addSource(stack, { name: 'storm', provider: 'hmac',
            secret: SECRET, dedupe: 'json:metadata.event_id' });
        const body = withId('storm');
        assert.equal((await send('storm', body)).status, 202);
        const dropped = async () => (await stack.sql.rows('SELECT detail ' +
            "FROM rejections WHERE reason = 'dropped' AND detail LIKE " +
            "'%received before'")).map(({ detail }) => Number(detail
            .split(' ')[0])).reduce((a, b) => a + b, 0);
        const before = await dropped();
        const count = 2000;
        for (let sent = 0; sent < count; sent += 100) {
            const answers = await Promise.all(Array.from({ length: 100 },
                () => send('storm', body)));
            assert.ok(answers.every(({ status, json }) => status === 200 &&
                json.status === 'duplicate'));
            if (sent === 1000)
                assert.equal((await send('storm', body, 'forged')).status, 401);
        }
        await eventually('all of them are accounted for', async () =>
            (await rows('storm', "reason = 'duplicate'")).length +
            await dropped() - before === count);
        assert.equal((await rows('storm', "reason = 'signature_mismatch'"))
            .length, 1);
        assert.equal((await eventsOf(stack, 'storm')).length, 1);
        const { total } = await statsOf('storm');
        assert.equal(total.repeated, count);
        assert.equal(total.rejected, 1);
    });

test('what nobody watches is counted, for the API and for SQL', async () => {
    await addSource(stack, { name: 'picky', provider: 'hmac', secret: SECRET,
        watch: ['orders'], dedupe: 'json:metadata.event_id' });
    const wanted = withId('picky', { table_name: 'orders' });
    assert.equal((await send('picky', wanted)).status, 202);
    assert.equal((await send('picky', wanted)).status, 200);
    for (let i = 0; i < 3; i++) {
        const answer = await send('picky', withId('picky'));
        assert.equal(answer.json.status, 'ignored', answer.text);
    }
    assert.equal((await send('picky', wanted, 'forged')).status, 401);
    const want = { processed: 1, failed: 0, retries: 0, rejected: 1,
        ignored: 3, repeated: 1, mismatched: 0 };
    await eventually('all are counted', async () => {
        assert.deepEqual(await statsOf('picky'),
            { last_24h: want, total: want });
        return true;
    });
    const [row] = await stack.sql.rows('SELECT * FROM report_sources_daily ' +
        "WHERE source = 'picky'");
    for (const name of ['processed', 'rejected', 'ignored', 'repeated'])
        assert.equal(Number(row[name]), want[name], name);
    assert.equal((await rows('picky', "reason = 'ignored'")).length, 0);
    const nobody = await stack.api().get('/api/sources/nobody/stats');
    assert.equal(nobody.status, 404, nobody.text);
});

test('a reason that there is not is 422, and tells those that there are',
    async () => {
        const ask = (reason) => stack.api().get(
            `/api/sources/shop/rejections?reason=${reason}`);
        for (const reason of ['duplicates', 'dropped', '']) {
            const answer = await ask(reason);
            assert.equal(answer.status, 422, answer.text);
            const [{ loc, msg, type }] = answer.json.detail;
            assert.deepEqual(loc, ['query', 'reason']);
            assert.equal(type, 'type_error.enum');
            assert.match(msg, /^value is not a valid enumeration member; /);
            for (const word of msg.match(/'[a-z_]+'/g))
                assert.equal((await ask(word.slice(1, -1))).status, 200, word);
        }
        const told = await stack.cli('source', 'rejections', 'shop',
            '--reason', 'duplicates');
        assert.equal(told.code, 64, told.stderr);
        assert.match(told.stderr, /'duplicate'/);
    });

test('every reason in the table is one that can be asked for', async () => {
    const { json } = await stack.api().get(
        '/api/sources/shop/rejections?reason=x');
    const words = json.detail[0].msg.match(/[a-z_]+(?=')/g);
    for (const { reason } of await stack.sql.rows('SELECT DISTINCT reason ' +
        'FROM rejections WHERE source_id > 0'))
        assert.ok(words.includes(reason), reason);
});

test('a source that takes a name over gets what is sent from then on',
    async () => {
        for (const remake of [
            async () => {
                const { id } = await sourceNamed(stack, 'twin');
                const gone = await stack.api().delete(`/api/sources/${id}`);
                assert.equal(gone.status, 204, gone.text);
                const made = await stack.api().post('/api/sources',
                    { name: 'twin', provider: 'hmac', secret: SECRET });
                assert.equal(made.status, 201, made.text);
            },
            // Another process: the responder is told by nobody.
            async () => {
                for (const args of [['rm', 'twin'], ['add', 'twin',
                    '--provider', 'hmac', '--secret', SECRET]]) {
                    const done = await stack.cli('source', ...args);
                    assert.equal(done.code, 0, done.stderr);
                }
            },
        ]) {
            if ((await stack.sql.count('SELECT COUNT(*) FROM sources WHERE ' +
                "live_name = 'twin'")) === 0)
                await addSource(stack, { name: 'twin', provider: 'hmac',
                    secret: SECRET });
            const old = await stack.sql.count(
                "SELECT id FROM sources WHERE live_name = 'twin'");
            assert.equal((await send('twin', withId('twin'))).status, 202);
            await remake();
            const now = await stack.sql.count(
                "SELECT id FROM sources WHERE live_name = 'twin'");
            assert.notEqual(now, old);
            for (let i = 0; i < 5; i++)
                assert.equal((await send('twin', withId('twin'))).status, 202);
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM events ' +
                'WHERE source_id = ?', [now]), 5);
        }
    });

test("the operator's secret opens no other application's source", async () => {
    const made = await stack.api().post('/api/v1/app', { name: 'tenant' });
    assert.equal(made.status, 201, made.text);
    await addSource(stack, { name: 'mine', provider: 'hmac' });
    await addSource(stack, { name: 'theirs', provider: 'hmac',
        application: 'tenant' });
    for (const name of ['mine', 'theirs'])
        await setSource(stack, name, { secret: null });
    await eventually('without a secret of its own, mine takes it', async () =>
        (await send('mine', withId('mine'), SHARED)).status === 202);
    const body = withId('theirs');
    await eventually('theirs has no secret any more', async () => {
        assert.equal((await send('theirs', body, SHARED)).status, 401);
        return (await rows('theirs', "reason = 'no_secret'")).length > 0;
    });
    assert.equal((await eventsOf(stack, 'theirs')).length, 0);
});
