// source_notion.test.mjs - Notion's webhooks, signed by @notionhq/client; what
// they are about is read through its API (a fake that its client understands).

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { signWebhookPayload } from '@notionhq/client';
import { bare, Notion } from '../fakes/notion.mjs';
import { addSource, assertRefused, errors, eventsOf, post } from
    './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';
import { hexSignature } from './lib/sign.mjs';
import { eventually } from './lib/wait.mjs';

const secret = 'secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl';
const key = 'ntn_0123456789';
const fake = await Notion.start({ key });
const tasks = fake.database({ name: 'Tasks', schema: { Name: 'title',
    Status: 'status' } });
const table = bare(tasks.database.id);
after(() => fake.stop());

const newPage = (n) => fake.page({ source: tasks.source,
    values: { Name: `Zoë's task ${n} 😀`, Status: 'Open' } });

function make(n) {
    const page = newPage(n);
    return { type: 'wiki.page.content_updated', headers: {},
        record: bare(page.id), page, body: JSON.stringify(fake.event(
            'page.content_updated', page, { data: { updated_blocks: [] } })) };
}

const sign = async (one, { secret: token = secret } = {}) => ({
    'X-Notion-Signature': await signWebhookPayload({ body: one.body,
        verificationToken: token }) });

const it = providerFile({ name: 'wiki', provider: 'notion', secret,
    forged: 'secret_another', status: 202, make, sign,
    more: () => ({ api_url: fake.url, api_key: key, retry_delay: 1,
        api_rate: 50, debounce_ms: 100, debounce_max_ms: 500 }),
    // What is sent again is counted in the body.
    again: (one) => ({ ...one, body: one.body.replace('"attempt_number":1',
        '"attempt_number":2') }) });

async function send(event, name = 'wiki') {
    const one = { body: JSON.stringify(event) };
    const answer = await post(it.stack, name, one, await sign(one));
    assert.ok(answer.status === 202 || answer.status === 200, answer.text);
    return answer;
}
const mirrored = (where, id, test_ = () => true) => eventually(
    `${where} ${id}`, async () => {
        const [row] = await it.stack.sql.rows('SELECT * FROM records WHERE ' +
            'table_name = ? AND record_id = ?', [where, bare(id)]);
        return row && test_(row) && row;
    });
const json = (row) => JSON.parse(row.data.toString('utf8'));
// Notion takes ids with dashes and without.
const isAbout = (id) => ({ path }) => bare(path).endsWith(bare(id));
const asked = (id) => fake.count(isAbout(id));

describe('notion, what an event is about', () => {
    test('is read and mirrored under its database', async () => {
        const page = newPage('read');
        await send(fake.event('page.properties_updated', page, { data: {
            updated_properties: ['XGe%40'] } }));
        const row = await mirrored(table, page.id);
        assert.equal(json(row).properties.Name.title[0].plain_text,
            "Zoë's task read 😀");
        assert.equal(row.verified, 'yes');
        const request = fake.requests.find(isAbout(page.id));
        assert.match(request.path, /^\/v1\/pages\/[0-9a-f-]+$/);
        assert.equal(request.headers.authorization, `Bearer ${key}`);
        assert.match(request.headers['notion-version'],
            /^20\d\d-\d\d-\d\d$/);
    });

    test('a page in the trash, and one that is not shared, are gone',
        async () => {
            for (const gone of [(page) => fake.trash(page.id),
                (page) => fake.share(page.id, false)]) {
                const page = newPage('gone');
                await send(fake.event('page.created', page));
                await mirrored(table, page.id, (row) =>
                    Number(row.deleted) === 0);
                gone(page);
                await send(fake.event('page.deleted', page));
                await mirrored(table, page.id, (row) =>
                    Number(row.deleted) === 1);
            }
        });

    test('a page that came back out of the trash is there again',
        async () => {
            const page = newPage('back');
            await send(fake.event('page.created', page));
            await mirrored(table, page.id);
            fake.trash(page.id);
            await send(fake.event('page.deleted', page));
            await mirrored(table, page.id, (row) => Number(row.deleted) === 1);
            fake.trash(page.id, false);
            await send(fake.event('page.undeleted', page));
            await mirrored(table, page.id, (row) => Number(row.deleted) === 0);
        });

    test('databases and data sources are records of their own', async () => {
        for (const [type, entity] of [['database.created', tasks.database],
            ['data_source.schema_updated', tasks.source]]) {
            await send(fake.event(type, entity));
            const row = await mirrored(entity.object, entity.id);
            assert.equal(json(row).object, entity.object);
            assert.equal(asked(entity.id), 1);
        }
    });

    test('a type that nobody knows yet is stored', async () => {
        const page = newPage('new');
        await send(fake.event('page.sparkled', page));
        const event = (await eventsOf(it.stack, 'wiki')).at(-1);
        assert.equal(event.type, 'wiki.page.sparkled');
    });

    test('429, 529 and 503 are waited out', async () => {
        for (const status of [429, 529, 503]) {
            const page = newPage(status);
            fake.fail({ status, retryAfter: 1,
                path: `${page.id}|${bare(page.id)}` });
            await send(fake.event('page.created', page));
            await mirrored(table, page.id, (row) => row.verified === 'yes');
            assert.equal(asked(page.id), 2);
        }
    });

    test('a key that is wrong stops the asking, not the taking', async () => {
        await addSource(it.stack, { name: 'locked', provider: 'notion',
            secret, api_url: fake.url, api_key: 'ntn_wrong',
            debounce_ms: 0 });
        const pages = [1, 2, 3].map(newPage);
        for (const page of pages)
            await send(fake.event('page.created', page), 'locked');
        await eventually('it was asked', () => pages.some((page) =>
            asked(page.id) > 0));
        assert.equal((await eventsOf(it.stack, 'locked')).length, 3);
        assert.equal(await it.stack.sql.count('SELECT COUNT(*) FROM ' +
            "deliveries WHERE status = 'failed'"), 0);
    });
});

describe('notion, who is listened to', () => {
    const name = 'watching';
    before(() => addSource(it.stack, { name, provider: 'notion', secret,
        api_url: fake.url, api_key: key, debounce_ms: 0,
        watch: [tasks.database.id], ignore_authors: [fake.bot.id] }));

    test('other databases and our own changes are ignored', async () => {
        const other = fake.database({ name: 'Other' });
        const elsewhere = fake.page({ source: other.source });
        const page = newPage('own');
        for (const [event, reason] of [
            [fake.event('page.created', elsewhere), 'database not watched'],
            [fake.event('page.created', page, { authors: [
                { id: fake.bot.id, type: 'bot' }] }), 'own change'],
        ]) {
            const answer = await send(event, name);
            assert.equal(answer.status, 200, answer.text);
            assert.deepEqual(answer.json, { status: 'ignored', reason });
        }
        assert.equal((await eventsOf(it.stack, name)).length, 0);
        const answer = await send(fake.event('page.created', page), name);
        assert.equal(answer.status, 202, answer.text);
    });
});

describe('notion, the one-time token', () => {
    const name = 'pending';
    const token = `secret_${randomUUID().replaceAll('-', '')}`;
    const tokenBody = (text) => JSON.stringify({ verification_token: text });
    const sendToken = async (text, signed = true) => {
        const one = { body: tokenBody(text) };
        return post(it.stack, name, one, signed
            ? await sign(one, { secret: text }) : {});
    };
    const cli = async (...args) => {
        const done = await it.stack.cli('source', ...args);
        assert.equal(done.code, 0, done.stderr);
        return done.stdout;
    };
    before(() => addSource(it.stack, { name, provider: 'notion',
        secret: 'secret_of_before', api_url: fake.url, api_key: key,
        debounce_ms: 0 }));

    test('is refused while nobody awaits it', async () => {
        await assertRefused(it.stack, name, () => sendToken(token), 401, /./);
    });

    test('is kept once it is awaited, and signs once it is confirmed',
        async () => {
            await cli('await', name);
            const taken = await eventually('the token is taken', async () => {
                const answer = await sendToken(token);
                return answer.status === 200 && answer;
            });
            assert.ok(!taken.text.includes(token));
            // Whoever comes later does not replace it.
            await sendToken('secret_of_an_attacker', false);
            const one = { body: JSON.stringify(fake.event('page.created',
                newPage('later'))) };
            const early = await post(it.stack, name, one, await sign(one,
                { secret: token }));
            assert.equal(early.status, 401, early.text);
            await cli('confirm', name);
            await eventually('it signs', async () => (await post(it.stack,
                name, one, await sign(one, { secret: token }))).status === 202);
            await assertRefused(it.stack, name, async () => post(it.stack,
                name, one, await sign(one, { secret:
                    'secret_of_an_attacker' })), ...errors.forged);
            await assertRefused(it.stack, name,
                () => sendToken('secret_of_an_attacker', false), 401, /./);
        });
});

describe('the command that simulates it', () => {
    const simulate = (...args) => it.stack.cli('simulate', 'notion', ...args,
        '--source', 'wiki', '--url', it.stack.url);

    test('page.updated reads the page anew', async () => {
        const page = newPage('simulated');
        const done = await simulate('page.updated', '--page', bare(page.id),
            '--database', tasks.database.id);
        assert.equal(done.code, 0, done.stderr);
        assert.match(done.stdout, /^202 \{"status":"accepted"/);
        const event = (await eventsOf(it.stack, 'wiki')).at(-1);
        assert.equal(event.type, 'wiki.page.content_updated');
        assert.equal(Number(event.verified), 1);
        const row = await mirrored(table, page.id);
        assert.equal(json(row).id, page.id);
    });

    test('the same event id is a repeat', async () => {
        const page = newPage('repeated');
        const id = randomUUID();
        for (const [attempt, status] of [['1', 202], ['2', 200]]) {
            const done = await simulate('page.created', '--page', page.id,
                '--id', id, '--attempt', attempt, '--json');
            assert.equal(JSON.parse(done.stdout).status, status);
        }
    });

    test('signs with the token that it is given', async () => {
        const page = newPage('forged');
        const refused = await simulate('page.updated', '--page', page.id,
            '--secret', 'secret_wrong');
        assert.equal(refused.code, 1);
        assert.match(refused.stdout, /^401 /);
        const done = await it.stack.cli('simulate', 'notion', 'page.moved',
            '--page', page.id, '--source', 'wiki', '--url', it.stack.url,
            '--secret-stdin', { input: `${secret}\n` });
        assert.equal(done.code, 0, done.stderr);
    });

    test('its bodies are what @notionhq/client signs', async () => {
        const id = randomUUID();
        const done = await simulate('data_source.updated', '--data-source',
            id, '--database', tasks.database.id, '--dry-run');
        const [head, text] = done.stdout.split('\n\n');
        const body = text.trimEnd();
        assert.ok(head.includes(`X-Notion-Signature: ${await
        signWebhookPayload({ body, verificationToken: secret })}`), head);
        const event = JSON.parse(body);
        const like = fake.event('data_source.content_updated',
            { ...tasks.source, id }, { data: { updated_blocks: [] } });
        assert.deepEqual(Object.keys(event), Object.keys(like));
        assert.deepEqual(event.entity, like.entity);
        assert.equal(event.type, like.type);
    });

    test('a wrong command line sends nothing', async () => {
        for (const [code, ...args] of [[64], [64, 'page'],
            [64, 'page.updated'], [64, 'team.updated', '--page',
                randomUUID()], [65, 'page.updated', '--page', '123'],
            [65, 'page.updated', '--page', `${randomUUID()}0`],
            [64, 'page.updated', '--page', randomUUID(), '--attempt', '9'],
            [64, 'page.updated', '--page', randomUUID(), 'more']]) {
            const done = await simulate(...args);
            assert.equal(done.code, code, `${args}: ${done.stderr}`);
            assert.equal(done.stdout, '');
        }
    });
});

describe('the documented body', () => {
    test('is taken by either signature', async () => {
        const page = newPage('documented');
        const body = JSON.stringify({ event_type: 'page.updated',
            workspace_id: 'w', database_id: tasks.database.id,
            page_id: page.id, user_id: 'u', timestamp: '2026-01-01T15:00:00Z',
            changes: {} });
        for (const headers of [await sign({ body }),
            { 'X-Webhook-Signature': hexSignature(secret, body) }]) {
            const answer = await post(it.stack, 'wiki', { body }, headers);
            assert.equal(answer.status, 202, answer.text);
        }
        await mirrored(table, page.id);
    });
});
