// proxy.mjs - stands between Postern and MariaDB and makes statements fail the
// way the real server makes them fail.
//
//   1213    the server rolls the transaction back, the client hears of it
//   1205    the statement has not run, the transaction stays open
//   2006    the connection is closed after an answer: the next statement finds
//           it gone
//   before  (2013) the connection is lost before the server has the statement
//   after   (2013) it has run, and the answer is lost
//   cut     (2013) it is on its way when the connection is lost
//   late    (2013) the same, and it reaches the server only later, when the
//           client has perhaps long gone on
//
// Of several statements in one packet any one can be hit: those before it run
// and are answered.

import net from 'node:net';
import { Answer, body, errorPacket, PacketStream, plainGreeting, query, QUERY,
    QUIT, sequence, withMore } from './packets.mjs';
import { join, nameOf, split } from './statements.mjs';

export const LOSSES = ['2006', 'before', 'after', 'cut', 'late'];
export const KINDS = ['1213', '1205', ...LOSSES];

const LATE_MS = [20, 1500];

const ERRORS = {
    1213: [1213, '40001', 'Deadlock found when trying to get lock; ' +
        'try restarting transaction'],
    1205: [1205, 'HY000', 'Lock wait timeout exceeded; ' +
        'try restarting transaction'],
};

// One client's connection and its own to the server.
class Link {
    constructor(proxy, client) {
        this.proxy = proxy;
        this.client = client;
        this.server = net.connect(proxy.serverPath);
        this.greeted = false;
        this.ready = false; // logged in
        this.flow = null;   // what the server's packets are for
        this.open = true;
        const fromClient = new PacketStream((p) => this.fromClient(p));
        const fromServer = new PacketStream((p) => this.fromServer(p));
        client.on('data', (bytes) => fromClient.push(bytes));
        this.server.on('data', (bytes) => fromServer.push(bytes));
        client.on('error', () => {});
        this.server.on('error', () => {});
        client.on('close', () => this.clientGone());
        this.server.on('close', () => this.close());
    }

    clientGone() {
        this.client.destroy();
        // What is late comes all the same.
        if (!this.late)
            this.close();
    }

    close() {
        if (!this.open)
            return;
        this.open = false;
        this.client.destroy();
        this.server.destroy();
        this.proxy.links.delete(this);
        this.proxy.gone(this);
    }

    toClient(packet) {
        if (!this.client.destroyed)
            this.client.write(packet);
    }

    toServer(bytes) {
        if (!this.server.destroyed)
            this.server.write(bytes);
    }

    fromClient(packet) {
        const [command] = body(packet);
        if (!this.ready || command !== QUERY) {
            if (this.ready && command !== QUIT)
                this.relay();
            this.toServer(packet);
            return;
        }
        const text = body(packet).subarray(1);
        const statements = split(text);
        const hit = this.proxy.choose(statements);
        if (hit === null) {
            this.relay();
            this.toServer(packet);
        } else {
            this.hit(hit, packet, statements);
        }
    }

    fromServer(packet) {
        if (!this.ready) { // logging in
            const [first] = body(packet);
            if (this.greeted && first === 0x00)
                this.ready = true;
            this.toClient(this.greeted ? packet : plainGreeting(packet));
            this.greeted = true;
            return;
        }
        this.flow?.(packet);
    }

    // The answers of the next `count` statements (all unless given) go to the
    // client, those that follow to nobody. Then done(last packet's number).
    relay({ count = Infinity, more = false, done = null } = {}) {
        const answer = new Answer();
        this.flow = (packet) => {
            const told = answer.statements < count;
            const step = answer.take(packet);
            if (answer.error !== 0)
                this.proxy.heard(answer.error);
            const last = answer.statements >= count || step === 'end';
            if (told)
                this.toClient(more && last && step !== 'goes on' &&
                    answer.error === 0 ? withMore(packet) : packet);
            if (step !== 'end')
                return;
            this.flow = null;
            // An error that is the server's own ends the matter.
            if (answer.error === 0 || !told)
                done?.(sequence(packet));
        };
    }

    // Sends some of the statements, tells the client the first `count` answers
    // and goes on with done() when the last of them is there.
    run(statements, count, done) {
        if (statements.length === 0) {
            done(0);
            return;
        }
        this.relay({ count, more: true, done });
        this.toServer(query(join(statements)));
    }

    hit({ kind, at }, packet, statements) {
        const before = statements.slice(0, at);
        if (kind === '1213' || kind === '1205') {
            this.run(before, at, (last) => this.fail(kind, last + 1));
        } else if (kind === 'before') {
            this.run(before, at, () => this.close());
        } else if (kind === 'after') {
            this.run(statements.slice(0, at + 1), at, () => this.close());
        } else if (kind === '2006') {
            this.relay({ done: () => this.client.end(() => this.close()) });
            this.toServer(packet);
        } else if (kind === 'cut') {
            this.client.destroy();
            this.server.end(packet);
        } else {
            this.delay(packet);
        }
    }

    fail(kind, number) {
        const [code, state, message] = ERRORS[kind];
        const error = errorPacket(code, state, message, number);
        if (kind === '1205') {
            this.toClient(error);
            return;
        }
        this.relay({ count: 0, done: () => this.toClient(error) });
        this.toServer(query(Buffer.from('ROLLBACK')));
    }

    delay(packet) {
        this.late = true;
        this.proxy.lateLinks.add(this);
        this.client.destroy();
        setTimeout(() => {
            this.relay({ count: 0, done: () => this.close() });
            this.toServer(packet);
        }, this.proxy.random.between(...LATE_MS));
    }
}

export class DatabaseProxy {
    // Listens on `path` for clients of the server at `serverPath`.
    static async start(path, serverPath, random) {
        const proxy = new DatabaseProxy();
        proxy.path = path;
        proxy.serverPath = serverPath;
        proxy.random = random;
        proxy.links = new Set();
        proxy.lateLinks = new Set();
        proxy.rates = new Map();  // kind: share of the statements
        proxy.hits = new Map();   // kind: Map(statement: how many)
        proxy.errors = new Map(); // the server's own: number: how many
        proxy.server = net.createServer((client) =>
            proxy.links.add(new Link(proxy, client)));
        await new Promise((resolve, reject) => {
            proxy.server.once('error', reject);
            proxy.server.listen({ path, readableAll: true, writableAll: true },
                resolve);
        });
        return proxy;
    }

    // From now on that share of the statements fails in this way; 0: none.
    inject(kind, rate) {
        if (rate > 0)
            this.rates.set(kind, rate);
        else
            this.rates.delete(kind);
    }

    // What is to go wrong with one of these: {kind, at} or null.
    choose(statements) {
        for (const [kind, rate] of this.rates) {
            for (let at = 0; at < statements.length; at++) {
                if (!this.random.chance(rate))
                    continue;
                const names = this.hits.get(kind) ?? new Map();
                const name = nameOf(statements[at]);
                names.set(name, (names.get(name) ?? 0) + 1);
                this.hits.set(kind, names);
                return { kind, at };
            }
        }
        return null;
    }

    hitCount(kind) {
        let count = 0;
        for (const n of this.hits.get(kind)?.values() ?? [])
            count += n;
        return count;
    }

    heard(number) {
        this.errors.set(number, (this.errors.get(number) ?? 0) + 1);
    }

    gone(link) {
        this.lateLinks.delete(link);
    }

    // Nothing is on its way to the server any more of which its client does
    // not know.
    get settled() {
        return this.lateLinks.size === 0;
    }

    async stop() {
        for (const link of [...this.links])
            link.close();
        await new Promise((resolve) => this.server.close(resolve));
    }
}
