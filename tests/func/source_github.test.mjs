// source_github.test.mjs - GitHub's webhooks, signed by
// @octokit/webhooks-methods: as JSON and as forms.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { sign } from '@octokit/webhooks-methods';
import { hexSignature } from './lib/sign.mjs';
import { assertRefused, errors, eventsOf, post, sourceRow } from
    './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';
import { eventually } from './lib/wait.mjs';

const secret = "It's a Secret to Everybody";

// As GitHub prints it: compact, members in its order.
const push = (n) => JSON.stringify({
    ref: 'refs/heads/main', before: '0'.repeat(40),
    after: n.toString(16).padStart(40, 'a'),
    repository: { id: 35129377, full_name: 'octo/hello', private: false,
        owner: { login: 'octo' } },
    pusher: { name: 'octo' }, sender: { login: 'octo', id: 6752317 },
    head_commit: { id: n.toString(16).padStart(40, 'a'),
        message: `Zoë's change ${n} 😀`,
        timestamp: '2026-01-01T15:00:00+01:00' },
});

const make = (n) => ({ body: push(n), type: 'github.push', headers: {
    'User-Agent': 'GitHub-Hookshot/044aadd', 'X-GitHub-Event': 'push',
    'X-GitHub-Hook-ID': '292430182', 'X-GitHub-Delivery': randomUUID() } });

const it = providerFile({
    provider: 'github', secret, forged: 'another secret', status: 202,
    make,
    // The library signs text alone; bytes that are none are signed as it would.
    sign: async (one, { secret: key }) => ({ 'X-Hub-Signature-256':
        Buffer.isBuffer(one.body) ? `sha256=${hexSignature(key, one.body)}`
            : await sign(key, one.body) }),
});

async function send(one, body = one.body) {
    return post(it.stack, 'github', { ...one, body }, {
        'X-Hub-Signature-256': `sha256=${hexSignature(secret, body)}` });
}

describe('github, its ways', () => {
    test('an event with an action is named by it, about its object',
        async () => {
            const body = JSON.stringify({ action: 'opened', number: 7,
                pull_request: { id: 34778301, number: 7, title: 'Hello',
                    updated_at: '2026-01-01T15:00:00Z' },
                repository: { full_name: 'octo/hello' },
                sender: { login: 'octo' } });
            const answer = await send({ ...make(1), body, headers: {
                ...make(1).headers, 'X-GitHub-Event': 'pull_request' } });
            assert.equal(answer.status, 202, answer.text);
            const event = (await eventsOf(it.stack, 'github')).at(-1);
            assert.equal(event.type, 'github.pull_request.opened');
            const metadata = JSON.parse(event.metadata);
            assert.equal(metadata.record_id, '34778301');
            assert.equal(metadata.timestamp, '2026-01-01T15:00:00Z');
        });

    test('a form is verified as it came and stored as the JSON in it',
        async () => {
            const one = make(40);
            const body = new URLSearchParams({ payload: one.body }).toString();
            const answer = await send({ ...one,
                contentType: 'application/x-www-form-urlencoded' }, body);
            assert.equal(answer.status, 202, answer.text);
            const event = (await eventsOf(it.stack, 'github')).at(-1);
            assert.equal(event.type, 'github.push');
            assert.equal(event.payload.toString('utf8'), one.body);
        });

    test('a form whose payload is cut off is 422', async () => {
        const body = new URLSearchParams({ payload: '{"ref":' }).toString();
        await assertRefused(it.stack, 'github', () => send({ ...make(41),
            contentType: 'application/x-www-form-urlencoded' }, body),
        ...errors.invalid);
    });

    test('its first ping is an event like any other', async () => {
        const body = JSON.stringify({ zen: 'Keep it logically awesome.',
            hook_id: 1, hook: { type: 'Repository', id: 1 } });
        const answer = await send({ ...make(1), body, headers: {
            ...make(1).headers, 'X-GitHub-Event': 'ping' } });
        assert.equal(answer.status, 202, answer.text);
        assert.equal((await eventsOf(it.stack, 'github')).at(-1).type,
            'github.ping');
    });

    test('the old sha1 signature alone does not count', async () => {
        const one = make(50);
        await assertRefused(it.stack, 'github', () => post(it.stack, 'github',
            one, { 'X-Hub-Signature': `sha1=${'0'.repeat(40)}` }),
        ...errors.unsigned);
    });

    test('a wrong form of signature is told from a wrong one', async () => {
        const one = make(51);
        const mac = hexSignature(secret, one.body);
        for (const value of [mac, `sha256=${mac.slice(0, 62)}`, 'sha256=',
            `sha1=${mac}`])
            await assertRefused(it.stack, 'github', () => post(it.stack,
                'github', one, { 'X-Hub-Signature-256': value }),
            ...errors.malformed);
    });

    test('what was refused can be read through the API', async () => {
        const list = await eventually('the last one is there', async () => {
            const answer = await it.stack.api().get(
                `/api/sources/${it.source.id}/rejections?limit=5`);
            assert.equal(answer.status, 200, answer.text);
            return answer.json[0].reason === 'malformed_signature' &&
                answer.json;
        });
        assert.equal(list.length, 5);
        assert.equal(list[0].status, 401);
        assert.equal(await it.stack.sql.count('SELECT COUNT(*) FROM ' +
            "rejections WHERE source_id = ? AND (detail LIKE '%sha256=%' OR " +
            'detail LIKE ?)', [await sourceRow(it.stack, 'github'),
            `%${secret}%`]), 0);
    });
});
