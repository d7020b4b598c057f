// tls.mjs - what TLS costs the worker: memory with 2,000 transfers in flight,
// and CPU time of a new connection with a full handshake.

import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../tests/func/lib/wait.mjs';
import { answers, freePort } from './floor.mjs';
import { check, withGateway } from './gateway.mjs';
import { CONF, inFlight } from './memory.mjs';
import { startNginx, temporaryDir } from './programs.mjs';

const CONNECTIONS = 2000; // new ones, for the CPU time
const ENDPOINTS = 50;

function makeCertificate(dir) {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
        'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
        '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1',
        '-keyout', join(dir, 'key.pem'), '-out', join(dir, 'ca.pem')],
    { stdio: 'ignore' });
    chmodSync(join(dir, 'ca.pem'), 0o644);
}

// In front of the sink: HTTPS that keeps connections, HTTPS and HTTP that close
// them. No sessions are resumed.
function config(dir, sink, ports) {
    const server = (port, ssl, more) => `
    server {
        listen 127.0.0.1:${port}${ssl ? ' ssl' : ''};
        ${more}
        location / { proxy_pass ${sink}; }
    }`;
    const temp = ['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi'].map(
        (name) => `${name}_temp_path "${dir}/${name}";`).join('\n    ');
    return `daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid "${dir}/pid";
events { worker_connections 8192; }
http {
    ${temp}
    access_log off;
    client_body_buffer_size 64k;
    ssl_certificate "${dir}/ca.pem";
    ssl_certificate_key "${dir}/key.pem";
    ssl_session_tickets off;
    ssl_session_cache off;
${server(ports.https, true, 'keepalive_timeout 60;')}
${server(ports.httpsClosing, true, 'keepalive_timeout 0;')}
${server(ports.httpClosing, false, 'keepalive_timeout 0;')}
}
`;
}

// CPU time of the worker for each delivery, ms, with a connection of its own.
async function cpuOfEach(gateway, name, base, first) {
    await gateway.subscribe(name, ENDPOINTS, {}, (i) => `${base}/ok/${i}`);
    await gateway.sink.reset();
    const before = gateway.cpu('worker');
    await gateway.trigger({ count: CONNECTIONS, connections: 16, first,
        event: name, types: ENDPOINTS });
    await gateway.drained();
    const used = gateway.cpu('worker') - before;
    const { distinct, repeated } = await gateway.sink.stats();
    check('different events that arrived', distinct, CONNECTIONS);
    check('deliveries that came twice', repeated, 0);
    return used / CONNECTIONS * 1000;
}

async function measureTls(report, dir) {
    await withGateway({ ...CONF, ca_bundle: join(dir, 'ca.pem') },
        async (gateway) => {
            const ports = { https: await freePort(),
                httpsClosing: await freePort(),
                httpClosing: await freePort() };
            writeFileSync(join(dir, 'nginx.conf'),
                config(dir, gateway.sink.url, ports));
            const stopWeb = startNginx(dir);
            try {
                await eventually('nginx answers',
                    () => answers(ports.https), 10_000);
                const plain = await cpuOfEach(gateway, 'plain',
                    `http://127.0.0.1:${ports.httpClosing}`, 0);
                const secure = await cpuOfEach(gateway, 'secure',
                    `https://127.0.0.1:${ports.httpsClosing}`, 0);
                report.add('tls_connection', secure - plain, 'ms CPU');
                report.add('worker_memory_2000_https', await inFlight(gateway,
                    `https://127.0.0.1:${ports.https}`), 'MB');
            } finally {
                await stopWeb();
            }
        });
}

export async function tls(report) {
    const { dir, remove } = temporaryDir('tls');
    try {
        makeCertificate(dir);
        await measureTls(report, dir);
    } finally {
        remove();
    }
}
