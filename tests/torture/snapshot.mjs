// snapshot.mjs - reads from the database what the account needs.

const EPOCH_MS = 1735689600000; // ids count milliseconds since 2025
export const MARKED = 2; // source of the markers (markers.mjs)
const BUCKETS = Array.from({ length: 14 }, (_, i) => `b${i}`);

// The least id that can be made from `wallMs` on.
export function idAt(wallMs) {
    return (BigInt(Math.floor(wallMs - EPOCH_MS)) << 22n).toString();
}

function numberOf(payload) {
    const value = JSON.parse(payload.toString('utf8'));
    return Number(value.n ?? value.data?.n);
}

// The rows of events that are not older than `low`, with numbers from `first`
// on.
export async function readRound(sql, low, first) {
    const stored = await sql.rows('SELECT id, type, external_id, payload ' +
        'FROM events WHERE id >= ?', [low]);
    const events = stored.map((row) => ({ id: String(row.id),
        n: numberOf(row.payload), type: row.type,
        externalId: row.external_id })).filter(({ n }) => n >= first);
    const ours = new Set(events.map((event) => event.id));
    const deliveries = (await sql.rows('SELECT id, kind, owner_id, event_id, ' +
        'status, attempts, duration_ms FROM deliveries WHERE event_id >= ?',
    [low])).filter((row) => ours.has(String(row.event_id))).map((row) => ({
        id: String(row.id), kind: row.kind, owner: row.owner_id,
        event: String(row.event_id), status: row.status,
        attempts: row.attempts, ms: row.duration_ms }));
    const attempts = (await sql.rows('SELECT delivery_id, attempt, owner_id, ' +
        'event_id, kind, duration_ms FROM attempts WHERE delivery_id >= ?',
    [low])).filter((row) => ours.has(String(row.event_id))).map((row) => ({
        delivery: String(row.delivery_id), attempt: row.attempt,
        owner: row.owner_id, kind: row.kind, ms: row.duration_ms }));
    return { events, deliveries, attempts, jobs: await readJobs(sql) };
}

async function readJobs(sql) {
    const rows = await sql.rows('SELECT j.id, j.kind, j.shard, j.lane, ' +
        'j.event_id, j.attempts, j.next_retry_at, s.node, s.lease_until ' +
        'FROM jobs j LEFT JOIN shards s ON s.shard = j.shard LIMIT 100');
    return rows.map((row) => `job ${row.id} of event ${row.event_id}: kind ` +
        `${row.kind}, shard ${row.shard} (node ${row.node} until ` +
        `${row.lease_until}), lane ${row.lane}, ${row.attempts} attempts, ` +
        `due ${row.next_retry_at}`);
}

async function sums(sql, table, key, columns) {
    const rows = await sql.rows(`SELECT ${key} AS name, ` +
        columns.map((column) => `SUM(${column}) AS ${column}`).join(', ') +
        ` FROM ${table} GROUP BY ${key}`);
    return new Map(rows.map(({ name, ...values }) => [name,
        Object.fromEntries(Object.entries(values).map(([column, value]) =>
            [column, Number(value)]))]));
}

export async function readCounters(sql) {
    return {
        subscriptions: await sums(sql, 'rollup_subscriptions',
            'subscription_id', ['successful', 'failed', 'attempts',
                'attempts_failed', 'duration_ms', ...BUCKETS]),
        types: await sums(sql, 'rollup_types', 'event_type',
            ['successful', 'failed']),
        sources: await sums(sql, 'rollup_sources', 'source_id',
            ['processed', 'failed', 'retries', ...BUCKETS]),
        receiving: await sums(sql, 'rollup_receiving', 'source_id',
            ['rejected', 'ignored', 'repeated', 'mismatched']),
        rejections: new Map((await sql.rows('SELECT reason, COUNT(*) AS ' +
            'count FROM rejections WHERE source_id <> ? GROUP BY reason',
        [MARKED])).map(({ reason, count }) =>
            [reason, { count: Number(count) }])),
    };
}

// Rows that belong to nothing, by table; and rows of the whole run.
const leftovers = [
    ['deliveries without an event', 'SELECT COUNT(*) FROM deliveries d LEFT ' +
        'JOIN events e ON e.id = d.event_id WHERE e.id IS NULL'],
    ['attempts without a delivery', 'SELECT COUNT(*) FROM attempts a LEFT ' +
        'JOIN deliveries d ON d.id = a.delivery_id WHERE d.id IS NULL'],
    ['dedupe keys without an event', 'SELECT COUNT(*) FROM dedupe k LEFT ' +
        'JOIN events e ON e.id = k.event_id WHERE e.id IS NULL'],
    ['records without an event', 'SELECT COUNT(*) FROM records r LEFT JOIN ' +
        'events e ON e.id = r.event_id WHERE e.id IS NULL'],
    ['jobs', 'SELECT COUNT(*) FROM jobs'],
    ['outbox rows', 'SELECT COUNT(*) FROM outbox'],
    ['fanouts', 'SELECT COUNT(*) FROM fanouts'],
    ['rejections for no reason', 'SELECT COUNT(*) FROM rejections ' +
        "WHERE reason NOT IN ('signature_mismatch', 'duplicate', 'dropped') " +
        `AND source_id <> ${MARKED}`],
    ['kept events', 'SELECT COUNT(*) FROM events_kept'],
];

export async function readLeftovers(sql) {
    const out = [];
    for (const [what, text] of leftovers) {
        const count = await sql.count(text);
        if (count !== 0)
            out.push({ what: 'left over', text: `${count} ${what}` });
    }
    return out;
}

// Leases that are held although nobody lives who holds them. `pids`: processes
// that left cleanly.
export async function readLeaks(sql, pids) {
    const out = [];
    const shards = await sql.count('SELECT COUNT(*) FROM shards WHERE ' +
        'lease_until > UTC_TIMESTAMP(6)');
    if (shards !== 0)
        out.push({ what: 'lease leaked', text: `${shards} shards` });
    const nodes = await sql.rows('SELECT node, role, pid FROM nodes WHERE ' +
        'lease_until > UTC_TIMESTAMP(6) AND pid IN (?)', [pids]);
    for (const row of nodes)
        out.push({ what: 'lease leaked', text: `node ${row.node} of ` +
            `${row.role} ${row.pid}` });
    return out;
}
