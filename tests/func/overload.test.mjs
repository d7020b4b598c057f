// overload.test.mjs - more events than the source's API may be asked about:
// every request is answered 200, the API is asked no faster than it allows, the
// last state of every page is mirrored, and the worker does not grow.
//
// Runs alone. POSTERN_TEST_OVERLOAD_MINUTES=10 makes it 1000 events a minute for
// ten minutes over 300 pages (run it with node itself); without it the same for
// 20 seconds over 30 pages.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { bare, Notion } from '../fakes/notion.mjs';
import { request } from './lib/http.mjs';
import { hexSignature } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually, pause, slow } from './lib/wait.mjs';

const MINUTES = Number(process.env.POSTERN_TEST_OVERLOAD_MINUTES || 0);
const PER_MINUTE = 1000;
const SECONDS = MINUTES > 0 ? MINUTES * 60 : 20;
const PAGES = MINUTES > 0 ? 300 : 30;
const API_RATE = 3;
const EVENTS = Math.round(PER_MINUTE / 60 * SECONDS);
// What a start may be early or late by, on its way to the fake.
const JITTER_MS = slow(100);
const KEY = 'ntn_0123456789';

let stack;
let fake;
let tasks;
before(async () => {
    fake = await Notion.start({ key: KEY,
        rate: { limit: API_RATE, ms: 1000 } });
    tasks = fake.database({ schema: { Name: 'title', Count: 'number' } });
    stack = await Stack.start({ web: 'nginx',
        conf: { NOTION_API_KEY: KEY, notion_api_url: fake.url,
            breaker_failures: 0 } });
    await change({ api_rate: API_RATE, debounce_ms: 1000,
        debounce_max_ms: 10_000 });
    // Once a page is asked for, the worker knows where.
    await eventually('the worker knows the source', async () => {
        const page = fake.page({ source: tasks.source });
        await send(page);
        return fake.arrived(1, (one) => one.path.includes(bare(page.id)), 3000)
            .catch(() => null);
    }, 30_000);
    await stack.drained();
    fake.forget();
});
after(async () => {
    await stack?.stop();
    await fake?.stop();
});

async function change(fields) {
    const answer = await stack.api().patch('/api/sources/notion', fields);
    assert.equal(answer.status, 200, answer.text);
}

// One webhook about a page, by the cache keeper's address.
function send(page, type = 'page.content_updated') {
    const body = JSON.stringify(fake.event(type, page));
    return request(stack.url, 'POST', '/webhooks/notion', { body, headers: {
        'X-Notion-Signature': 'sha256=' + hexSignature(
            stack.env.NOTION_SECRET, body) } });
}

const count = (page) => page.properties.Count.number;

// Asserts that every page is mirrored as it is now.
async function assertMirrored(pages) {
    const rows = await stack.sql.rows('SELECT record_id, data FROM records');
    const mirrored = new Map(rows.map((row) => [row.record_id,
        row.data && JSON.parse(row.data.toString('utf8'))]));
    const wrong = pages.filter((page) => {
        const row = mirrored.get(bare(page.id));
        return !row || count(row) !== count(page);
    });
    assert.equal(wrong.length, 0, `${wrong.length} of ${pages.length} are old`);
}

function residentKb() {
    return stack.pids('worker').reduce((sum, pid) => sum + Number(
        /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`,
            'utf8'))[1]), 0);
}

test(`${EVENTS} events in ${SECONDS} s over ${PAGES} pages, ${API_RATE} ` +
    'questions a second', { timeout: slow((SECONDS * 2 + 300) * 1000) },
async () => {
    const pages = Array.from({ length: PAGES }, (_, i) => fake.page({
        source: tasks.source, values: { Name: `page ${i}`, Count: 0 } }));
    const statuses = new Map();
    const memory = [];
    const waiting = [];
    const began = Date.now();
    for (let i = 0; i < EVENTS; i++) {
        await pause(Math.max(0, began + i * 60_000 / PER_MINUTE - Date.now()));
        const page = pages[(i * 7) % PAGES];
        fake.edit(page.id, { Count: i });
        waiting.push(send(page).then(({ status, text }) => statuses.set(
            `${status} ${status === 200 ? '' : text}`,
            (statuses.get(`${status} `) ?? 0) + 1)));
        if (i % 100 === 99)
            memory.push(residentKb());
    }
    await Promise.all(waiting);
    assert.deepEqual([...statuses], [['200 ', EVENTS]]);

    // All pages once more at most, at the API's rate.
    await stack.drained(30_000 + PAGES / API_RATE * 2000);
    await assertMirrored(pages);
    const seconds = (Date.now() - began) / 1000;
    const busiest = fake.busiest(1000 - JITTER_MS);
    assert.ok(busiest <= API_RATE, `${busiest} in a second`);
    assert.ok(fake.count() <= API_RATE * (seconds + 1), `${fake.count()}`);
    assert.equal(await stack.sql.count('SELECT COUNT(*) FROM deliveries ' +
        "WHERE status <> 'success'"), 0);
    assert.equal(await stack.sql.count('SELECT COUNT(*) FROM debounce'), 0);
    const answered = fake.count(({ status }) => status === 200);
    console.log(`# ${EVENTS} events, ${fake.count()} questions ` +
        `(${fake.count() - answered} refused), at most ${busiest} in a ` +
        `second, all mirrored after ${seconds.toFixed(0)} s; worker ` +
        `${memory[0]} to ${memory.at(-1)} kB`);
    // What sanitizers keep aside is theirs.
    if (!process.env.SAN)
        assert.ok(memory.at(-1) - memory[0] < 4096, `${memory}`);
});

test('200 edits of a page in 3 s, the worker killed in their midst: one ' +
    'question, of the newest state', { timeout: slow(90_000) }, async () => {
    fake.forget();
    await change({ debounce_ms: 4000, debounce_max_ms: 60_000 });
    await eventually('the worker waits so long', async () => {
        const page = fake.page({ source: tasks.source });
        await send(page);
        await eventually('it waits', async () => stack.sql.count(
            'SELECT COUNT(*) FROM debounce'));
        const due = await stack.sql.value('SELECT MAX(TIMESTAMPDIFF(' +
            'MICROSECOND, first_at, due_at)) FROM debounce');
        await stack.drained();
        return Number(due) > 3_500_000;
    }, 60_000);
    const page = fake.page({ source: tasks.source,
        values: { Name: 'one', Count: 0 } });
    const began = Date.now();
    for (let i = 1; i <= 200; i++) {
        await pause(Math.max(0, began + i * 15 - Date.now()));
        fake.edit(page.id, { Count: i });
        const answer = await send(page);
        assert.equal(answer.status, 200, answer.text);
        if (i === 100)
            await stack.kill('worker', 'SIGKILL');
    }
    await stack.restart('worker');
    await stack.drained(slow(40_000));
    await assertMirrored([page]);
    assert.equal(fake.count((one) => one.path.includes(bare(page.id))), 1);
    assert.equal(await stack.sql.count('SELECT COUNT(*) FROM deliveries ' +
        "WHERE status <> 'success'"), 0);
    assert.equal(await stack.sql.count('SELECT COUNT(*) FROM deliveries ' +
        "WHERE error_class = 'coalesced' AND event_id IN (SELECT id FROM " +
        'events WHERE metadata LIKE ?)', [`%${bare(page.id)}%`]), 199);
});

test('beyond queue_size it is 503 with Retry-After, and what was taken is done',
    { timeout: slow(90_000) }, async () => {
        const LIMIT = 20;
        await change({ queue_size: LIMIT, debounce_ms: 0 });
        await stack.kill('worker', 'SIGKILL');
        const pages = Array.from({ length: LIMIT + 30 }, (_, i) => fake.page({
            source: tasks.source, values: { Name: `q ${i}`, Count: i } }));
        const taken = [];
        await eventually('the queue is full', async () => {
            const page = pages[taken.length];
            const answer = await send(page);
            if (answer.status === 200) {
                taken.push(page);
                return false;
            }
            assert.equal(answer.status, 503, answer.text);
            assert.match(answer.json.detail, /wait to be processed/);
            assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
            return true;
        });
        assert.ok(taken.length >= LIMIT, `${taken.length}`);
        await stack.restart('worker');
        await stack.drained(slow(60_000));
        await assertMirrored(taken);
        await eventually('there is room again', async () =>
            (await send(pages.at(-1))).status === 200);
    });
