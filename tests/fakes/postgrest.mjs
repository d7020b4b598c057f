// postgrest.mjs - a fake of Supabase's REST API, which is PostgREST
// (https://docs.postgrest.org/en/v12/references/api.html): tables in schemas,
// filters, order, limits, one row as an object, and its errors.
//
// table() makes a table; insert(), update() and remove() change its rows as the
// owner of the database would, and give the body that a Database Webhook sends
// for it, byte for byte as PostgreSQL writes jsonb. hide() takes rows away from
// the key's sight, as row level security does.
//
//   node postgrest.mjs --port 8101 --key service_key --data tables.json
//
// tables.json: {"users":{"columns":{"id":"int8","name":"text"},"rows":[...]}}

import { fileURLToPath } from 'node:url';
import { Fake, refuse, runProgram } from './fake.mjs';
import { castTo, compare, jsonb, plain } from './postgrest_value.mjs';
import { splitList, parseFilter } from './postgrest_filter.mjs';

const OBJECT = 'application/vnd.pgrst.object+json';
// Query parameters that are not columns.
const WORDS = ['select', 'order', 'limit', 'offset', 'on_conflict', 'columns',
    'apikey'];

export class Postgrest extends Fake {
    // options as for Fake, and schemas (["public"]), maxRows (db-max-rows).
    static start(options = {}) {
        return new Postgrest(options).listen();
    }

    constructor(options = {}) {
        super(options);
        this.schemas = options.schemas ?? ['public'];
        this.maxRows = options.maxRows ?? Infinity;
        this.tables = new Map();
    }

    // -- tables --------------------------------------------------------------------

    // columns: {name: type}, types int8, numeric, text, uuid, bool, timestamptz,
    // jsonb; key: columns of the primary key.
    table(name, columns, { schema = 'public', key = ['id'] } = {}) {
        const table = { name, schema, columns, key, rows: [],
            hidden: () => false };
        this.tables.set(`${schema}.${name}`, table);
        return table;
    }

    hide(table, which = () => true) {
        table.hidden = which;
    }

    // Values are JavaScript's, or {raw: '12.50'} for what it cannot hold.
    insert(table, row) {
        const whole = this.whole(table, row);
        table.rows.push(whole);
        return this.hook('INSERT', table, whole, null);
    }

    update(table, which, changes) {
        const row = table.rows.find(which);
        const old = { ...row };
        Object.assign(row, this.whole(table, { ...row, ...changes }));
        return this.hook('UPDATE', table, row, old);
    }

    remove(table, which) {
        const index = table.rows.findIndex(which);
        const [old] = table.rows.splice(index, 1);
        return this.hook('DELETE', table, null, old);
    }

    whole(table, row) {
        const out = {};
        for (const [column, type] of Object.entries(table.columns))
            out[column] = castTo(type, row[column] ?? null);
        return out;
    }

    // The body of a Database Webhook, as text.
    hook(type, table, record, old_record) {
        return jsonb({ type, table: table.name, record, schema: table.schema,
            old_record });
    }

    // -- answers -------------------------------------------------------------------

    error({ status, code = null, message, hint = null, details = null,
        retryAfter, body, headers = {} }) {
        const gateway = { 401: 'Invalid API key', 403: 'Forbidden',
            429: 'Too many requests', 500: 'Internal server error',
            502: 'Bad gateway', 504: 'Gateway timeout',
            503: 'Could not connect with the database.' }[status];
        return { status, headers: { ...headers, ...(retryAfter !== undefined
            ? { 'Retry-After': String(retryAfter) } : {}) },
        body: body ?? (code === null
            ? { message: message ?? gateway, hint }
            : { code, details, hint, message }) };
    }

    refuse(status, code, message, more = {}) {
        refuse(this.error({ status, code, message, ...more }));
    }

    answer(request) {
        const name = /^\/rest\/v1\/([^/]+)$/.exec(request.path)?.[1];
        this.authorize(request);
        if (name === undefined)
            this.refuse(404, null, 'no Route matched with those values');
        const table = this.tableOf(request, decodeURIComponent(name));
        const take = { GET: read, HEAD: read, POST: insert, PATCH: change,
            DELETE: remove }[request.method];
        if (!take)
            this.refuse(405, 'PGRST117', 'Unsupported HTTP method: ' +
                request.method);
        return take(this, table, request);
    }

    authorize({ headers, query }) {
        const given = headers.apikey ?? query.get('apikey');
        if (given === undefined || given === null)
            this.refuse(401, null, 'No API key found in request', {
                hint: 'No `apikey` request header or url param was found.' });
        if (this.key !== null && given !== this.key)
            this.refuse(401, null, 'Invalid API key', { hint: 'Double check ' +
                'your Supabase `anon` or `service_role` API key.' });
        const token = /^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1];
        if (token !== undefined && token !== given)
            this.refuse(401, 'PGRST301', 'JWSError JWSInvalidSignature');
    }

    tableOf({ method, headers }, name) {
        const schema = headers[method === 'GET' || method === 'HEAD'
            ? 'accept-profile' : 'content-profile'] ?? this.schemas[0];
        if (!this.schemas.includes(schema))
            this.refuse(406, 'PGRST106', `Invalid schema: ${schema}`, {
                hint: 'Only the following schemas are exposed: ' +
                    this.schemas.join(', ') });
        const table = this.tables.get(`${schema}.${name}`);
        if (!table)
            this.refuse(404, 'PGRST205', 'Could not find the table ' +
                `'${schema}.${name}' in the schema cache`);
        return table;
    }

    typeOf(table, column) {
        const type = table.columns[column];
        if (type === undefined)
            this.refuse(400, '42703',
                `column ${table.name}.${column} does not exist`);
        return type;
    }

    cast(type, text) {
        try {
            return castTo(type, text);
        } catch (error) {
            return this.refuse(400, error.code, error.message);
        }
    }
}

// The rows that the key may see and the query wants.
function chosen(fake, table, query) {
    let rows = table.rows.filter((row) => !table.hidden(row));
    for (const [name, value] of query) {
        if (WORDS.includes(name))
            continue;
        const test = parseFilter(name, value, {
            typeOf: (column) => fake.typeOf(table, column),
            cast: (type, text) => fake.cast(type, text),
            refuse: (detail) => fake.refuse(400, 'PGRST100',
                `"failed to parse filter (${value})" (line 1, column 1)`,
                { details: detail }),
        });
        rows = rows.filter(test);
    }
    return rows;
}

function ordered(fake, table, rows, text) {
    const steps = splitList(text).map((part) => {
        const [column, ...words] = part.split('.');
        fake.typeOf(table, column);
        const unknown = words.find((word) => !['asc', 'desc', 'nullsfirst',
            'nullslast'].includes(word));
        if (unknown !== undefined)
            fake.refuse(400, 'PGRST100',
                `"failed to parse order (${text})" (line 1, column 1)`);
        const desc = words.includes('desc');
        const nulls = words.includes('nullsfirst') ? -1
            : words.includes('nullslast') || !desc ? 1 : -1;
        return { column, sign: desc ? -1 : 1, nulls };
    });
    return [...rows].sort((a, b) => {
        for (const { column, sign, nulls } of steps) {
            const [x, y] = [a[column], b[column]];
            const order = x === null && y === null ? 0
                : x === null ? nulls : y === null ? -nulls
                    : sign * compare(table.columns[column], x, y);
            if (order !== 0)
                return order;
        }
        return 0;
    });
}

function projected(fake, table, rows, select) {
    const columns = splitList(select).flatMap((part) => part === '*'
        ? Object.keys(table.columns) : [part]);
    for (const column of columns)
        fake.typeOf(table, column);
    return rows.map((row) => Object.fromEntries(columns.map((column) =>
        [column, row[column]])));
}

// Rows as the Accept header wants them.
function shown(fake, request, rows, status = 200, headers = {}) {
    if ((request.headers.accept ?? '').includes(OBJECT)) {
        if (rows.length !== 1)
            fake.refuse(406, 'PGRST116', 'Cannot coerce the result to a ' +
                'single JSON object', { details:
                `The result contains ${rows.length} rows` });
        return { status, headers: { ...headers,
            'Content-Type': `${OBJECT}; charset=utf-8` },
        body: plain(rows[0]) };
    }
    return { status, headers, body: plain(rows) };
}

const whole = (fake, text, name) => /^\d+$/.test(text) ? Number(text)
    : fake.refuse(400, 'PGRST100',
        `"failed to parse ${name} (${text})" (line 1, column 1)`);

function read(fake, table, request) {
    const { query, headers } = request;
    let rows = chosen(fake, table, query);
    const all = rows.length;
    if (query.has('order'))
        rows = ordered(fake, table, rows, query.get('order'));
    const offset = whole(fake, query.get('offset') ?? '0', 'offset');
    const limit = Math.min(fake.maxRows, query.has('limit')
        ? whole(fake, query.get('limit'), 'limit') : rows.length);
    rows = projected(fake, table, rows.slice(offset, offset + limit),
        query.get('select') || '*');
    const counted = /count=(exact|planned|estimated)/.test(
        headers.prefer ?? '');
    const range = rows.length === 0 ? '*'
        : `${offset}-${offset + rows.length - 1}`;
    const partial = counted && rows.length > 0 && rows.length < all;
    const answer = shown(fake, request, rows, partial ? 206 : 200,
        { 'Content-Range': `${range}/${counted ? all : '*'}` });
    return request.method === 'HEAD' ? { ...answer, body: '' } : answer;
}

const parsed = (fake, request) => {
    try {
        return JSON.parse(request.body);
    } catch {
        return fake.refuse(400, 'PGRST102', 'Empty or invalid json');
    }
};

function written(fake, table, request, rows, status) {
    if (/return=representation/.test(request.headers.prefer ?? ''))
        return shown(fake, request, projected(fake, table, rows,
            request.query.get('select') || '*'),
        status === 201 ? 201 : 200);
    return { status, body: '' };
}

function insert(fake, table, request) {
    const rows = [parsed(fake, request)].flat();
    for (const row of rows) {
        for (const column of Object.keys(row))
            if (!table.columns[column])
                fake.refuse(400, 'PGRST204', `Could not find the '${column}' ` +
                    `column of '${table.name}' in the schema cache`);
        if (table.rows.some((old) => table.key.every((column) =>
            plain(old[column]) === plain(castTo(table.columns[column],
                row[column] ?? null)))))
            fake.refuse(409, '23505', 'duplicate key value violates unique ' +
                `constraint "${table.name}_pkey"`);
    }
    const before = table.rows.length;
    for (const row of rows)
        fake.insert(table, row);
    return written(fake, table, request, table.rows.slice(before), 201);
}

function change(fake, table, request) {
    const rows = chosen(fake, table, request.query);
    const changes = parsed(fake, request);
    for (const row of rows)
        Object.assign(row, fake.whole(table, { ...row, ...changes }));
    return written(fake, table, request, rows, 204);
}

function remove(fake, table, request) {
    const rows = chosen(fake, table, request.query);
    table.rows = table.rows.filter((row) => !rows.includes(row));
    return written(fake, table, request, rows, 204);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
    await runProgram('PostgREST', (options, data) => {
        const fake = new Postgrest(options);
        for (const [name, { columns, rows = [], ...more }] of
            Object.entries(data ?? {})) {
            const table = fake.table(name, columns, more);
            for (const row of rows)
                fake.insert(table, row);
        }
        return fake;
    });
