// source_bitbucket.test.mjs - Bitbucket Cloud's webhooks. It has no library;
// its header has the name of GitHub's old one and SHA-256 in it.

import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { hexSignature } from './lib/sign.mjs';
import { assertRefused, errors, eventsOf, post } from
    './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';

const secret = 'bitbucket webhook secret';
const make = (n) => ({ type: 'bitbucket.repo.push', headers: {
    'User-Agent': 'Bitbucket-Webhooks/2.0', 'X-Event-Key': 'repo:push',
    'X-Hook-UUID': randomUUID(), 'X-Request-UUID': randomUUID(),
    'X-Attempt-Number': '1' },
body: JSON.stringify({ repository: { type: 'repository',
    full_name: 'team/hello', uuid: `{${randomUUID()}}` },
actor: { type: 'user', display_name: 'Zoë', nickname: 'zoe' },
push: { changes: [{ new: { type: 'branch', name: `topic-${n}`, target: {
    hash: n.toString(16).padStart(40, '9') } }, old: null }] } }) });

const it = providerFile({
    provider: 'bitbucket', secret, forged: 'another secret', status: 202, make,
    sign: (one, { secret: key }) => ({
        'X-Hub-Signature': `sha256=${hexSignature(key, one.body)}` }),
});

describe('bitbucket, its ways', () => {
    test('a pull request is about its number', async () => {
        const body = JSON.stringify({ repository: { full_name: 'team/hello' },
            pullrequest: { id: 17, title: 'Hello',
                updated_on: '2026-01-01T15:00:00.123456+00:00' } });
        const one = { ...make(1), body };
        one.headers['X-Event-Key'] = 'pullrequest:created';
        const answer = await post(it.stack, 'bitbucket', one, {
            'X-Hub-Signature': `sha256=${hexSignature(secret, body)}` });
        assert.equal(answer.status, 202, answer.text);
        const event = (await eventsOf(it.stack, 'bitbucket')).at(-1);
        assert.equal(event.type, 'bitbucket.pullrequest.created');
        assert.equal(JSON.parse(event.metadata).record_id, '17');
    });

    test("GitHub's old sha1 in the header of that name is refused",
        async () => {
            const one = make(2);
            const mac = createHmac('sha1', secret).update(one.body)
                .digest('hex');
            await assertRefused(it.stack, 'bitbucket', () => post(it.stack,
                'bitbucket', one, { 'X-Hub-Signature': `sha1=${mac}` }),
            ...errors.malformed);
        });
});
