// receive_notion.test.mjs - /webhooks/notion: the source `notion` in the words
// of a receiver that keeps a cache.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertGolden, ID } from './lib/golden.mjs';
import { request } from './lib/http.mjs';
import { assertRefused, eventsOf, setSource, sourceNamed } from
    './lib/provider_cases.mjs';
import { hexSignature } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const WATCHED = 'e8d4b0a1c7f24a9e8f2d5c3b1a6e9f4d';
const OTHER = '11111111222233334444555555555555';

let stack;
before(async () => {
    stack = await Stack.start({ web: 'nginx' });
});
after(() => stack?.stop());

let serial = 0;

// The documented body, of a page of its own.
function body(changes = {}) {
    serial += 1;
    return JSON.stringify({
        event_type: 'page.updated', workspace_id: 'workspace',
        database_id: WATCHED,
        page_id: `a1b2c3d4-e5f6-7890-abcd-${String(serial).padStart(12, '0')}`,
        user_id: 'user', timestamp: '2026-01-01T15:00:00Z',
        changes: { properties: ['Status'] }, ...changes });
}

const signedBy = (secret, text) => ({
    'X-Notion-Signature': `sha256=${hexSignature(secret, text)}` });

const send = (text, headers) => request(stack.url, 'POST', '/webhooks/notion',
    { body: text, headers: headers ??
        signedBy(stack.env.NOTION_SECRET, text) });

describe('/webhooks/notion', () => {
    test('an event is queued, under its id', async () => {
        const answer = await send(body());
        assert.equal(answer.status, 200, answer.text);
        const { evt } = assertGolden(answer.body, 'receive_notion_queued',
            { evt: ID('evt') });
        const event = await stack.api().get(`/api/events/${evt}`);
        assert.equal(event.status, 200, event.text);
        assert.match(event.text, /notion\.page\.updated/);
    });

    test("Notion's own event is queued, and its repeat is the same event",
        async () => {
            const text = (attempt) => JSON.stringify({
                id: '56c3e00c-4f0c-4566-9676-4b058a50a03d',
                timestamp: '2026-01-01T15:00:00.000Z', workspace_id: 'w',
                subscription_id: 's', integration_id: 'i',
                type: 'page.content_updated', authors: [],
                attempt_number: attempt,
                entity: { id: '153104cd-477e-809d-8dc4-ff2d96ae3090',
                    type: 'page' },
                data: { parent: { id: WATCHED, type: 'database' } } });
            const first = await send(text(1));
            assert.equal(first.status, 200, first.text);
            assert.equal(first.json.status, 'queued');
            const count = (await eventsOf(stack, 'notion')).length;
            const again = await send(text(2));
            assert.deepEqual(again.json, first.json);
            assert.equal((await eventsOf(stack, 'notion')).length, count);
        });

    test('a wrong signature is the documented 401', async () => {
        const text = body();
        for (const headers of [{}, signedBy('another', text)]) {
            const answer = await assertRefused(stack, 'notion',
                () => send(text, headers), 401,
                /^(missing_signature|signature_mismatch)$/);
            assertGolden(answer.body, 'receive_notion_invalid_signature');
            assert.equal(answer.headers['www-authenticate'], undefined);
        }
    });

    test('every other refusal is a detail', async () => {
        const broken = '{"event_type":';
        const invalid = await assertRefused(stack, 'notion',
            () => send(broken), 422, /./);
        assert.ok(Array.isArray(invalid.json.detail), invalid.text);
        const large = body({ changes: 'x'.repeat(102_400) });
        const tooLarge = await assertRefused(stack, 'notion',
            () => send(large), 413, /^payload_too_large$/);
        assert.equal(typeof tooLarge.json.detail, 'string');
        const text = body();
        const badType = await assertRefused(stack, 'notion', () => send(text, {
            ...signedBy(stack.env.NOTION_SECRET, text),
            'Content-Type': 'text/plain' }), 415, /^unsupported_media_type$/);
        assert.equal(typeof badType.json.detail, 'string');
        const got = await request(stack.url, 'GET', '/webhooks/notion');
        assert.equal(got.status, 405);
        assert.equal(typeof got.json.detail, 'string');
    });

    test('a database that nobody watches is ignored, on both faces',
        { timeout: 60_000 }, async () => {
            const { id } = await sourceNamed(stack, 'notion');
            await setSource(stack, id, { watch: [WATCHED] });
            await eventually('the watch list counts', async () =>
                (await send(body({ database_id: OTHER }))).json.status ===
                    'ignored');
            const count = (await eventsOf(stack, 'notion')).length;
            const answer = await send(body({ database_id: OTHER }));
            assert.equal(answer.status, 200, answer.text);
            assertGolden(answer.body, 'receive_ignored');
            const text = body({ database_id: OTHER });
            const documented = await stack.receive('notion', text,
                signedBy(stack.env.NOTION_SECRET, text));
            assert.equal(documented.status, 200, documented.text);
            assertGolden(documented.body, 'receive_ignored');
            assert.equal((await eventsOf(stack, 'notion')).length, count);
            const watched = await send(body());
            assert.equal(watched.json.status, 'queued', watched.text);

            // The test endpoint says the same.
            for (const [database, processed] of [[OTHER, false],
                [WATCHED, true]]) {
                const told = await request(stack.url, 'POST',
                    '/api/v1/webhooks/test?source=notion',
                    { body: body({ database_id: database }) });
                assert.equal(told.status, 200, told.text);
                assert.equal(told.json.would_be_processed, processed);
            }
        });
});
