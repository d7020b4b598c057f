// receive_apache.test.mjs - the same claims behind Apache with mod_fcgid, which
// starts the responders itself and passes chunked bodies without a length.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fresh, receiveCases } from './lib/receive_cases.mjs';
import { Stack } from './lib/stack.mjs';

let stack;
before(async () => {
    stack = await Stack.start({ web: 'apache' });
});
after(() => stack?.stop());

receiveCases(() => stack);

test('many requests at once are all answered', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () =>
        stack.receive('supabase', fresh())));
    const statuses = new Set(answers.map((answer) => answer.status));
    assert.deepEqual([...statuses], [202]);
});
