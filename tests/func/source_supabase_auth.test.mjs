// source_supabase_auth.test.mjs - Supabase Auth's HTTP hooks: Standard Webhooks
// with its own spelling of secrets and lists, and an answer that decides.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { nowS, post, setSource } from './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';
import { standardSignature } from './lib/sign.mjs';
import { eventually } from './lib/wait.mjs';

const key = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const other = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

const make = (n) => ({ type: 'supabase_auth.send_sms', headers: {},
    body: JSON.stringify({ user: { id: randomUUID(), phone: '+15550100',
        email: 'zoë@example.com' }, sms: { otp: `${561166 + n}` } }) });

// A new id for every attempt, and all signatures joined by ", ".
const sign = (one, { secret = `v1,${key}`, at = nowS() } = {}) => {
    const id = randomUUID();
    const signatures = secret.split('|').map((part) => {
        const own = part.replace(/^v1,/, '');
        return Buffer.isBuffer(one.body)
            ? standardSignature(own, id, at, one.body)
            : new Webhook(own).sign(id, new Date(at * 1000), one.body);
    });
    return { 'webhook-id': id, 'webhook-timestamp': `${at}`,
        'webhook-signature': signatures.join(', ') };
};

const it = providerFile({ provider: 'supabase_auth', secret: `v1,${key}`,
    forged: `v1,${other}`, status: 200, timed: 300, repeats: 'exact', make, sign,
    body: (answer) => {
        assert.equal(answer.text, '{}');
        assert.match(answer.headers['content-type'], /^application\/json/);
    } });

const send = (one, headers = sign(one)) =>
    post(it.stack, 'supabase_auth', one, headers);

describe('supabase auth, its ways', () => {
    test('signatures of two secrets, joined by comma and blank', async () => {
        const one = make(10);
        const answer = await send(one, sign(one,
            { secret: `v1,${other}|v1,${key}` }));
        assert.equal(answer.status, 200, answer.text);
    });

    test('the answer is what the source says it is', async () => {
        await setSource(it.stack, it.source.id, { answer_body:
            { decision: 'continue' } });
        await eventually('the new answer is given', async () =>
            (await send(make(11))).text === '{"decision":"continue"}');
        await setSource(it.stack, it.source.id, { answer_body: null });
    });

    test('hooks are told apart by what they bring', async () => {
        for (const [body, type] of [
            [{ user: {}, email_data: { token: '1' } }, 'send_email'],
            [{ user_id: 'x', claims: {}, authentication_method: 'otp' },
                'custom_access_token'],
            [{ metadata: { name: 'before-user-created', uuid: 'x', time:
                '2026-01-01T15:00:00Z' }, user: {} }, 'before_user_created'],
        ]) {
            const answer = await send({ ...make(12),
                body: JSON.stringify(body) });
            assert.equal(answer.status, 200, answer.text);
            assert.equal(await it.stack.sql.value('SELECT type FROM events ' +
                'ORDER BY id DESC LIMIT 1'), `supabase_auth.${type}`);
        }
    });
});
