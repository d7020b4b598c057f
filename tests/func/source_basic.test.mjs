// source_basic.test.mjs - senders that know a user name and a password.

import { describe, test } from 'node:test';
import { assertRefused, post } from './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';

const secret = 'sensor:pass:wörd';
const basic = (text) => ({ Authorization:
    `Basic ${Buffer.from(text).toString('base64')}` });
const make = (n) => ({ headers: {}, type: 'sensors.measured',
    body: JSON.stringify({ type: 'measured', n, place: 'Zoë' }) });

const it = providerFile({ name: 'sensors', provider: 'basic', secret,
    status: 202, forged: 'sensor:another', make, tampering: false,
    repeats: 'never', more: { type_path: 'type' },
    sign: (one, { secret: pair }) => basic(pair) });

describe('basic, its ways', () => {
    test('half a pair, other schemes and rubbish are refused', async () => {
        for (const headers of [basic('sensor'), basic('sensor:'),
            basic(':pass:wörd'), basic(`${secret}x`),
            { Authorization: `Bearer ${secret.slice(7, 11)}` },
            { Authorization: 'Basic %%%' }, { Authorization: 'Basic' }])
            await assertRefused(it.stack, 'sensors', () => post(it.stack,
                'sensors', make(50), headers), 401, /signature/);
    });
});
