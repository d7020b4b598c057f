// gateway.mjs - the steps that many tests share: subscribe, trigger, look.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import { idNumber } from './ids.mjs';
import { eventually } from './wait.mjs';

// Creates a subscription; the answer's object, secret included.
export async function subscribe(stack, url, events, more = {}, token) {
    const answer = await stack.api(token).post('/api/webhooks',
        { url, events, ...more });
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
}

// Triggers one event; {event_id, matched}.
export async function trigger(stack, event, data, more = {}, token) {
    const answer = await stack.api(token).post('/api/events/trigger',
        { event, data, ...more });
    assert.equal(answer.status, 202, answer.text);
    return answer.json;
}

// GET of a delivery with its attempts.
export async function delivery(stack, id) {
    const answer = await stack.api().get(`/api/deliveries/${id}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
}

// Waits until the delivery has that status.
export function reached(stack, id, status, ms = 20_000) {
    return eventually(`${id} is ${status}`, async () => {
        const now = await delivery(stack, id);
        return now.status === status && now;
    }, ms);
}

// Ids (dlv_…) of an event's deliveries, from the view, oldest first.
export async function deliveriesOf(stack, eventId) {
    return stack.sql.rows('SELECT * FROM webhook_deliveries ' +
        'WHERE event_id IN (?, ?) ORDER BY created_at, id',
    [eventId, idNumber(eventId)]);
}

// A token, written straight into the table: {token, id, application}.
export async function makeToken(stack, scope, application = 'default',
    more = {}) {
    const token = 'pst_' + randomBytes(32).toString('base64url');
    const { sql } = stack;
    await sql.rows('START TRANSACTION');
    await sql.rows('UPDATE config_version ' +
        'SET version = LAST_INSERT_ID(version + 1) WHERE id = 1');
    const version = await sql.value('SELECT LAST_INSERT_ID()');
    await sql.rows('INSERT IGNORE INTO applications (name) VALUES (?)',
        [application]);
    const owner = await sql.value('SELECT id FROM applications WHERE name = ?',
        [application]);
    await sql.rows('INSERT INTO api_tokens SET ?', [{
        application_id: owner,
        name: `${scope} of ${application}`,
        scope,
        token_hash: createHash('sha256').update(token).digest(),
        shown: token.slice(0, 8),
        config_version: version,
        ...more,
    }]);
    await sql.rows('COMMIT');
    return { token, application: Number(owner) };
}

// Changes a row of configuration as an administrator with SQL would, so that
// the programs notice.
export async function changeConfig(stack, text, values) {
    const { sql } = stack;
    await sql.rows('START TRANSACTION');
    await sql.rows('UPDATE config_version ' +
        'SET version = LAST_INSERT_ID(version + 1) WHERE id = 1');
    const version = await sql.value('SELECT LAST_INSERT_ID()');
    await sql.rows(text.replace('{version}', version), values);
    await sql.rows('COMMIT');
}

// A loopback port on which nobody listens.
export async function closedPort() {
    const server = net.createServer();
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}
