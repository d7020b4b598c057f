// connection_limits.test.mjs - a server that takes no more connections: 503
// with Retry-After meanwhile, nothing half done, and all goes on afterwards.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import mysql from 'mysql2/promise';
import { assertGolden } from './lib/golden.mjs';
import { fresh } from './lib/receive_cases.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const HELD = 12; // the least that max_connections can be is 10
const MANY = 100;

let stack;
let root; // a connection that no limit concerns
before(async () => {
    stack = await Stack.start({ workers: 0 });
    root = await connect('root');
});
after(async () => {
    await root?.end();
    await stack?.stop();
});

const connect = (user) => mysql.createConnection({ ...stack.sql.options,
    user, password: undefined });

// An account's connections are counted from when it has a limit. A limit for
// all accounts (1203) can only be changed where the server started with one.
const limits = [
    { name: 'of the account', error: 1226, none: 0,
        set: (user, most) => `ALTER USER '${user}'@localhost WITH ` +
            `MAX_USER_CONNECTIONS ${most}` },
    { name: 'of the server', error: 1040, none: 'DEFAULT',
        set: (_, most) => `SET GLOBAL max_connections = ${most}` },
];

// All places but root's are taken, and nobody else has one.
async function takeAll(limit, user, holders) {
    await root.query(limit.set(user, MANY));
    for (let i = 0; i < HELD; i++)
        holders.push(await connect(user));
    await root.query(limit.set(user, HELD));
    const mine = holders.map((one) => one.threadId);
    const [others] = await root.query('SELECT ID FROM ' +
        'information_schema.PROCESSLIST WHERE USER = ? AND ID NOT IN (?)',
    [user, mine]);
    for (const { ID } of others)
        await root.query(`KILL ${ID}`).catch((error) =>
            assert.equal(error.errno, 1094, error.message)); // gone already
    await eventually('no place is free', () => connect(user).then((one) =>
        one.destroy(), (error) => error.errno === limit.error));
}

const idsStored = (prefix) => stack.sql.column('SELECT external_id FROM ' +
    'events WHERE external_id LIKE ? ORDER BY external_id', [`${prefix}-%`]);

describe('no place for one more connection', () => {
    for (const limit of limits)
        test(limit.name, async () => {
            const user = stack.env.POSTERN_DB_USER;
            const prefix = `limit-${limit.error}`;
            const send = (id) => stack.api().post('/api/events/trigger',
                { event: 'limits.met', data: {}, id: `${prefix}-${id}` });
            const record = `${prefix}-record`;
            const body = JSON.stringify(fresh({ record_id: record }));
            const receive = () => stack.receive('supabase', body);

            assert.equal((await send('a')).status, 202);
            await stack.sql.close();
            const holders = [];
            try {
                await takeAll(limit, user, holders);
                for (const answer of [await send('b'), await send('b'),
                    await stack.api().get('/api/webhooks')]) {
                    assert.equal(answer.status, 503, answer.text);
                    assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
                    assertGolden(answer.body, 'api_unavailable');
                }
                const answer = await receive();
                assert.equal(answer.status, 503, answer.text);
                assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
                assertGolden(answer.body, 'receive_unavailable');
            } finally {
                await root.query(limit.set(user, limit.none));
                await Promise.allSettled(holders.map((one) => one.end()));
            }
            assert.deepEqual(await idsStored(prefix), [`${prefix}-a`],
                'what was refused is not there');
            await eventually('the next event is accepted', async () =>
                (await send('c')).status === 202);
            assert.equal((await send('b')).status, 202);
            assert.equal((await receive()).status, 202);
            assert.deepEqual(await idsStored(prefix),
                ['a', 'b', 'c'].map((id) => `${prefix}-${id}`));
        });
});
