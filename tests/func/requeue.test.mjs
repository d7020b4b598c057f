// requeue.test.mjs - a repeat of an event whose processing failed for good has
// it processed again, once; any other repeat changes nothing.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { signWebhookPayload } from '@notionhq/client';
import { bare, Notion } from '../fakes/notion.mjs';
import { addSource, eventsOf, post } from './lib/provider_cases.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const name = 'wiki';
const secret = 'secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl';
const key = 'ntn_0123456789';

describe('a repeat', () => {
    let stack, fake, tasks, page;

    before(async () => {
        [stack, fake] = await Promise.all([Stack.start({ web: 'nginx' }),
            Notion.start({ key })]);
        tasks = fake.database({ name: 'Tasks', schema: { Name: 'title' } });
        await addSource(stack, { name, provider: 'notion', secret,
            api_url: fake.url, api_key: key, api_rate: 50, debounce_ms: 0,
            max_attempts: 1, when_down: 'fail' });
    });
    after(async () => {
        await fake?.stop();
        await stack?.stop();
    });

    const send = async (event, attempt = 1) => {
        const body = JSON.stringify({ ...event, attempt_number: attempt });
        const answer = await post(stack, name, { body }, {
            'X-Notion-Signature': await signWebhookPayload({ body,
                verificationToken: secret }) });
        return { ...answer.json, status: answer.status };
    };
    const jobs = () => stack.sql.count(
        'SELECT COUNT(*) FROM jobs WHERE kind = 2');
    const rejected = () => stack.sql.count(
        "SELECT COUNT(*) FROM rejections WHERE reason = 'duplicate'");
    const ended = (status, count) => eventually(`${count} ${status}`,
        async () => await stack.sql.count('SELECT COUNT(*) FROM deliveries ' +
            'WHERE kind = 2 AND status = ?', [status]) === count &&
            await jobs() === 0);
    const record = async () => (await stack.sql.rows('SELECT * FROM records ' +
        'WHERE table_name = ? AND record_id = ?',
    [bare(tasks.database.id), bare(page.id)]))[0];

    test('of a failed event has it processed again', async () => {
        page = fake.page({ source: tasks.source, values: { Name: 'one' } });
        const event = fake.event('page.created', page);
        fake.fail({ status: 500, times: 100 });
        assert.equal((await send(event)).status, 202);
        await ended('failed', 1);

        // It fails as before.
        const again = await send(event, 2);
        assert.equal(again.status, 200);
        await ended('failed', 2);

        fake.heal();
        await send(event, 3);
        await ended('success', 1);
        assert.equal((await record()).verified, 'yes');

        // One event, and a chain of deliveries, each of which repeats the one
        // before.
        assert.equal((await eventsOf(stack, name)).length, 1);
        const chain = await stack.sql.rows('SELECT * FROM deliveries ' +
            'WHERE kind = 2 ORDER BY id');
        assert.deepEqual(chain.map((row) => row.retry_of),
            [null, chain[0].id, chain[1].id]);
        // They had their effect, so nobody looks for them in the rejections.
        assert.equal(await rejected(), 0);
    });

    test('of one that succeeded changes nothing', async () => {
        const [event] = await eventsOf(stack, name);
        const body = JSON.parse(event.payload.toString('utf8'));
        const requests = fake.count(() => true);
        const answer = await send(body, 4);
        assert.equal(answer.status, 200);
        assert.match(answer.details.event_id, /^evt_/);
        assert.equal(await jobs(), 0);
        assert.equal(fake.count(() => true), requests);
        await eventually('it has its row', async () => await rejected() === 1);
    });

    test('twenty times at once is one', async () => {
        page = fake.page({ source: tasks.source, values: { Name: 'two' } });
        const event = fake.event('page.created', page);
        fake.fail({ status: 500, times: 100 });
        await send(event);
        await ended('failed', 3);
        fake.heal();
        const answers = await Promise.all(
            Array.from({ length: 20 }, (_, i) => send(event, 2 + i)));
        assert.ok(answers.every(({ status }) => status === 200));
        await ended('success', 2);
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM deliveries ' +
            'WHERE kind = 2 AND retry_of IS NOT NULL AND status = ?',
        ['success']), 2);
        assert.equal((await eventsOf(stack, name)).length, 2);
    });
});
