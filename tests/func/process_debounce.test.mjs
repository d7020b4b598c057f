// process_debounce.test.mjs - many events about one thing, one question to its
// source: of the newest state, in time, and across a crash of the worker.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bare, Notion } from '../fakes/notion.mjs';
import { idText } from './lib/ids.mjs';
import { request } from './lib/http.mjs';
import { signed } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually, pause, slow } from './lib/wait.mjs';

const KEY = 'ntn_key';
const SECRET = 'secret_of_notion';

let stack;
let notion;
before(async () => {
    [stack, notion] = await Promise.all([
        Stack.start({ conf: { breaker_failures: 0 } }),
        Notion.start({ key: KEY }),
    ]);
});
after(async () => {
    await notion?.stop();
    await stack?.stop();
});

let serial = 0;

async function source(options = {}) {
    const name = `notion-${++serial}`;
    const answer = await stack.api().post('/api/sources', { name,
        provider: 'notion', secret: SECRET, api_key: KEY, api_url: notion.url,
        api_rate: 0, debounce_ms: 1000, debounce_max_ms: 10_000, ...options });
    assert.equal(answer.status, 201, answer.text);
    const path = `/api/v1/webhooks/${name}`;
    return {
        name,
        async send(type, page, more) {
            const bytes = JSON.stringify(notion.event(type, page, more));
            const headers = { 'X-Notion-Signature':
                signed(SECRET, bytes, 'sha256=')['X-Webhook-Signature'] };
            // Responders look for new sources a few times a second.
            await eventually(`${name} is known`, async () => {
                const got = await request(stack.url, 'POST', path,
                    { body: bytes, headers });
                if (got.status !== 404)
                    assert.equal(got.status, 202, got.text);
                return got.status === 202;
            });
        },
        async done(count) {
            return eventually(`${count} events are done`, async () => {
                const rows = await stack.sql.rows('SELECT d.* FROM ' +
                    'deliveries d JOIN sources s ON s.id = d.owner_id WHERE ' +
                    'd.kind = 2 AND s.name = ? ORDER BY d.id', [name]);
                return rows.length >= count && rows;
            }, 40_000);
        },
        // Nothing is left that has not been given its time.
        async waits() {
            return eventually(`${name}'s events wait for their turn`,
                async () => await stack.sql.count('SELECT COUNT(*) FROM ' +
                    'jobs j JOIN sources s ON s.id = j.lane >> 32 WHERE ' +
                    's.name = ? AND j.kind = 2 AND j.lane & 7 = 1',
                [name]) === 0);
        },
        async record(page) {
            const [row] = await stack.sql.rows('SELECT r.* FROM records r JOIN ' +
                'sources s ON s.id = r.source_id WHERE s.name = ? AND ' +
                'record_id = ?', [name, bare(page.id)]);
            return row && { ...row, title: row.data === null ? null
                : JSON.parse(row.data.toString()).properties.title.title[0]
                    .plain_text };
        },
    };
}

const asked = (page) => notion.requests.filter((one) =>
    one.path.endsWith(bare(page.id)));
const coalesced = (rows) => rows.filter((row) =>
    row.error_class === 'coalesced');

test('200 edits of one page in 3 s: one fetch, of the newest state',
    async () => {
        const s = await source();
        const page = notion.page({ values: { title: 'v0' } });
        const start = Date.now();
        for (let i = 1; i <= 200; i++) {
            notion.edit(page.id, { title: `v${i}` });
            await s.send('page.content_updated', page, { at: start + i });
            await pause(Math.max(0, start + i * 15 - Date.now()));
        }
        const rows = await s.done(200);
        assert.equal(asked(page).length, 1);
        assert.equal((await s.record(page)).title, 'v200');
        assert.ok(rows.every((row) => row.status === 'success'));
        const superseded = coalesced(rows);
        assert.equal(superseded.length, 199);
        // Each points to the one that came after it, or to a later one.
        const ids = new Set(rows.map((row) => idText('evt', row.event_id)));
        for (const row of superseded) {
            const [, by] = /^superseded by (evt_\w+)$/.exec(row.error_message);
            assert.ok(ids.has(by) && by > idText('evt', row.event_id), by);
        }
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM debounce'), 0);
        // All of them count as processed.
        const stats = (await stack.api().get('/api/v1/webhooks/stats')).json;
        assert.equal(stats.total_processed, 200);
    });

test('continuous edits are not put off for ever', async () => {
    const s = await source({ debounce_ms: 1000, debounce_max_ms: 2000 });
    const page = notion.page({ values: { title: 'v0' } });
    const start = Date.now();
    let sent = 0;
    while (asked(page).length === 0 && Date.now() - start < slow(10_000)) {
        await s.send('page.content_updated', page);
        sent++;
        // The next one comes when this one has taken its place.
        await s.waits();
    }
    const [first] = asked(page);
    assert.ok(first, 'it was fetched');
    assert.ok(first.wall - start < slow(4000), `${first.wall - start} ms`);
    await s.done(sent);
});

test('a delete does not wait', async () => {
    const s = await source({ debounce_ms: 60_000, debounce_max_ms: 60_000 });
    const page = notion.page({ values: { title: 'v0' } });
    await s.send('page.content_updated', page);
    notion.trash(page.id);
    await s.send('page.deleted', page);
    const rows = await s.done(2);
    assert.equal(asked(page).length, 1);
    assert.equal(coalesced(rows).length, 1);
    assert.equal(Number((await s.record(page)).deleted), 1);
});

test('an event that comes while the page is fetched begins another round',
    async () => {
        const s = await source({ debounce_ms: 0 });
        const page = notion.page({ values: { title: 'v0' } });
        notion.fail({ delay: 1500, path: new RegExp(bare(page.id)) });
        await s.send('page.content_updated', page);
        await notion.arrived(1, (one) => one.path.endsWith(bare(page.id)));
        notion.edit(page.id, { title: 'v1' });
        await s.send('page.content_updated', page);
        const rows = await s.done(2);
        assert.equal(asked(page).length, 2);
        assert.equal(coalesced(rows).length, 0);
        assert.equal((await s.record(page)).title, 'v1');
    });

test('what waits for the limit of the rate is coalesced as well', async () => {
    const s = await source({ debounce_ms: 0, api_rate: 2 });
    const pages = Array.from({ length: 6 },
        () => notion.page({ values: { title: 'v0' } }));
    const before = notion.requests.length;
    for (let i = 1; i <= 10; i++)
        for (const page of pages) {
            notion.edit(page.id, { title: `v${i}` });
            await s.send('page.content_updated', page);
        }
    await s.done(60);
    const fetches = notion.requests.slice(before);
    assert.ok(fetches.length <= 20, `${fetches.length} fetches`);
    assert.ok(notion.busiest(1000, (one) => fetches.includes(one)) <= 2);
    for (const page of pages)
        assert.equal((await s.record(page)).title, 'v10');
});

test('an outage ends with one fetch of each page', async () => {
    const s = await source({ debounce_ms: 0, max_attempts: 2, retry_delay: 1 });
    const page = notion.page({ values: { title: 'v0' } });
    notion.fail({ status: 502, times: 2, path: new RegExp(bare(page.id)) });
    await s.send('page.content_updated', page);
    await notion.arrived(1, (one) => one.path.endsWith(bare(page.id)));
    notion.edit(page.id, { title: 'v1' });
    await s.send('page.content_updated', page);
    const rows = await s.done(2);
    assert.ok(rows.every((row) => row.status === 'success'));
    assert.equal((await s.record(page)).title, 'v1');
});

test('kill -9 loses nothing of what waits', async () => {
    const s = await source({ debounce_ms: 2000 });
    const pages = Array.from({ length: 5 },
        () => notion.page({ values: { title: 'v0' } }));
    for (let i = 1; i <= 10; i++)
        for (const page of pages) {
            notion.edit(page.id, { title: `v${i}` });
            await s.send('page.content_updated', page);
        }
    await eventually('they wait', async () => (await stack.sql.count(
        'SELECT COUNT(*) FROM debounce')) === 5);
    await stack.kill('worker', 'SIGKILL');
    for (const page of pages) {
        notion.edit(page.id, { title: 'v11' });
        await s.send('page.content_updated', page);
    }
    await stack.restart('worker');
    const rows = await s.done(55);
    assert.equal(rows.length, 55);
    assert.ok(rows.every((row) => row.status === 'success'));
    for (const page of pages) {
        assert.equal((await s.record(page)).title, 'v11');
        // What was overdue does not wait for what came meanwhile.
        assert.ok(asked(page).length <= 2);
    }
    assert.equal(await stack.sql.count('SELECT COUNT(*) FROM debounce'), 0);
});

test('kill -9 in the midst of a fetch repeats it', async () => {
    const s = await source({ debounce_ms: 0 });
    const page = notion.page({ values: { title: 'v1' } });
    notion.fail({ hang: true, path: new RegExp(bare(page.id)) });
    await s.send('page.content_updated', page);
    await notion.arrived(1, (one) => one.path.endsWith(bare(page.id)));
    await stack.kill('worker', 'SIGKILL');
    await stack.restart('worker');
    const [row] = await s.done(1);
    assert.equal(row.status, 'success');
    assert.equal(Number(row.attempts), 1);
    assert.equal((await s.record(page)).title, 'v1');
});
