// relay_github.test.mjs - a push to GitHub, signed by @octokit/webhooks-methods
// and relayed: as it came, and with the members that most want to know.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { sign } from '@octokit/webhooks-methods';
import { subscribe, trigger } from './lib/gateway.mjs';
import { addSource } from './lib/provider_cases.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';

const secret = "It's a Secret to Everybody";

const push = {
    ref: 'refs/heads/feature/x', before: '0'.repeat(40),
    repository: { id: 35129377, full_name: 'octo/hello', private: false },
    pusher: { name: 'octo', email: 'octo@example.com' },
    compare: 'https://github.com/octo/hello/compare/0...1',
    commits: [
        { id: 'a'.repeat(40), message: 'Zoë\'s "change" 😀',
            timestamp: '2026-01-01T15:00:00+01:00', distinct: true,
            url: 'https://github.com/octo/hello/commit/a',
            author: { name: 'Zoë', email: 'zoe@example.com' } },
        { id: 'b'.repeat(40), message: 'Second', added: ['x'] },
    ],
};

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start(), Receiver.start()]);
    await addSource(stack, { name: 'github', provider: 'github', secret });
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

async function send(event, body) {
    const text = JSON.stringify(body);
    const answer = await stack.receive('github', text, {
        'Content-Type': 'application/json', 'X-GitHub-Event': event,
        'X-GitHub-Delivery': randomUUID(),
        'X-Hub-Signature-256': await sign(secret, text) });
    assert.equal(answer.status, 202, answer.text);
}

test('the original body, or in format github the members that count',
    async () => {
        const whole = receiver.place('whole');
        const few = receiver.place('few');
        await subscribe(stack, whole.url, ['github.push']);
        await subscribe(stack, few.url, ['github.push'], { format: 'github' });
        await send('push', push);
        assert.deepEqual((await whole.arrived(1)).json.data, push);
        const body = (await few.arrived(1)).json;
        assert.equal(body.event, 'github.push');
        assert.deepEqual(body.data, {
            repository: 'octo/hello', pusher: 'octo',
            ref: 'refs/heads/feature/x', branch: 'feature/x',
            commits: [
                { id: 'a'.repeat(40), message: 'Zoë\'s "change" 😀',
                    author: 'Zoë', timestamp: '2026-01-01T15:00:00+01:00',
                    url: 'https://github.com/octo/hello/commit/a' },
                { id: 'b'.repeat(40), message: 'Second', author: null,
                    timestamp: null, url: null }],
            commit_count: 2,
            compare: 'https://github.com/octo/hello/compare/0...1' });
        assert.equal(body.metadata.source, 'github');
    });

test('a tag has no branch', async () => {
    const place = receiver.place('tag');
    await subscribe(stack, place.url, ['github.push'], { format: 'github' });
    await send('push', { ...push, ref: 'refs/tags/v1', commits: [] });
    const { data } = (await place.arrived(1)).json;
    assert.equal(data.branch, null);
    assert.deepEqual(data.commits, []);
    assert.equal(data.commit_count, 0);
});

test('what is no push stays as it came', async () => {
    const place = receiver.place('other');
    await subscribe(stack, place.url, ['github.star.created', 'own.thing'],
        { format: 'github' });
    const star = { action: 'created', repository: { full_name: 'octo/hello' },
        starred_at: '2026-01-01T15:00:00Z' };
    await send('star', star);
    assert.deepEqual((await place.arrived(1)).json.data, star);
    await trigger(stack, 'own.thing', { ref: 7, commits: {} });
    assert.deepEqual((await place.arrived(2)).json.data,
        { ref: 7, commits: {} });
});
