// fake.mjs - what fakes of outside services share: a server that counts, that
// limits rates, and that fails when it is told to.
//
// A fake says what it was asked (requests, with arrival times), answers 429
// with Retry-After beyond its rate, and takes faults, each for so many requests
// that fit it:
//
//   {status, code?, retryAfter?, body?, headers?}   an error in its own form
//   {hang: true}       never answers       {drop: true}  closes the connection
//   {delay: ms}        answers later       {cut: true}   half an answer
//   times (1; Infinity), method, path (RegExp)
//
// Control, for programs in another process: GET /_fake/requests, DELETE the
// same, POST /_fake/faults with a list.

import http from 'node:http';
import { randomUUID } from 'node:crypto';

const BODY_MAX = 4 << 20;

export class Fake {
    // options: rate {limit, ms} (null: none), key (null: any)
    constructor(options = {}) {
        this.rate = options.rate ?? null;
        this.key = options.key ?? null;
        this.requests = [];
        this.faults = [];
        this.waiting = [];
        this.sockets = new Set();
        this.server = http.createServer((req, res) => this.take(req, res));
        this.server.keepAliveTimeout = 60_000;
        this.server.on('connection', (socket) => {
            this.sockets.add(socket);
            socket.on('close', () => this.sockets.delete(socket));
        });
    }

    async listen(port = 0, host = '127.0.0.1') {
        await new Promise((resolve, reject) => {
            this.server.once('error', reject);
            this.server.listen(port, host, resolve);
        });
        this.port = this.server.address().port;
        this.url = `http://${host}:${this.port}`;
        return this;
    }

    async stop() {
        for (const socket of this.sockets)
            socket.destroy();
        await new Promise((resolve) => this.server.close(resolve));
    }

    // -- what is told and asked by a test --------------------------------------

    // Each fault is used `times` times, in order, for requests that fit it.
    fail(...faults) {
        for (const fault of faults)
            this.faults.push({ times: 1, ...fault });
    }

    heal() {
        this.faults = [];
    }

    forget() {
        this.requests = [];
    }

    // Requests for which pick(request) holds; all without it.
    count(pick = () => true) {
        return this.requests.filter(pick).length;
    }

    // Resolves with the n-th request (from 1) that pick() wants, once it came.
    arrived(n = 1, pick = () => true, ms = 10_000) {
        const there = () => this.requests.filter(pick)[n - 1];
        if (there())
            return Promise.resolve(there());
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`request ${n} ` +
                `not within ${ms} ms; ${this.count(pick)} came`)), ms);
            this.waiting.push({ there, resolve: (request) => {
                clearTimeout(timer);
                resolve(request);
            } });
        });
    }

    // The most requests that arrived within any `ms` in a row.
    busiest(ms = 1000, pick = () => true) {
        const times = this.requests.filter(pick).map((one) => one.at);
        let most = 0;
        for (let first = 0, last = 0; last < times.length; last++) {
            while (times[last] - times[first] >= ms)
                first++;
            most = Math.max(most, last - first + 1);
        }
        return most;
    }

    // -- serving -----------------------------------------------------------------

    take(req, res) {
        const at = performance.now();
        const parts = [];
        let size = 0;
        req.on('data', (part) => {
            size += part.length;
            if (size > BODY_MAX)
                req.destroy();
            else
                parts.push(part);
        });
        req.on('error', () => {});
        req.on('end', () => {
            const url = new URL(req.url, 'http://fake');
            const request = { at, wall: Date.now(), method: req.method,
                path: url.pathname, query: url.searchParams,
                search: url.search, headers: req.headers,
                body: Buffer.concat(parts).toString('utf8'), status: 0 };
            if (url.pathname.startsWith('/_fake/'))
                this.control(request, res);
            else
                this.serve(request, req, res);
        });
    }

    serve(request, req, res) {
        const limited = this.overRate(request.at);
        this.requests.push(request);
        const fault = limited ? null : this.takeFault(request);
        let answer;
        if (limited)
            answer = this.error({ status: 429, retryAfter: limited });
        else if (fault?.status)
            answer = this.error(fault);
        else
            answer = this.answerSafely(request);
        request.status = fault?.hang || fault?.drop ? 0 : answer.status;
        this.announce();
        if (fault?.hang)
            return;
        if (fault?.drop) {
            req.socket.destroy();
            return;
        }
        const send = () => this.send(res, answer, fault?.cut);
        if (fault?.delay)
            setTimeout(send, fault.delay);
        else
            send();
    }

    answerSafely(request) {
        try {
            return this.answer(request);
        } catch (error) {
            if (error.answer)
                return error.answer;
            console.error(error);
            return this.error({ status: 500 });
        }
    }

    send(res, answer, cut = false) {
        const headers = { 'Content-Type': 'application/json; charset=utf-8',
            ...this.always?.(), ...answer.headers };
        const text = answer.body === undefined ? ''
            : typeof answer.body === 'string' ? answer.body
                : JSON.stringify(answer.body);
        const bytes = Buffer.from(text);
        headers['Content-Length'] = bytes.length;
        res.writeHead(answer.status, headers);
        if (cut) {
            res.write(bytes.subarray(0, bytes.length >> 1),
                () => res.destroy());
            return;
        }
        res.end(bytes);
    }

    announce() {
        for (const one of [...this.waiting]) {
            const request = one.there();
            if (!request)
                continue;
            this.waiting.splice(this.waiting.indexOf(one), 1);
            one.resolve(request);
        }
    }

    // Whole seconds to wait, or 0: `limit` requests in any `ms` are answered.
    overRate(at) {
        if (!this.rate)
            return 0;
        const { limit, ms } = this.rate;
        const served = this.requests.filter((one) =>
            one.at > at - ms && one.status !== 429);
        if (served.length < limit)
            return 0;
        return Math.max(1, Math.ceil((served.at(-limit).at + ms - at) / 1000));
    }

    takeFault(request) {
        const index = this.faults.findIndex((fault) => fault.times > 0 &&
            (!fault.method || fault.method === request.method) &&
            (!fault.path || new RegExp(fault.path).test(request.path)));
        if (index < 0)
            return null;
        const fault = this.faults[index];
        if (--fault.times === 0)
            this.faults.splice(index, 1);
        return fault;
    }

    control({ method, path, body }, res) {
        let answer = { status: 404, body: {} };
        if (path === '/_fake/requests' && method === 'GET')
            answer = { status: 200, body: this.requests.map((one) => ({
                ...one, query: Object.fromEntries(one.query) })) };
        else if (path === '/_fake/requests' && method === 'DELETE')
            answer = { status: 200, body: { forgotten: this.forgetAll() } };
        else if (path === '/_fake/faults' && method === 'POST') {
            this.fail(...JSON.parse(body));
            answer = { status: 200, body: { faults: this.faults.length } };
        }
        this.send(res, answer);
    }

    forgetAll() {
        const { length } = this.requests;
        this.forget();
        return length;
    }
}

// Ends the reading of a request with that answer.
export function refuse(answer) {
    const error = new Error(`refused with ${answer.status}`);
    error.answer = answer;
    throw error;
}

export const requestId = () => randomUUID();

// `node FAKE.mjs [--port N] [--rate N] [--key K] [--data FILE]`: runs a fake
// until it is ended. make(options, data) gives it.
export async function runProgram(name, make) {
    const { parseArgs } = await import('node:util');
    const { readFileSync } = await import('node:fs');
    const { values } = parseArgs({ options: {
        port: { type: 'string' }, rate: { type: 'string' },
        key: { type: 'string' }, data: { type: 'string' } } });
    const data = values.data ? JSON.parse(readFileSync(values.data)) : null;
    const fake = make({ key: values.key ?? null,
        rate: values.rate ? { limit: Number(values.rate), ms: 1000 } : null },
    data);
    await fake.listen(Number(values.port ?? 0));
    console.log(`${name} at ${fake.url}`);
}
