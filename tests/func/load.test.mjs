// load.test.mjs - ten seconds of load through nginx: not one refusal, the
// events stored are exactly those acknowledged, and every record is mirrored.
//
// Runs alone

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Stack } from './lib/stack.mjs';
import { supabaseRequest, Traffic } from './lib/traffic.mjs';
import { pause, slow } from './lib/wait.mjs';

const SECONDS = Number(process.env.POSTERN_TEST_LOAD_SECONDS || 10);

let stack;
before(async () => {
    stack = await Stack.start();
});
after(() => stack?.stop());

test('signed 600-byte bodies, every record id different',
    { timeout: slow((SECONDS + 120) * 1000) }, async () => {
        const began = performance.now();
        const traffic = new Traffic(stack, 32, (n) => supabaseRequest(
            stack.env.SUPABASE_SECRET, 'load', `load-${n}`));
        await pause(SECONDS * 1000);
        await traffic.stop();
        const seconds = (performance.now() - began) / 1000;

        const { acknowledged, refused, others } = traffic;
        assert.deepEqual(refused.map((answer) => answer.text).slice(0, 3), []);
        assert.deepEqual(others.slice(0, 3), []);
        assert.ok(acknowledged.length > 0);
        assert.equal(new Set(acknowledged).size, acknowledged.length);

        const { sql } = stack;
        const stored = await sql.column('SELECT CONVERT(JSON_VALUE(payload, ' +
            "'$.record_id') USING utf8mb4) FROM events");
        assert.deepEqual(stored.sort(), acknowledged.sort());

        const drainBegan = performance.now();
        await stack.drained(60_000);
        const drained = (performance.now() - drainBegan) / 1000;
        const mirrored = await sql.column('SELECT record_id FROM records ' +
            "WHERE table_name = 'load' AND deleted = 0");
        assert.deepEqual(mirrored.sort(), acknowledged);
        assert.equal(await sql.count('SELECT COUNT(*) FROM events e ' +
            'JOIN records r ON r.event_id = e.id'), acknowledged.length);
        const stats = (await stack.api().get('/api/v1/webhooks/stats')).json;
        assert.equal(stats.total_processed, acknowledged.length);
        assert.equal(stats.success_rate, 1);
        console.log(`# ${acknowledged.length} events in ` +
            `${seconds.toFixed(1)} s: ` +
            `${Math.round(acknowledged.length / seconds)}/s accepted; ` +
            `processed ${drained.toFixed(1)} s after the last`);
    });
