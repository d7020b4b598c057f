// postgrest_value.mjs - values of PostgreSQL columns: read from text, compared,
// and written as JSON with all their digits.

// A number that keeps its digits.
export class Digits {
    constructor(text) {
        this.text = text;
    }
}

class BadValue extends Error {
    constructor(type, text) {
        super(`invalid input syntax for type ${type}: "${text}"`);
        this.code = type.startsWith('timestamp') ? '22007' : '22P02';
    }
}

const stamp = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d(?::?\d\d)?)?$/;

// Microseconds since 1970, as BigInt.
function micros(text) {
    const parts = stamp.exec(text);
    if (!parts)
        throw new BadValue('timestamp with time zone', text);
    const [, , , , , , , fraction = '', zone = 'Z'] = parts;
    const offset = zone === 'Z' ? 'Z'
        : zone.length === 3 ? `${zone}:00`
            : zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
    const seconds = Date.parse(`${parts[1]}-${parts[2]}-${parts[3]}T` +
        `${parts[4]}:${parts[5]}:${parts[6]}${offset}`);
    if (Number.isNaN(seconds))
        throw new BadValue('timestamp with time zone', text);
    return BigInt(seconds) * 1000n + BigInt(fraction.padEnd(6, '0'));
}

// As PostgreSQL prints a timestamptz in JSON, in UTC.
function stampText(us) {
    const ms = Number(us / 1_000_000n) * 1000;
    const fraction = String(us % 1_000_000n).padStart(6, '0')
        .replace(/0+$/, '');
    return new Date(ms).toISOString().slice(0, 19) +
        (fraction ? `.${fraction}` : '') + '+00:00';
}

const readers = {
    int8: (text) => {
        if (!/^-?\d+$/.test(text))
            throw new BadValue('bigint', text);
        return new Digits(text.replace(/^(-?)0+(?=\d)/, '$1'));
    },
    numeric: (text) => {
        if (!/^-?\d+(\.\d+)?$/.test(text))
            throw new BadValue('numeric', text);
        return new Digits(text);
    },
    uuid: (text) => {
        if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text))
            throw new BadValue('uuid', text);
        return text.toLowerCase();
    },
    bool: (text) => {
        if (!['true', 'false'].includes(text))
            throw new BadValue('boolean', text);
        return text === 'true';
    },
    timestamptz: (text) => stampText(micros(text)),
    text: (text) => text,
};

// A JavaScript value, {raw}, or text of a query, as that type; null is null.
export function castTo(type, value) {
    if (value === null || value instanceof Digits || type === 'jsonb')
        return value;
    const text = typeof value === 'object' && 'raw' in value ? value.raw
        : String(value);
    return readers[type](text);
}

const scaled = (text) => {
    const [whole, fraction = ''] = text.replace('-', '').split('.');
    const value = BigInt(whole + fraction.padEnd(30, '0'));
    return text.startsWith('-') ? -value : value;
};

// <0, 0 or >0.
export function compare(type, a, b) {
    const [x, y] = type === 'timestamptz' ? [micros(a), micros(b)]
        : a instanceof Digits ? [scaled(a.text), scaled(b.text)]
            : type === 'jsonb' ? [plain(a), plain(b)] : [a, b];
    return x < y ? -1 : x > y ? 1 : 0;
}

// Compact JSON, numbers with all their digits.
export function plain(value) {
    if (value instanceof Digits)
        return value.text;
    if (Array.isArray(value))
        return `[${value.map(plain).join(',')}]`;
    if (value !== null && typeof value === 'object')
        return `{${Object.entries(value).map(([name, one]) =>
            `${JSON.stringify(name)}:${plain(one)}`).join(',')}}`;
    return JSON.stringify(value);
}

// jsonb::text: shorter keys first, then by bytes; a blank behind , and :
export function jsonb(value) {
    if (value instanceof Digits)
        return value.text;
    if (Array.isArray(value))
        return `[${value.map(jsonb).join(', ')}]`;
    if (value !== null && typeof value === 'object')
        return `{${Object.keys(value).sort((a, b) =>
            Buffer.byteLength(a) - Buffer.byteLength(b) ||
            Buffer.compare(Buffer.from(a), Buffer.from(b))).map((name) =>
            `${JSON.stringify(name)}: ${jsonb(value[name])}`).join(', ')}}`;
    return JSON.stringify(value);
}
