// hostile.mjs - a receiver that misbehaves below HTTP: what it does is a
// function of the raw socket, until it is told to behave.

import net from 'node:net';
import tls from 'node:tls';

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n' +
    'Connection: close\r\n\r\nok';

// The bytes of the first request on the socket, once it is whole.
export function readRequest(socket) {
    return new Promise((resolve) => {
        let bytes = Buffer.alloc(0);
        const take = (part) => {
            bytes = Buffer.concat([bytes, part]);
            const end = bytes.indexOf('\r\n\r\n');
            const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(
                bytes.subarray(0, end + 2).toString('latin1'));
            if (end < 0 || bytes.length < end + 4 + Number(length?.[1] ?? 0))
                return;
            socket.off('data', take);
            resolve(bytes);
        };
        socket.on('data', take);
    });
}

// Writes pieces until there are none or the peer is gone; how many bytes the
// system took.
export async function pour(socket, pieces) {
    let sent = 0;
    for await (const piece of pieces) {
        if (socket.destroyed)
            break;
        sent += piece.length;
        if (!socket.write(piece))
            await new Promise((resolve) => {
                socket.once('drain', resolve);
                socket.once('close', resolve);
            });
    }
    return sent;
}

// count pieces, or pieces without end.
export function* repeat(piece, count = Infinity) {
    for (let i = 0; i < count; i++)
        yield piece;
}

export class HostileServer {
    // behave(socket, server): what it does on each connection. options: tls
    // {key, cert}; early: behave before the request has been read.
    static async start(behave, options = {}) {
        const server = new HostileServer();
        server.well = false;
        server.connections = 0;
        server.sockets = new Set();
        const serve = async (socket) => {
            server.connections++;
            socket.on('error', () => {});
            if (server.well || !options.early)
                server.request = await readRequest(socket);
            if (server.well)
                socket.end(OK);
            else
                await behave(socket, server);
        };
        server.server = options.tls ? tls.createServer(options.tls, serve)
            : net.createServer(serve);
        server.server.on('connection', (socket) => {
            server.sockets.add(socket);
            socket.on('error', () => {});
            socket.on('close', () => server.sockets.delete(socket));
        });
        server.server.on('tlsClientError', () => {});
        await new Promise((resolve) =>
            server.server.listen(0, '127.0.0.1', resolve));
        server.server.unref();
        const scheme = options.tls || options.https ? 'https' : 'http';
        server.url = `${scheme}://127.0.0.1:${server.server.address().port}/`;
        return server;
    }

    stop() {
        for (const socket of this.sockets)
            socket.destroy();
        this.server.close();
    }
}
