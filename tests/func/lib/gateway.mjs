// gateway.mjs - the steps that many tests share: subscribe, trigger, look.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import { idNumber, idText } from './ids.mjs';
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

// An event's deliveries as the view shows them, oldest first.
export async function deliveriesOf(stack, eventId) {
    return stack.sql.rows('SELECT * FROM webhook_deliveries ' +
        `WHERE event_id = ${idNumber(eventId)} ORDER BY id`);
}

// The only delivery of an event, as the view shows it.
export async function onlyDelivery(stack, eventId) {
    const rows = await deliveriesOf(stack, eventId);
    assert.equal(rows.length, 1);
    return rows[0];
}

// The same by its public id.
export async function deliveryId(stack, eventId) {
    return idText('dlv', (await onlyDelivery(stack, eventId)).id);
}

// A place, a subscription to it and one event sent: everything about them.
// options: event, data, more (of the trigger), the rest for the subscription.
export async function sendOne(stack, receiver, name, script, options = {}) {
    const { data = { n: 1 }, event = `deliver.${name}`, more = {},
        ...fields } = options;
    const place = receiver.place(name, ...script);
    const subscription = await subscribe(stack, place.url, [event], fields);
    const { event_id, matched } = await trigger(stack, event, data, more);
    assert.equal(matched, 1);
    return { place, subscription, eventId: event_id,
        id: await deliveryId(stack, event_id) };
}

// A token, written straight into the table, once the responders know it:
// {token, application}. They ask for what they do not know only a few times a
// second.
export async function makeToken(stack, scope, application = 'default',
    more = {}) {
    const token = 'pst_' + randomBytes(32).toString('base64url');
    const owner = await stack.sql.transaction(async (rows) => {
        const version = await nextVersion(rows);
        await rows('INSERT IGNORE INTO applications (name) VALUES (?)',
            [application]);
        const [{ id }] = await rows(
            'SELECT id FROM applications WHERE name = ?', [application]);
        await rows('INSERT INTO api_tokens SET ?', [{
            application_id: id,
            name: `${scope} of ${application}`,
            scope,
            token_hash: createHash('sha256').update(token).digest(),
            shown: token.slice(0, 8),
            config_version: version,
            ...more,
        }]);
        return Number(id);
    });
    if (!more.expires_at && !more.revoked_at)
        await eventually('the token is known', async () =>
            (await stack.api(token).get('/api/webhooks?limit=1')).status
                !== 401);
    return { token, application: owner };
}

// Changes rows of configuration as an administrator with SQL would, so that the
// programs notice; {version} in the statement is the new version.
export async function changeConfig(stack, text, values) {
    await stack.sql.transaction(async (rows) =>
        rows(text.replace('{version}', await nextVersion(rows)), values));
}

// Every change takes the next version first.
async function nextVersion(rows) {
    await rows('UPDATE config_version ' +
        'SET version = LAST_INSERT_ID(version + 1) WHERE id = 1');
    return (await rows('SELECT LAST_INSERT_ID() version'))[0].version;
}

// A loopback port on which nobody listens.
export async function closedPort() {
    const server = net.createServer();
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}
