// statements.mjs - the statements in one packet: where they begin, and a short
// name for each that says what kind it is.

const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;
const DASH = 0x2d;
const NEWLINE = 0x0a;
const QUOTES = new Set([0x27, 0x22, 0x60]); // ' " `

// Cuts at every ';' outside of quotes and of comments ("-- to the end").
export function split(text) {
    const out = [];
    let from = 0;
    let quote = 0;
    for (let i = 0; i < text.length; i++) {
        const byte = text[i];
        if (quote !== 0) {
            if (byte === BACKSLASH && quote !== 0x60)
                i++;
            else if (byte === quote)
                quote = 0;
        } else if (byte === DASH && text[i + 1] === DASH) {
            const end = text.indexOf(NEWLINE, i);
            i = end === -1 ? text.length : end;
        } else if (QUOTES.has(byte)) {
            quote = byte;
        } else if (byte === SEMICOLON) {
            out.push(text.subarray(from, i));
            from = i + 1;
        }
    }
    out.push(text.subarray(from));
    return out;
}

export function join(statements) {
    const parts = [];
    for (const statement of statements) {
        if (parts.length > 0)
            parts.push(Buffer.from([SEMICOLON]));
        parts.push(statement);
    }
    return Buffer.concat(parts);
}

const TABLE = new RegExp('\\b(?:FROM|INTO|UPDATE|TABLE|(?:STRAIGHT_)?JOIN)' +
    '\\s+(?!SELECT\\b)`?([a-z_]+)`?', 'gi');

// "INSERT jobs", "COMMIT": the verb and the first real table.
export function nameOf(statement) {
    const text = statement.toString('latin1', 0, 400);
    const verb = /^[\s(]*([a-z]+)/i.exec(text)?.[1]?.toUpperCase() ?? '?';
    const inner = /^SET STATEMENT .* FOR\s+(.*)$/is.exec(text);
    if (inner)
        return nameOf(Buffer.from(inner[1], 'latin1'));
    if (!/^(SELECT|INSERT|UPDATE|DELETE|ALTER|TRUNCATE|REPLACE)$/.test(verb))
        return verb;
    // A list of ids may be longer than any prefix: its table comes last.
    const tail = statement.toString('latin1', Math.max(0,
        statement.length - 200));
    const table = [...text.matchAll(TABLE), ...tail.matchAll(TABLE)]
        .map((match) => match[1]).find((name) => !/^(SELECT|x)$/i.test(name));
    const lock = /FOR UPDATE|LOCK IN SHARE/.test(tail) ? ' locking' : '';
    return `${verb} ${table ?? ''}${lock}`.trim();
}
