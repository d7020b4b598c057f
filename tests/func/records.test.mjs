// records.test.mjs - the mirror as programs and people see it: /api/records,
// `postern records`, search, and the files of json_cache_dir.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync,
    readdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeToken } from './lib/gateway.mjs';
import { addSource, post } from './lib/provider_cases.mjs';
import { signed } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const secret = 'records-secret-of-the-test';
let stack;
let files;
before(async () => {
    files = mkdtempSync(join(tmpdir(), 'postern-files-'));
    chmodSync(files, 0o777); // the stack may run as another user
    stack = await Stack.start({ conf: { json_cache_dir: files } });
    await addSource(stack, { name: 'crm', provider: 'hmac', secret });
});
after(async () => {
    await stack?.stop();
    rmSync(files, { recursive: true, force: true });
});

let clock = Date.parse('2026-01-01T15:00:00Z');
const tick = () => new Date(clock += 1000).toISOString();

// Sends changes of records and waits until they are processed. An object is
// the new state, null a deletion.
async function put(table, changes, source = 'crm') {
    for (const [id, data] of Object.entries(changes)) {
        const body = Buffer.from(JSON.stringify({
            event_type: data === null ? 'delete' : 'update', source,
            table_name: table, record_id: id, timestamp: tick(),
            ...(data === null ? {} : { data }),
        }));
        // Responders look for new sources a few times a second.
        const answer = await eventually(`${source} is known`, async () => {
            const got = await post(stack, source, { body },
                signed(secret, body));
            return got.status !== 404 && got;
        });
        assert.equal(answer.status, 202, answer.text);
    }
    await stack.drained();
}

async function get(path, token, options) {
    const answer = await stack.api(token).get(path, options);
    assert.equal(answer.status, 200, answer.text);
    return answer;
}

const idsOf = (answer) => answer.json.map((record) => record.record_id);

function nextOf(answer) {
    const link = /^<([^>]+)>; rel="next"$/.exec(answer.headers.link ?? '');
    return link?.[1];
}

const indexed = () => eventually('search has seen everything', async () =>
    await stack.sql.count('SELECT COUNT(dirty) FROM records') === 0);

describe('one record', () => {
    test('shows its state, and which field changed when', async () => {
        await put('people', { p1: { name: 'Ann', city: 'Kiel' } });
        const first = clock;
        await put('people', { p1: { name: 'Ann', city: 'Bonn' } });
        const { json } = await get('/api/records/crm/people/p1');
        assert.deepEqual(Object.keys(json), ['source', 'table', 'record_id',
            'version', 'revision', 'verified', 'stale', 'deleted', 'event_id',
            'updated_at', 'data', 'fields']);
        assert.deepEqual(json.data, { name: 'Ann', city: 'Bonn' });
        assert.equal(json.revision, 2);
        assert.equal(json.verified, 'no');
        assert.equal(json.stale, false);
        assert.equal(Date.parse(json.version), clock);
        assert.equal(Date.parse(json.fields.name.changed_at), first);
        assert.equal(Date.parse(json.fields.city.changed_at), clock);
        assert.equal(json.fields.city.event, json.event_id);
        assert.notEqual(json.fields.name.event, json.event_id);
        assert.equal(json.fields.city.status, 'unverified');
        const event = await get(`/api/events/${json.event_id}`);
        assert.equal(event.json.event ?? event.json.event_type,
            'crm.people.update');
    });

    test('is sent again only when it has changed', async () => {
        await put('people', { p2: { n: 1 } });
        const path = '/api/records/crm/people/p2';
        const { etag } = (await get(path)).headers;
        assert.ok(etag);
        const headers = { 'If-None-Match': etag };
        const same = await stack.api().get(path, { headers });
        assert.equal(same.status, 304);
        assert.equal(same.text, '');
        assert.equal(same.headers.etag, etag);
        await put('people', { p2: { n: 2 } });
        const other = await get(path, undefined, { headers });
        assert.notEqual(other.headers.etag, etag);
        assert.equal((await stack.api().head(path)).headers.etag,
            other.headers.etag);
    });

    test('stays as a tombstone when it is deleted', async () => {
        await put('people', { p3: { n: 1 } });
        await put('people', { p3: null });
        const { json } = await get('/api/records/crm/people/p3');
        assert.equal(json.deleted, true);
        assert.equal(json.data, null);
        assert.equal(json.revision, 2);
        assert.ok(!('fields' in json));
    });

    test('keeps every digit', async () => {
        const body = Buffer.from('{"event_type":"insert","source":"crm",' +
            '"table_name":"people","record_id":"p4","data":' +
            '{"n":12345678901234567890.50}}');
        await post(stack, 'crm', { body }, signed(secret, body));
        await stack.drained();
        assert.match((await get('/api/records/crm/people/p4')).text,
            /"data":\{"n":12345678901234567890\.50\}/);
    });

    for (const path of ['crm/people/nobody', 'crm/nothing/p1',
        'nowhere/people/p1'])
        test(`404: ${path}`, async () => {
            const answer = await stack.api().get(`/api/records/${path}`);
            assert.equal(answer.status, 404);
            assert.deepEqual(answer.json, { detail: 'Record not found' });
        });
});

describe('lists', () => {
    before(() => put('list', { a: { n: 1 }, b: { n: 2 }, c: { n: 3 },
        d: { n: 4 }, e: { n: 5 }, 'x/y': { n: 6 }, 'Zoë ü': { n: 7 } }));
    before(() => put('list', { b: null }));

    test('show the live records, page after page, by id', async () => {
        const seen = [];
        let path = '/api/records/crm/list?limit=2';
        for (let pages = 0; path; pages++) {
            assert.ok(pages < 5);
            const page = await get(path);
            assert.ok(page.json.length <= 2);
            seen.push(...idsOf(page));
            path = nextOf(page);
        }
        assert.deepEqual(seen, ['Zoë ü', 'a', 'c', 'd', 'e', 'x/y']);
    });

    test('show deleted ones when asked', async () => {
        assert.deepEqual(
            idsOf(await get('/api/records/crm/list?deleted=yes')), ['b']);
        assert.equal(
            (await get('/api/records/crm/list?deleted=all')).json.length, 7);
    });

    test('show what was written since', async () => {
        const { updated_at } = (await get('/api/records/crm/list/e')).json;
        await put('list', { c: { n: 33 } });
        const since = encodeURIComponent(updated_at);
        assert.ok(idsOf(await get(
            `/api/records/crm/list?updated_since=${since}`)).includes('c'));
        assert.deepEqual(idsOf(await get(
            '/api/records/crm/list?updated_since=2999-01-01T00:00:00Z')), []);
    });

    test('an id with a slash goes as a parameter', async () => {
        const one = await get('/api/records/crm/list?record_id=x%2Fy');
        assert.deepEqual(idsOf(one), ['x/y']);
        const other = await get(
            '/api/records?source=crm&table=list&record_id=x%2Fy');
        assert.deepEqual(other.json, one.json);
    });

    test('a cursor goes on behind any id', async () => {
        const page = await get('/api/records/crm/list?limit=1');
        assert.deepEqual(idsOf(page), ['Zoë ü']);
        assert.deepEqual(idsOf(await get(nextOf(page))), ['a']);
    });

    test('a table without records is empty, a source is not found', async () => {
        assert.deepEqual((await get('/api/records/crm/none')).json, []);
        const answer = await stack.api().get('/api/records/nobody/list');
        assert.equal(answer.status, 404);
        assert.deepEqual(answer.json, { detail: 'Source not found' });
    });

    for (const [name, value] of [['limit', '0'], ['limit', '251'],
        ['cursor', 'zz'], ['cursor', 'abc'], ['cursor', 'ff'],
        ['deleted', 'maybe'], ['updated_since', 'yesterday']])
        test(`422: ${name}=${value}`, async () => {
            const answer = await stack.api()
                .get(`/api/records/crm/list?${name}=${value}`);
            assert.equal(answer.status, 422);
            assert.deepEqual(answer.json.detail[0].loc, ['query', name]);
        });

    test('tables have counts, a moment later', async () => {
        await indexed();
        const { json } = await get('/api/records?source=crm');
        const list = json.find((table) => table.table === 'list');
        assert.deepEqual({ ...list, changed_at: 0 },
            { source: 'crm', table: 'list', records: 6, changed_at: 0 });
        assert.ok(Date.now() - Date.parse(list.changed_at) < 60_000);
        assert.ok(json.some((table) => table.table === 'people'));
        const answer = await stack.api().get('/api/records?table=list');
        assert.equal(answer.status, 422);
    });
});

describe('search', () => {
    before(async () => {
        await put('notes', {
            n1: { title: 'The quick brown fox', tags: ['Köln'] },
            n2: { title: 'A brown bear', nested: { text: 'don\'t "quote"' } },
            n3: { title: 'nothing of interest', number: 4711 },
        });
        await put('other', { o1: { title: 'brown as well' } });
        await indexed();
    });
    const found = async (query) =>
        idsOf(await get(`/api/records/search?${query}`)).sort();

    test('finds all the words, in any case', async () => {
        assert.deepEqual(await found('q=BROWN+quick'), ['n1']);
        assert.deepEqual(await found('q=brown'), ['n1', 'n2', 'o1']);
    });
    test('finds beginnings, other letters, numbers, ids', async () => {
        assert.deepEqual(await found('q=bea*'), ['n2']);
        assert.deepEqual(await found('q=k%C3%B6ln'), ['n1']);
        assert.deepEqual(await found('q=4711'), ['n3']);
        assert.deepEqual(await found('q=quote'), ['n2']);
    });
    test('keeps to a source and a table', async () => {
        assert.deepEqual(await found('q=brown&source=crm&table=other'), ['o1']);
        assert.deepEqual(await found('q=brown&source=supabase'), []);
        assert.deepEqual(await found('q=brown&limit=1'),
            (await found('q=brown&limit=1')).slice(0, 1));
    });
    test('follows changes and deletions', async () => {
        await put('notes', { n1: { title: 'a lazy dog' } });
        await put('other', { o1: null });
        await indexed();
        assert.deepEqual(await found('q=brown'), ['n2']);
        assert.deepEqual(await found('q=lazy'), ['n1']);
    });
    test('signs of a query language do no harm', async () => {
        for (const q of ['+', '-brown', '"brown', '(brown', 'brown*)', '@@@ abc',
            '%00abc', '\'brown\'', '~<>brown', 'a*b*c'].map(encodeURIComponent)) {
            const { status } = await stack.api()
                .get(`/api/records/search?q=${q}`);
            assert.ok([200, 422].includes(status), `${q}: ${status}`);
        }
    });
    for (const q of ['', 'q=', 'q=the+a', `q=${'x'.repeat(501)}`])
        test(`422: ${q.slice(0, 20)}`, async () => {
            const answer = await stack.api().get(`/api/records/search?${q}`);
            assert.equal(answer.status, 422);
            assert.deepEqual(answer.json.detail[0].loc, ['query', 'q']);
        });
});

describe('who may see what', () => {
    test('a token sees its application only', async () => {
        const { token } = await makeToken(stack, 'read', 'tenant');
        await addSource(stack, { name: 'theirs', provider: 'hmac', secret,
            application: 'tenant' });
        await put('secrets', { s1: { word: 'confidential' } });
        await put('secrets', { t1: { word: 'confidential' } }, 'theirs');
        await indexed();
        assert.deepEqual((await get('/api/records', token)).json
            .map(({ source, table }) => [source, table]),
        [['theirs', 'secrets']]);
        const search = '/api/records/search?q=confidential';
        assert.deepEqual(idsOf(await get(search, token)), ['t1']);
        assert.deepEqual(idsOf(await get(`${search}&source=crm`, token)), []);
        assert.deepEqual(idsOf(await get('/api/records/theirs/secrets', token)),
            ['t1']);
        for (const path of ['crm/secrets', 'crm/secrets/s1'])
            assert.equal((await stack.api(token)
                .get(`/api/records/${path}`)).status, 404, path);
        const own = await makeToken(stack, 'read');
        assert.deepEqual(idsOf(await get(search, own.token)), ['s1']);
        assert.deepEqual(idsOf(await get(search)), ['s1', 't1']);
    });

    test('nobody does without a token, or with one for sending', async () => {
        for (const path of ['/api/records', '/api/records/crm/list',
            '/api/records/crm/list/a', '/api/records/search?q=abc'])
            assert.equal((await stack.api(null).get(path,
                { token: undefined })).status, 401, path);
        const { token } = await makeToken(stack, 'send');
        assert.equal((await stack.api(token).get('/api/records')).status, 403);
        assert.equal((await stack.api().post('/api/records', {})).status, 405);
    });
});

describe('postern records', () => {
    const lines = ({ stdout }) => stdout.trim().split('\n');
    before(() => put('cli', { c1: { word: 'commandline' }, c2: { n: 2 } }));
    before(() => put('cli', { c2: null }));

    test('list shows tables, and records', async () => {
        await indexed();
        const tables = await stack.cli('records', 'list', 'crm');
        assert.equal(tables.code, 0, tables.stderr);
        assert.match(tables.stdout, /^crm +cli +1 /m);
        const records = await stack.cli('records', 'list', 'crm', 'cli',
            '--json');
        assert.deepEqual(lines(records).map((line) =>
            JSON.parse(line).record_id), ['c1']);
        const gone = await stack.cli('records', 'list', 'crm', 'cli',
            '--deleted');
        assert.match(gone.stdout, /^crm +cli +c2 .* deleted$/m);
    });

    test('a source that there is not is exit 66, with where to look',
        async () => {
            const dir = mkdtempSync(join(tmpdir(), 'records-'));
            for (const args of [['list', 'nobody'],
                ['list', 'nobody', '--json'], ['list', 'nobody', 'cli'],
                ['search', 'commandl*', '--source', 'nobody'],
                ['export', join(dir, 'none'), '--source', 'nobody']]) {
                const done = await stack.cli('records', ...args);
                assert.equal(done.code, 66, `${args}: ${done.stderr}`);
                assert.match(done.stderr, new RegExp('there is no source ' +
                    "'nobody'; `postern source list` shows them"));
                assert.equal(done.stdout, '');
            }
            assert.deepEqual(readdirSync(dir), []);
            rmSync(dir, { recursive: true });
            // One without records is there all the same.
            const empty = await stack.cli('records', 'list', 'notion');
            assert.equal(empty.code, 0, empty.stderr);
            assert.match(empty.stderr, /there are no records/);
        });

    test('show prints the record', async () => {
        const shown = await stack.cli('records', 'show', 'crm', 'cli', 'c1');
        assert.equal(shown.code, 0, shown.stderr);
        assert.equal(lines(shown).at(-1), '{"word":"commandline"}');
        const json = await stack.cli('records', 'show', 'crm', 'cli', 'c1',
            '--json');
        assert.ok(JSON.parse(json.stdout).fields.word.changed_at);
        assert.equal((await stack.cli('records', 'show', 'crm', 'cli', 'no'))
            .code, 66);
        assert.equal((await stack.cli('records', 'show', 'crm')).code, 64);
    });

    test('search finds it', async () => {
        const found = await stack.cli('records', 'search', 'commandl*');
        assert.match(found.stdout, /^crm +cli +c1 /m);
        assert.equal((await stack.cli('records', 'search', 'a')).code, 65);
        assert.equal((await stack.cli('records', 'search')).code, 64);
    });

    test('export writes all of it', async () => {
        const dir = join(files, '..', `${files.split('/').at(-1)}-export`);
        const done = await stack.cli('records', 'export', dir,
            '--source', 'crm', '--json');
        try {
            assert.equal(done.code, 0, done.stderr);
            const told = JSON.parse(done.stdout);
            assert.equal(told.directory, dir);
            assert.equal(told.tables,
                readdirSync(join(dir, 'crm')).length);
            assert.ok(told.records >= 7, done.stdout);
            assert.deepEqual(JSON.parse(readFileSync(
                join(dir, 'crm/cli.json'), 'utf8')), [{ word: 'commandline' }]);
            assert.equal(JSON.parse(readFileSync(
                join(dir, 'crm/list.json'), 'utf8')).length, 6);
            assert.ok(!existsSync(join(dir, 'notion')));
        } finally {
            rmSync(dir, { recursive: true, force: true });
        }
        const away = await stack.cli('records', 'export', '/nowhere/at/all');
        assert.equal(away.code, 66);
    });
});

describe('files of json_cache_dir', () => {
    const path = (table) => join(files, 'crm', `${table}.json`);
    const holds = (table, want, ms) => eventually(`${table}.json is current`,
        () => {
            try {
                assert.deepEqual(JSON.parse(readFileSync(path(table), 'utf8')),
                    want);
                return true;
            } catch (error) {
                if (error.code === 'ENOENT' || error.name === 'AssertionError')
                    return false;
                throw error; // half a file
            }
        }, ms);

    test('follow the records', async () => {
        await put('file', { f1: { n: 1 }, f2: { n: 2 } });
        await holds('file', [{ n: 1 }, { n: 2 }]);
        await put('file', { f1: null, f3: { n: 3 } });
        await holds('file', [{ n: 2 }, { n: 3 }]);
        assert.match(readFileSync(path('file'), 'utf8'),
            /^\[\n\{"n":2\},\n\{"n":3\}\n\]\n$/);
    });

    test('names are safe', async () => {
        await put('../../etc/passwd', { x: { n: 1 } });
        await eventually('the file is there', () =>
            existsSync(join(files, 'crm', '%2E.%2F..%2Fetc%2Fpasswd.json')));
    });

    test('one that cannot be written does not hold up the others',
        async () => {
            mkdirSync(path('stuck'));
            await put('stuck', { s1: { n: 1 } });
            await put('free', { f1: { n: 1 } });
            await holds('free', [{ n: 1 }]);
            const lines = () => stack.logs().split('\n').filter((line) =>
                line.includes('A file of the mirror cannot be written') &&
                line.includes('stuck'));
            await eventually('it is told', () => lines().length > 0);
            // Time and again, while it fails.
            for (let n = 2; n <= 4; n++) {
                await put('free', { f1: { n } });
                await holds('free', [{ n }]);
            }
            assert.equal(lines().length, 1);
            rmdirSync(path('stuck'));
        });

    test('what happens while no worker runs is caught up with', async () => {
        await put('late', { l1: { n: 1 } });
        await holds('late', [{ n: 1 }]);
        await put('late', { l2: { n: 2 } });
        await stack.kill('worker', 'SIGKILL');
        writeFileSync(path('late'), '[]');
        rmSync(path('file'));
        await stack.restart('worker');
        // The dead worker's lease has to run out.
        await holds('late', [{ n: 1 }, { n: 2 }], 60_000);
        await holds('file', [{ n: 2 }, { n: 3 }]);
    });
});
