// packets.mjs - the framing of MariaDB's client protocol, as far as a proxy
// needs it: packets, the end of an answer, errors of our own making.
//
// https://mariadb.com/kb/en/clientserver-protocol/: three bytes of length, one
// of sequence, the body. An answer to a text statement is one OK or ERR packet,
// or a result set: a column count, so many definitions, EOF, rows, EOF. Several
// statements in one packet have one answer each; all but the last have the flag
// MORE in their status.

const HEAD = 4;
const MORE = 0x0008; // SERVER_MORE_RESULTS_EXISTS
const PROGRESS = 0xffff; // no error: how far a long statement has come
const CAPABILITY_COMPRESS = 1 << 5;
const CAPABILITY_SSL = 1 << 11;
const CAPABILITY_DEPRECATE_EOF = 1 << 24;

export const QUERY = 0x03;
export const QUIT = 0x01;

// Cuts a stream of bytes into packets.
export class PacketStream {
    constructor(take) {
        this.take = take;
        this.rest = null;
    }

    push(bytes) {
        let data = this.rest === null ? bytes
            : Buffer.concat([this.rest, bytes]);
        let at = 0;
        while (data.length - at >= HEAD) {
            const size = HEAD + data.readUIntLE(at, 3);
            if (data.length - at < size)
                break;
            this.take(data.subarray(at, at + size));
            at += size;
        }
        data = data.subarray(at);
        this.rest = data.length === 0 ? null : data;
    }
}

export function sequence(packet) {
    return packet[3];
}

export function body(packet) {
    return packet.subarray(HEAD);
}

export function packetOf(bytes, number) {
    const head = Buffer.alloc(HEAD);
    head.writeUIntLE(bytes.length, 0, 3);
    head[3] = number & 0xff;
    return Buffer.concat([head, bytes]);
}

// A text statement, or several.
export function query(text) {
    return packetOf(Buffer.concat([Buffer.from([QUERY]), text]), 0);
}

export function errorPacket(number, state, message, packetNumber) {
    const head = Buffer.from([0xff, number & 0xff, number >> 8]);
    return packetOf(Buffer.concat([head, Buffer.from(`#${state}${message}`)]),
        packetNumber);
}

// The server's greeting without what would change the framing.
export function plainGreeting(packet) {
    if (packet[HEAD] !== 10)
        return packet; // an error
    const out = Buffer.from(packet);
    // Version text, connection id, salt, filler; then two halves.
    const low = out.indexOf(0, HEAD + 1) + 1 + 4 + 8 + 1;
    const high = low + 5;
    out.writeUInt16LE(out.readUInt16LE(low) &
        ~(CAPABILITY_COMPRESS | CAPABILITY_SSL), low);
    out.writeUInt16LE(out.readUInt16LE(high) &
        ~(CAPABILITY_DEPRECATE_EOF >> 16), high);
    return out;
}

// A length-encoded number starts at `at`: where it ends.
function afterNumber(bytes, at) {
    const sizes = { 0xfc: 3, 0xfd: 4, 0xfe: 9 };
    return at + (sizes[bytes[at]] ?? 1);
}

function readNumber(bytes, at) {
    const first = bytes[at];
    if (first < 0xfb)
        return first;
    return bytes.readUIntLE(at + 1, { 0xfc: 2, 0xfd: 3, 0xfe: 6 }[first]);
}

// Where the status flags of an OK or EOF packet are.
function statusAt(packet) {
    if (packet[HEAD] === 0x00)
        return afterNumber(packet, afterNumber(packet, HEAD + 1));
    return HEAD + 3;
}

// The packet, which ends an answer, with MORE set.
export function withMore(packet) {
    const out = Buffer.from(packet);
    const at = statusAt(out);
    out.writeUInt16LE(out.readUInt16LE(at) | MORE, at);
    return out;
}

// Follows the answers to one command packet.
export class Answer {
    constructor() {
        this.state = 'first';
        this.columns = 0;
        this.statements = 0; // answers that have ended
        this.error = 0;
    }

    // 'goes on', 'next' (an answer has ended, another follows) or 'end'.
    take(packet) {
        const first = packet[HEAD];
        const short = packet.length - HEAD < 9;
        if (first === 0xff && this.state !== 'columns') {
            const number = packet.readUInt16LE(HEAD + 1);
            if (number === PROGRESS)
                return 'goes on';
            this.error = number;
            return this.ended(false);
        }
        if (this.state === 'first') {
            if (first === 0x00 || (first === 0xfe && short))
                return this.ended(this.more(packet));
            this.columns = readNumber(packet, HEAD);
            this.state = 'columns';
        } else if (this.state === 'columns') {
            if (this.columns-- === 0)
                this.state = 'rows'; // this was the EOF behind them
        } else if (first === 0xfe && short) {
            return this.ended(this.more(packet));
        }
        return 'goes on';
    }

    more(packet) {
        return (packet.readUInt16LE(statusAt(packet)) & MORE) !== 0;
    }

    ended(more) {
        this.statements++;
        this.state = 'first';
        return more ? 'next' : 'end';
    }
}
