// source_discord.test.mjs - Discord's interactions and webhook events: ed25519;
// discord-interactions says whether what we send is one.

import assert from 'node:assert/strict';
import { generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { InteractionResponseType, InteractionType, verifyKey } from
    'discord-interactions';
import { assertRefused, errors, eventsOf, nowS, post } from
    './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';

const pair = () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    return { privateKey, key: publicKey.export({ format: 'der',
        type: 'spki' }).subarray(-32).toString('hex') };
};
const ours = pair();
const another = pair();

const make = (n) => ({ headers: {},
    type: 'discord.interaction.application_command',
    body: JSON.stringify({ id: `84637592038475${n}`, application_id: '1',
        type: InteractionType.APPLICATION_COMMAND, version: 1, token: 'x',
        guild_id: '290926798626357999', data: { id: '7', name: 'zoë 😀' },
        member: { user: { id: '53908232506183680' } } }) });

const sign = (one, { secret = ours, at = nowS() } = {}) => ({
    'X-Signature-Timestamp': `${at}`,
    'X-Signature-Ed25519': signBytes(null, Buffer.concat([
        Buffer.from(`${at}`), Buffer.from(one.body)]), secret.privateKey)
        .toString('hex') });

const it = providerFile({ provider: 'discord', secret: ours.key, status: 204,
    timed: 300, forged: another, make,
    sign: (one, { secret, at }) => sign(one, { at, secret:
        secret === ours.key ? ours : secret }) });

const send = (one, headers = sign(one)) =>
    post(it.stack, 'discord', one, headers);

describe('discord, its ways', () => {
    test('its PING is answered with PONG, and only if it is signed',
        async () => {
            const one = { body: `{"type":${InteractionType.PING},"id":"1",` +
                '"application_id":"1","version":1,"token":"x"}' };
            const before = (await eventsOf(it.stack, 'discord')).length;
            const headers = sign(one);
            assert.ok(await verifyKey(one.body,
                headers['X-Signature-Ed25519'],
                headers['X-Signature-Timestamp'], ours.key));
            const answer = await send(one, headers);
            assert.equal(answer.status, 200, answer.text);
            assert.deepEqual(answer.json,
                { type: InteractionResponseType.PONG });
            // Discord sends wrong ones on purpose, and drops who takes them.
            await assertRefused(it.stack, 'discord', () => send(one,
                sign(one, { secret: another })), ...errors.forged);
            await assertRefused(it.stack, 'discord', () => send(one, {}),
                ...errors.unsigned);
            assert.equal((await eventsOf(it.stack, 'discord')).length, before);
        });

    test('the PING of webhook events wants no body', async () => {
        const one = { body: '{"version":1,"application_id":"1","type":0}' };
        const answer = await send(one);
        assert.equal(answer.status, 204, answer.text);
        assert.equal(answer.text, '');
    });

    test('a webhook event is named by its type', async () => {
        const one = { body: JSON.stringify({ version: 1, application_id: '1',
            type: 1, event: { type: 'APPLICATION_AUTHORIZED',
                timestamp: '2026-01-01T15:00:00.000000',
                data: { user: { id: '1' } } } }) };
        const headers = sign(one);
        const answer = await send(one, headers);
        assert.equal(answer.status, 204, answer.text);
        assert.equal((await eventsOf(it.stack, 'discord')).at(-1).type,
            'discord.event.application_authorized');
        // It has no id; the signature and its time tell a repeat.
        await assertRefused(it.stack, 'discord', () => send(one, headers), 204,
            /^duplicate$/);
    });
});
