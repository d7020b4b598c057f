// http.mjs - an HTTP client that shows everything: status, headers, raw bytes.

import http from 'node:http';
import net from 'node:net';
import { slow } from './wait.mjs';

export class Answer {
    constructor(status, headers, body) {
        this.status = status;
        this.headers = headers;
        this.body = body;
    }

    get text() {
        return this.body.toString('utf8');
    }

    get json() {
        try {
            return JSON.parse(this.text);
        } catch (error) {
            throw new Error(`not JSON (${this.status}): ${this.text}`);
        }
    }
}

// One request. `body` may be a string, bytes, or an object (sent as JSON);
// `headers` win over what is set here. A connection of its own unless an agent
// is given.
export function request(base, method, path, options = {}) {
    const { token, agent = false, timeout = 20_000 } = options;
    let { body, headers = {} } = options;
    const all = {};
    if (body !== undefined && !Buffer.isBuffer(body) &&
        typeof body !== 'string')
        body = JSON.stringify(body);
    if (body !== undefined) {
        all['Content-Type'] = 'application/json';
        all['Content-Length'] = Buffer.byteLength(body);
    }
    if (token !== undefined)
        all.Authorization = `Bearer ${token}`;
    for (const [name, value] of Object.entries(headers)) {
        for (const old of Object.keys(all))
            if (old.toLowerCase() === name.toLowerCase())
                delete all[old];
        if (value !== undefined)
            all[name] = value;
    }
    const { hostname, port } = new URL(base);
    return new Promise((resolve, reject) => {
        const req = http.request({ hostname, port, method, path, agent,
            headers: all, timeout: slow(timeout) }, (res) => {
            const parts = [];
            res.on('data', (part) => parts.push(part));
            res.on('end', () => resolve(
                new Answer(res.statusCode, res.headers, Buffer.concat(parts))));
            res.on('error', reject);
        });
        req.on('timeout', () => req.destroy(new Error(
            `no answer to ${method} ${path} in ${slow(timeout)} ms`)));
        req.on('error', reject);
        req.end(body);
    });
}

// A client bound to a base URL and, if given, a token.
export function client(base, token) {
    const call = (method) => (path, options = {}) =>
        request(base, method, path, { token, ...options });
    return {
        get: call('GET'),
        head: call('HEAD'),
        post: (path, body, options = {}) =>
            request(base, 'POST', path, { token, body, ...options }),
        patch: (path, body, options = {}) =>
            request(base, 'PATCH', path, { token, body, ...options }),
        put: (path, body, options = {}) =>
            request(base, 'PUT', path, { token, body, ...options }),
        delete: call('DELETE'),
    };
}

// Writes exactly these pieces to a new connection and reads one answer: until
// it is whole, the server closes, or `ms` pass (then null). A piece is bytes, a
// string, or a function that is awaited before the next piece goes out.
export function rawExchange(base, pieces, ms = 20_000) {
    const { hostname, port } = new URL(base);
    return new Promise((resolve, reject) => {
        const socket = net.connect(port, hostname);
        const parts = [];
        const timer = setTimeout(() => socket.destroy(), slow(ms));
        socket.on('data', (part) => {
            parts.push(part);
            if (isWhole(Buffer.concat(parts)))
                socket.destroy();
        });
        // A server may close before it has read everything: what it said
        // before counts.
        socket.on('error', (error) => {
            if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE')
                reject(error);
        });
        socket.on('close', () => {
            clearTimeout(timer);
            resolve(parseAnswer(Buffer.concat(parts)));
        });
        (async () => {
            for (const piece of pieces) {
                if (typeof piece === 'function')
                    await piece(socket);
                else if (socket.writable)
                    socket.write(piece);
            }
        })().catch(reject);
    });
}

// True once everything that Content-Length announces is there; an answer
// without one ends with the connection.
function isWhole(bytes) {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0)
        return false;
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(
        bytes.subarray(0, end + 2).toString('latin1'));
    return length !== null && bytes.length >= end + 4 + Number(length[1]);
}

// The response at the start of `bytes`; null if its headers are not whole.
export function parseAnswer(bytes) {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0)
        return null;
    const lines = bytes.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(lines[0].split(' ')[1]);
    const headers = {};
    for (const line of lines.slice(1)) {
        const colon = line.indexOf(':');
        headers[line.slice(0, colon).toLowerCase()] =
            line.slice(colon + 1).trim();
    }
    let body = bytes.subarray(end + 4);
    if (headers['content-length'] !== undefined)
        body = body.subarray(0, Number(headers['content-length']));
    else if (/chunked/i.test(headers['transfer-encoding'] || ''))
        body = dechunk(body);
    return new Answer(status, headers, body);
}

function dechunk(bytes) {
    const parts = [];
    let at = 0;
    for (;;) {
        const eol = bytes.indexOf('\r\n', at);
        if (eol < 0)
            break;
        const size = parseInt(bytes.subarray(at, eol).toString('latin1'), 16);
        if (!size)
            break;
        parts.push(bytes.subarray(eol + 2, eol + 2 + size));
        at = eol + 2 + size + 2;
    }
    return Buffer.concat(parts);
}

// Splits a Link header into {relation: path}.
export function links(answer) {
    const out = {};
    for (const part of (answer.headers.link || '').split(/,\s*(?=<)/)) {
        const match = /^<([^>]*)>;\s*rel="([^"]*)"$/.exec(part.trim());
        if (match)
            out[match[2]] = match[1];
    }
    return out;
}
