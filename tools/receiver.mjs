// receiver.mjs - a small receiver to look at deliveries with.
//
//   node tools/receiver.mjs --dir DIRECTORY [--port N] [--port-file FILE]
//
// Listens on 127.0.0.1 (a free port unless given), answers 200 to everything,
// prints each request as it arrives and keeps it in DIRECTORY as NAME.headers
// and NAME.body, NAME being its webhook-id. Once it listens, its port stands in
// the port file.

import { createServer } from 'node:http';
import { mkdirSync, readdirSync, renameSync, statSync, unlinkSync,
    writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const MAX_BODY_BYTES = 32 << 20;
const MAX_KEPT = 400; // files

function options() {
    try {
        const { values } = parseArgs({ options: {
            dir: { type: 'string' },
            port: { type: 'string', default: '0' },
            'port-file': { type: 'string' },
        } });
        if (values.dir === undefined || !/^\d{1,5}$/.test(values.port))
            throw new Error('--dir DIRECTORY is needed, --port takes a number');
        return values;
    } catch (error) {
        console.error(`receiver.mjs: ${error.message}`);
        process.exit(64);
    }
}

const { dir: directory, port, 'port-file': portFile } = options();
mkdirSync(directory, { recursive: true });

// Whoever waits for the file sees it whole or not at all.
function save(path, content) {
    writeFileSync(`${path}.new`, content);
    renameSync(`${path}.new`, path);
}

function forgetOldest() {
    const files = readdirSync(directory)
        .filter((name) => /\.(headers|body)$/.test(name))
        .map((name) => join(directory, name));
    if (files.length <= MAX_KEPT)
        return;
    const age = new Map(files.map((path) => [path, statSync(path).mtimeMs]));
    files.sort((a, b) => age.get(a) - age.get(b));
    for (const path of files.slice(0, files.length - MAX_KEPT))
        unlinkSync(path);
}

function take(request, body) {
    const headers = [];
    for (let i = 0; i < request.rawHeaders.length; i += 2)
        headers.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
    const id = request.headers['webhook-id'] ?? `request-${Date.now()}`;
    const name = id.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 100);
    save(join(directory, `${name}.headers`), `${headers.join('\n')}\n`);
    save(join(directory, `${name}.body`), body);
    forgetOldest();
    const shown = headers.filter((line) => /^(x-)?webhook-/i.test(line));
    console.log([`${new Date().toISOString()} ${request.method} ${request.url}`,
        ...shown.map((line) => `  ${line}`),
        `  ${body.toString('utf8').slice(0, 4000)}`, ''].join('\n'));
}

const server = createServer((request, response) => {
    const parts = [];
    let size = 0;
    request.on('data', (part) => {
        size += part.length;
        if (size > MAX_BODY_BYTES)
            request.destroy();
        else
            parts.push(part);
    });
    request.on('end', () => {
        take(request, Buffer.concat(parts));
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end('{"received":true}');
    });
});

for (const signal of ['SIGTERM', 'SIGINT'])
    process.on(signal, () => process.exit(0));
server.listen(Number(port), '127.0.0.1', () => {
    const { port: bound } = server.address();
    if (portFile !== undefined)
        save(portFile, `${bound}\n`);
    console.log(`listening on http://127.0.0.1:${bound}\n`);
});
