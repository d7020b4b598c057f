// receiver.mjs - a real HTTP receiver with scripted answers.
//
// One server, any number of places (paths). A place records each request with
// its arrival time and raw bytes, and answers by its script: the n-th answer
// to the n-th request, the last one for all that follow.
//
//   200                          a status alone
//   {status, headers, body}      more of it
//   {hold: promise, ...}         answers only once the promise resolves
//   {drop: true}                 closes the connection without an answer
//   (request, n) => answer       decides by itself

import http from 'node:http';
import { within } from './wait.mjs';

class Place {
    constructor(url, script) {
        this.url = url;
        this.script = script;
        this.requests = [];
        this.open = 0;
        this.waiting = [];
    }

    // Resolves with the n-th request (from 1) once it has arrived whole.
    arrived(n = 1, ms = 10_000) {
        if (this.requests.length >= n)
            return Promise.resolve(this.requests[n - 1]);
        const wait = new Promise((resolve) =>
            this.waiting.push({ n, resolve }));
        return within(wait, ms,
            `request ${n} at ${this.url} (${this.requests.length} came)`);
    }

    record(request) {
        this.requests.push(request);
        const ready = this.waiting.filter((w) => w.n <= this.requests.length);
        this.waiting = this.waiting.filter((w) => w.n > this.requests.length);
        for (const { n, resolve } of ready)
            resolve(this.requests[n - 1]);
    }

    // Gaps between arrivals, in seconds.
    gaps() {
        return this.requests.slice(1).map((request, i) =>
            (request.at - this.requests[i].at) / 1000);
    }
}

export class Receiver {
    static async start() {
        const receiver = new Receiver();
        receiver.places = new Map();
        receiver.server = http.createServer((req, res) =>
            receiver.take(req, res));
        receiver.server.keepAliveTimeout = 60_000;
        receiver.sockets = new Set();
        receiver.server.on('connection', (socket) => {
            receiver.sockets.add(socket);
            socket.on('close', () => receiver.sockets.delete(socket));
        });
        await new Promise((resolve) =>
            receiver.server.listen(0, '127.0.0.1', resolve));
        // A test that fails before it can stop us must end all the same.
        receiver.server.unref();
        receiver.port = receiver.server.address().port;
        receiver.base = `http://127.0.0.1:${receiver.port}`;
        return receiver;
    }

    // A new path; `script` is one answer or a list of them.
    place(name, ...script) {
        const path = `/${name}`;
        if (this.places.has(path))
            throw new Error(`place ${path} is taken`);
        const place = new Place(this.base + path,
            script.length > 0 ? script : [200]);
        this.places.set(path, place);
        return place;
    }

    take(req, res) {
        const at = performance.now();
        const parts = [];
        const place = this.places.get(req.url.split('?')[0]);
        req.on('data', (part) => parts.push(part));
        req.on('end', async () => {
            if (!place) {
                res.statusCode = 404;
                res.end();
                return;
            }
            const request = {
                at,
                wall: Date.now(),
                method: req.method,
                url: req.url,
                headers: req.headers,
                rawHeaders: req.rawHeaders,
                body: Buffer.concat(parts),
                get json() {
                    return JSON.parse(this.body.toString('utf8'));
                },
            };
            const n = place.requests.length + 1;
            let answer = place.script[Math.min(n, place.script.length) - 1];
            request.closed = new Promise((resolve) =>
                res.on('close', resolve));
            place.record(request);
            if (typeof answer === 'function')
                answer = await answer(request, n);
            if (typeof answer === 'number')
                answer = { status: answer };
            if (answer.hold)
                await answer.hold;
            if (answer.drop) {
                req.socket.destroy();
                return;
            }
            res.writeHead(answer.status, answer.headers ?? {});
            res.end(answer.body ?? '');
        });
    }

    async stop() {
        for (const socket of this.sockets)
            socket.destroy();
        await new Promise((resolve) => this.server.close(resolve));
    }
}

// A promise and the function that resolves it: for {hold: gate.promise}.
export function gate() {
    let open;
    const promise = new Promise((resolve) => {
        open = resolve;
    });
    return { promise, open };
}
