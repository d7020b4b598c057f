// sink.mjs - the receivers: one HTTP server, a path for each subscription, and
// a record of every request.

import http from 'node:http';
import { idNumber } from '../func/lib/ids.mjs';
import { now } from './clock.mjs';
import { subscriptions } from './subscriptions.mjs';

// The number of the event in a delivery's body.
function numberIn(body) {
    const { data } = JSON.parse(body);
    return Number(data.n ?? data.data?.n);
}

export class Sink {
    static async start() {
        const sink = new Sink();
        sink.byName = new Map(subscriptions.map((one) => [one.name, one]));
        sink.seen = new Map(); // "subscription/n": how often it came
        sink.arrivals = [];
        sink.strays = []; // what should never come
        sink.server = http.createServer((req, res) => sink.take(req, res));
        sink.server.keepAliveTimeout = 60_000;
        await new Promise((resolve) =>
            sink.server.listen(0, '127.0.0.1', resolve));
        sink.base = `http://127.0.0.1:${sink.server.address().port}`;
        return sink;
    }

    // All arrivals since the last call.
    collect() {
        const { arrivals } = this;
        this.arrivals = [];
        this.seen.clear();
        return arrivals;
    }

    take(req, res) {
        const at = now();
        const parts = [];
        req.on('data', (part) => parts.push(part));
        req.on('error', () => {}); // a sender that was killed
        req.on('end', () => {
            const subscription = this.byName.get(req.url.slice(1));
            let n;
            // Who asks for everything hears of the mirror as well.
            if (req.headers['x-webhook-event'] === 'cache.invalidated') {
                res.end();
                return;
            }
            try {
                n = numberIn(Buffer.concat(parts).toString('utf8'));
            } catch (error) {
                n = NaN;
            }
            if (subscription === undefined || !Number.isSafeInteger(n)) {
                this.strays.push(`${req.url}: ${Buffer.concat(parts)}`);
                res.statusCode = 404;
                res.end();
                return;
            }
            this.record(req, res, subscription, n, at);
        });
    }

    record(req, res, subscription, n, at) {
        const key = `${subscription.name}/${n}`;
        const seen = (this.seen.get(key) ?? 0) + 1;
        this.seen.set(key, seen);
        const answer = subscription.answers(n, seen);
        const arrival = { n, subscription: subscription.name, at,
            event: idNumber(req.headers['webhook-id'] ?? ''),
            delivery: idNumber(req.headers['x-webhook-delivery'] ?? ''),
            attempt: Number(req.headers['x-webhook-attempt']),
            dropped: answer.drop === true, status: 0, answeredAt: null };
        this.arrivals.push(arrival);
        const reply = () => {
            if (answer.drop) {
                req.socket.destroy();
                return;
            }
            arrival.status = answer.status;
            arrival.answeredAt = now();
            res.statusCode = answer.status;
            res.end('ok');
        };
        if (answer.ms)
            setTimeout(reply, answer.ms);
        else
            reply();
    }

    async stop() {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }
}
