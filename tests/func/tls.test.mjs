// tls.test.mjs - deliveries over TLS: who is trusted, what is refused and how
// the history says it, and that a receiver met before is greeted shortly.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { deliveryId, reached, subscribe, trigger }
    from './lib/gateway.mjs';
import { idNumber } from './lib/ids.mjs';
import { Stack } from './lib/stack.mjs';

let stack;
let dir;
const servers = [];

function openssl(...args) {
    execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
}

// NAME.key and NAME.pem of an authority of its own.
function makeAuthority(name) {
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt',
        'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
        `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`);
}

// NAME.key and NAME.pem, signed by that authority. days -1: expired.
function makeCertificate(name, authority, subject, days = 2) {
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
        '-nodes', '-subj', '/CN=receiver', '-addext',
        `subjectAltName=${subject}`, '-keyout', `${name}.key`, '-out',
        `${name}.csr`);
    openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${authority}.pem`,
        '-CAkey', `${authority}.key`, '-CAcreateserial', '-days',
        String(days), '-copy_extensions', 'copy', '-out', `${name}.pem`);
}

// A receiver that closes every connection after its answer, and remembers for
// each request whether the TLS session was one that it had seen before.
async function serve(certificate, options = {}) {
    const resumed = [];
    const server = https.createServer({
        key: readFileSync(join(dir, `${certificate}.key`)),
        cert: readFileSync(join(dir, `${certificate}.pem`)),
        ...options,
    }, (request, response) => {
        resumed.push(request.socket.isSessionReused());
        request.resume();
        request.on('end', () =>
            response.writeHead(200, { connection: 'close' }).end('ok'));
    });
    server.on('tlsClientError', () => {});
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    return { url: `https://127.0.0.1:${server.address().port}/`, resumed };
}

// Sends one event to that receiver; its row once it has that status.
async function send(name, url, status) {
    await subscribe(stack, url, [name], { retry_count: 0 });
    const { event_id: event } = await trigger(stack, name, {});
    const id = await deliveryId(stack, event);
    await reached(stack, id, status);
    return stack.sql.one(
        `SELECT * FROM deliveries WHERE id = ${idNumber(id)}`);
}

async function refused(name, receiver, words) {
    const row = await send(name, receiver.url, 'failed');
    assert.equal(row.error_class, 'tls');
    assert.match(row.error_message, words);
    assert.equal(receiver.resumed.length, 0, 'a request got through');
}

before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'postern-tls-'));
    chmodSync(dir, 0o755);
    makeAuthority('ours');
    makeAuthority('stranger');
    makeCertificate('good', 'ours', 'IP:127.0.0.1');
    makeCertificate('unknown', 'stranger', 'IP:127.0.0.1');
    makeCertificate('expired', 'ours', 'IP:127.0.0.1', -1);
    makeCertificate('elsewhere', 'ours', 'DNS:elsewhere.example');
    chmodSync(join(dir, 'ours.pem'), 0o644);
    stack = await Stack.start({ conf: { ca_bundle: join(dir, 'ours.pem') } });
});
after(async () => {
    await stack?.stop();
    for (const server of servers)
        server.close();
    rmSync(dir, { recursive: true, force: true });
});

describe('a receiver is trusted', () => {
    test('when an authority in ca_bundle vouches for its name', async () => {
        const receiver = await serve('good');
        const row = await send('good', receiver.url, 'success');
        assert.equal(row.response_code, 200);
        assert.equal(receiver.resumed.length, 1);
    });

    test('and TLS 1.2 is enough', async () => {
        const receiver = await serve('good', { maxVersion: 'TLSv1.2' });
        await send('tls12', receiver.url, 'success');
    });

    test('and its session is resumed on the next connection', async () => {
        const receiver = await serve('good');
        await subscribe(stack, receiver.url, ['again']);
        for (let i = 0; i < 2; i++) {
            const { event_id: event } = await trigger(stack, 'again', { i });
            await reached(stack, await deliveryId(stack, event), 'success');
        }
        assert.deepEqual(receiver.resumed, [false, true]);
    });
});

describe('a delivery fails, and says why, when', () => {
    test('nobody in ca_bundle knows the certificate', async () => {
        await refused('unknown', await serve('unknown'),
            /certificate.*not accepted.*issuer/);
    });

    test('the certificate has expired', async () => {
        await refused('expired', await serve('expired'),
            /certificate.*not accepted.*expired/);
    });

    test('the certificate is for another name', async () => {
        await refused('elsewhere', await serve('elsewhere'),
            /certificate.*not accepted.*127\.0\.0\.1/);
    });

    test('the receiver speaks nothing newer than TLS 1.0', async () => {
        await refused('tls10', await serve('good', { minVersion: 'TLSv1',
            maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }),
        /TLS.*1\.2/);
    });

    test('the receiver does not speak TLS at all', async () => {
        const plain = new URL(stack.url);
        const receiver = { url: `https://${plain.host}/`, resumed: [] };
        await refused('plain', receiver, /TLS/);
    });
});
