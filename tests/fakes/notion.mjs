// notion.mjs - a fake of Notion's API (https://developers.notion.com): pages,
// databases, data sources, blocks, comments, users and search, in its own
// shapes, errors and limits.
//
// Objects are made by database(), page(), block() and comment(), changed by
// edit(), trash() and share(); event() is the webhook that such a change
// causes. What is not shared is 404 object_not_found, as what does not exist.
// Times of edits are rounded to the minute, as Notion does.
//
//   node notion.mjs --port 8100 --rate 3 --key secret_key --data objects.json
//
// objects.json: {"databases":[{"id","name","schema"}],"pages":[{"id","database",
// "values"}]}.

import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Fake, refuse, requestId, runProgram } from './fake.mjs';
import { edited, makeProperties, propertySchema, plainTitle, richText }
    from './notion_property.mjs';
import { filtered, sorted } from './notion_query.mjs';

export const VERSIONS = ['2021-05-13', '2021-08-16', '2022-02-22',
    '2022-06-28', '2025-09-03', '2026-03-11'];
const FIRST_WITH_DATA_SOURCES = '2025-09-03';
const PAGE_SIZE_MAX = 100;

export const bare = (id) => id.replaceAll('-', '').toLowerCase();
export const dashed = (id) => bare(id).replace(
    /^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
const isId = (id) => /^[0-9a-f]{32}$/.test(bare(id));
const toMinute = (ms) => new Date(Math.floor(ms / 60_000) * 60_000)
    .toISOString();

// Error codes by status, in Notion's words.
const errorCodes = {
    400: ['validation_error', 'The request is not valid.'],
    401: ['unauthorized', 'API token is invalid.'],
    403: ['restricted_resource', 'API token does not have access to this ' +
        'resource.'],
    404: ['object_not_found', 'Could not find the object.'],
    409: ['conflict_error', 'Conflict occurred while saving. Please try ' +
        'again.'],
    429: ['rate_limited', 'You have been rate limited. Please try again in ' +
        'a few minutes.'],
    500: ['internal_server_error', 'Unexpected error occurred.'],
    502: ['internal_server_error', 'Bad gateway.'],
    503: ['service_unavailable', 'Public API service is temporarily ' +
        'unavailable, please try again later.'],
    504: ['gateway_timeout', 'Gateway timeout.'],
    529: ['service_overload', 'The service is overloaded, please try again ' +
        'later.'],
};

export class Notion extends Fake {
    // Listening; options as for Fake.
    static start(options = {}) {
        return new Notion(options).listen();
    }

    constructor(options = {}) {
        super(options);
        this.objects = new Map(); // bare id -> object
        this.children = new Map(); // bare id -> ids of blocks and comments
        this.hidden = new Set();
        this.workspace = randomUUID();
        this.integration = randomUUID();
        this.subscription = randomUUID();
        this.bot = { object: 'user', id: randomUUID(), type: 'bot',
            name: 'Postern', avatar_url: null, bot: { owner: {
                type: 'workspace', workspace: true },
            workspace_name: 'Test workspace' } };
        this.person = { object: 'user', id: randomUUID(), type: 'person',
            name: 'Ada', avatar_url: null, person: { email: 'ada@example.com' } };
        this.put(this.bot);
        this.put(this.person);
    }

    always() {
        return { 'x-notion-request-id': requestId() };
    }

    put(object) {
        this.objects.set(bare(object.id), object);
        return object;
    }

    find(id, kind) {
        const object = this.objects.get(bare(id));
        return object && (!kind || object.object === kind) ? object : null;
    }

    // -- objects -------------------------------------------------------------------

    partial(user) {
        return { object: 'user', id: user.id };
    }

    // What pages, databases, data sources and blocks have in common.
    stamp(kind, id, parent, at) {
        const user = this.partial(this.person);
        return { object: kind, id: dashed(id ?? randomUUID()), parent,
            created_time: toMinute(at), last_edited_time: toMinute(at),
            created_by: user, last_edited_by: user, in_trash: false,
            archived: false };
    }

    // A database with one data source: {database, source}. schema: {name: type}
    database({ id, source, name = 'Tasks', schema = { Name: 'title' },
        at = Date.now() } = {}) {
        const database = this.put({ ...this.stamp('database', id,
            { type: 'workspace', workspace: true }, at),
        title: richText(name), description: [], is_inline: false,
        is_locked: false, icon: null, cover: null, public_url: null });
        database.url = `https://www.notion.so/${bare(database.id)}`;
        const made = this.put({ ...this.stamp('data_source', source,
            { type: 'database_id', database_id: database.id }, at),
        title: richText(name), description: [], is_inline: false, icon: null,
        database_parent: { type: 'workspace', workspace: true },
        properties: propertySchema(schema),
        url: database.url, public_url: null });
        database.data_sources = [{ id: made.id, name }];
        return { database, source: made };
    }

    // A page in a data source (of database()), or in the workspace. values:
    // {property: plain value}
    page({ id, source = null, values = {}, at = Date.now() } = {}) {
        const parent = source ? { type: 'data_source_id',
            data_source_id: source.id,
            database_id: source.parent.database_id }
            : { type: 'workspace', workspace: true };
        const page = { ...this.stamp('page', id, parent, at),
            is_archived: false, is_locked: false, icon: null, cover: null,
            public_url: null, properties: makeProperties(
                source?.properties ?? propertySchema({ title: 'title' }),
                values) };
        page.url = `https://www.notion.so/${bare(page.id)}`;
        return this.put(page);
    }

    // A paragraph at the end of a page or block.
    block(parent, text, { id, at = Date.now() } = {}) {
        const block = this.put({ ...this.stamp('block', id,
            { type: `${parent.object}_id`, [`${parent.object}_id`]: parent.id },
            at), has_children: false, type: 'paragraph',
        paragraph: { rich_text: richText(text), color: 'default' } });
        this.addChild(parent.id, block.id);
        if (parent.object === 'block')
            parent.has_children = true;
        return block;
    }

    comment(page, text, { id, at = Date.now() } = {}) {
        const when = new Date(at).toISOString();
        const comment = this.put({ object: 'comment',
            id: dashed(id ?? randomUUID()),
            parent: { type: 'page_id', page_id: page.id },
            discussion_id: randomUUID(), created_time: when,
            last_edited_time: when, created_by: this.partial(this.person),
            rich_text: richText(text),
            display_name: { type: 'user', resolved_name: 'Ada' } });
        this.addChild(page.id, comment.id);
        return comment;
    }

    addChild(parent, child) {
        const list = this.children.get(bare(parent)) ?? [];
        list.push(bare(child));
        this.children.set(bare(parent), list);
    }

    childrenOf(id, kind) {
        return (this.children.get(bare(id)) ?? [])
            .map((child) => this.find(child, kind))
            .filter((child) => child && !child.in_trash);
    }

    // Sets properties of a page to plain values.
    edit(id, values, at = Date.now()) {
        const page = this.find(id, 'page');
        page.properties = edited(page.properties, values);
        page.last_edited_time = toMinute(at);
        return page;
    }

    trash(id, gone = true, at = Date.now()) {
        const object = this.find(id);
        object.in_trash = gone;
        object.archived = gone;
        object.last_edited_time = toMinute(at);
        return object;
    }

    share(id, shared = true) {
        this.hidden[shared ? 'delete' : 'add'](bare(id));
    }

    // The body of the webhook about an object, as Notion sends it.
    event(type, entity, { data = {}, id = randomUUID(), attempt = 1,
        at = Date.now(), authors = [{ id: this.person.id, type: 'person' }],
        api_version = '2025-09-03' } = {}) {
        const { parent = {} } = entity;
        const data_parent = parent.data_source_id ? { id: parent.database_id,
            type: 'database', data_source_id: parent.data_source_id }
            : parent.page_id ? { id: parent.page_id, type: 'page' }
                : { id: this.workspace, type: 'space' };
        return { id, timestamp: new Date(at).toISOString(),
            workspace_id: this.workspace, workspace_name: 'Test workspace',
            subscription_id: this.subscription,
            integration_id: this.integration, authors,
            attempt_number: attempt, api_version,
            entity: { id: entity.id, type: entity.object }, type,
            data: { parent: data_parent, ...data } };
    }

    // -- answers -------------------------------------------------------------------

    error({ status, code, message, retryAfter, body, headers = {}, data }) {
        const [usual, text] = errorCodes[status] ?? ['internal_server_error',
            'Unexpected error occurred.'];
        return { status, headers: { ...headers, ...(retryAfter !== undefined
            ? { 'Retry-After': String(retryAfter) } : {}) },
        body: body ?? { object: 'error', status, code: code ?? usual,
            message: message ?? text, ...(status === 429 ? { additional_data: {
                rate_limit_reason: 'integration_rate_limit' } } : {}), ...data,
            request_id: requestId() } };
    }

    refuse(status, message, code) {
        refuse(this.error({ status, message, code }));
    }

    answer(request) {
        const { method, path } = request;
        this.authorize(request);
        for (const [verb, pattern, take] of routes) {
            const found = pattern.exec(path);
            if (found && verb === method)
                return { status: 200, body: { ...take(this, request,
                    ...found.slice(1)), request_id: requestId() } };
        }
        return this.error({ status: 400, code: 'invalid_request_url',
            message: 'Invalid request URL.' });
    }

    authorize({ headers, path, method, body }) {
        const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
        if (!token || (this.key !== null && token !== this.key))
            this.refuse(401);
        const version = headers['notion-version'];
        if (version === undefined)
            this.refuse(400, 'Notion-Version header failed validation: ' +
                'Notion-Version header should be defined, instead was ' +
                '`undefined`.', 'missing_version');
        if (!VERSIONS.includes(version))
            this.refuse(400, 'Notion-Version header failed validation: ' +
                `\`"${version}"\` is not a known version.`);
        const needs = /\/(data_sources)\b/.test(path);
        if (needs && version < FIRST_WITH_DATA_SOURCES)
            this.refuse(400, 'Invalid request URL.', 'invalid_request_url');
        if (method !== 'GET' && body !== '')
            try {
                JSON.parse(body);
            } catch {
                this.refuse(400, 'Error parsing JSON body.', 'invalid_json');
            }
    }

    // The object of that kind, if it exists and is shared.
    visible(id, kind, field) {
        if (!isId(id))
            this.refuse(400, `path failed validation: path.${field} should ` +
                `be a valid uuid, instead was \`"${id}"\`.`);
        const object = this.find(id, kind);
        if (!object || this.hidden.has(bare(id)))
            this.refuse(404, `Could not find ${kind.replace('_', ' ')} with ` +
                `ID: ${dashed(id)}. Make sure the relevant pages and ` +
                'databases are shared with your integration "Postern".');
        return object;
    }

    // A page of a list: {object, results, next_cursor, has_more, ...}
    listed(results, kind, { start_cursor, page_size = PAGE_SIZE_MAX } = {}) {
        const size = Number(page_size);
        if (!Number.isInteger(size) || size < 1)
            this.refuse(400, 'body failed validation: body.page_size should ' +
                `be a positive number, instead was \`${page_size}\`.`);
        const from = start_cursor === undefined || start_cursor === null ? 0
            : results.findIndex((one) => one.id === dashed(start_cursor));
        if (from < 0)
            this.refuse(400, 'The start_cursor provided is invalid: ' +
                start_cursor);
        const cut = Math.min(size, PAGE_SIZE_MAX);
        const next = results[from + cut];
        return { object: 'list', results: results.slice(from, from + cut),
            next_cursor: next?.id ?? null, has_more: next !== undefined,
            type: kind, [kind]: {} };
    }

    shown(kinds) {
        return [...this.objects.values()].filter((object) =>
            kinds.includes(object.object) && !this.hidden.has(bare(object.id)));
    }
}

const parsed = (request) => request.body ? JSON.parse(request.body) : {};

// A database as that version of the API shows it.
function showDatabase(fake, request, id) {
    const database = fake.visible(id, 'database', 'database_id');
    if (request.headers['notion-version'] >= FIRST_WITH_DATA_SOURCES)
        return database;
    const { data_sources, ...rest } = database;
    return { ...rest, properties: fake.find(data_sources[0].id).properties };
}

// As older versions name a page's parent.
function showPage(request, page) {
    if (request.headers['notion-version'] >= FIRST_WITH_DATA_SOURCES ||
        page.parent?.type !== 'data_source_id')
        return page;
    return { ...page, parent: { type: 'database_id',
        database_id: page.parent.database_id } };
}

function query(fake, request, source) {
    const { filter, sorts = [], start_cursor, page_size } = parsed(request);
    const pages = fake.shown(['page']).filter((page) => !page.in_trash &&
        page.parent.data_source_id === source.id);
    const results = sorted(filtered(pages, filter, (message) =>
        fake.refuse(400, message)), sorts);
    return fake.listed(results.map((page) => showPage(request, page)),
        'page_or_data_source', { start_cursor, page_size });
}

function queryDatabase(fake, request, id) {
    const database = fake.visible(id, 'database', 'database_id');
    if (request.headers['notion-version'] >= FIRST_WITH_DATA_SOURCES)
        fake.refuse(400, 'Invalid request URL.', 'invalid_request_url');
    return query(fake, request, fake.find(database.data_sources[0].id));
}

function search(fake, request) {
    const { query: text = '', filter, sort, ...page } = parsed(request);
    const kinds = filter ? [filter.value] : ['page', 'data_source'];
    const results = fake.shown(kinds).filter((object) => !object.in_trash &&
        plainTitle(object).toLowerCase().includes(text.toLowerCase()));
    return fake.listed(sorted(results, [sort ??
        { timestamp: 'last_edited_time', direction: 'descending' }]),
    'page_or_data_source', page);
}

function update(fake, request, id) {
    const page = fake.visible(id, 'page', 'page_id');
    const { properties = {}, in_trash, archived } = parsed(request);
    for (const name of Object.keys(properties))
        if (!page.properties[name])
            fake.refuse(400, `${name} is not a property that exists.`);
    for (const [name, value] of Object.entries(properties))
        page.properties[name] = { ...page.properties[name], ...value };
    page.last_edited_time = toMinute(Date.now());
    page.last_edited_by = fake.partial(fake.bot);
    if (in_trash !== undefined || archived !== undefined)
        fake.trash(id, in_trash ?? archived);
    return page;
}

function create(fake, request) {
    const { parent = {}, properties = {} } = parsed(request);
    const source = parent.data_source_id
        ? fake.visible(parent.data_source_id, 'data_source', 'data_source_id')
        : null;
    const page = fake.page({ source });
    for (const [name, value] of Object.entries(properties))
        page.properties[name] = { ...page.properties[name], ...value };
    return page;
}

const ID = '([^/]+)';
const route = (method, path, take) =>
    [method, new RegExp(`^/v1/${path}$`), take];
const one = (kind) => (fake, request, id) =>
    fake.visible(id, kind, `${kind}_id`);
const listOf = (kind, from) => (fake, { query: asked }, id) => fake.listed(
    fake.childrenOf(from(fake, id, asked), kind), kind,
    Object.fromEntries(asked));
const routes = [
    route('GET', `pages/${ID}`, (fake, request, id) =>
        showPage(request, fake.visible(id, 'page', 'page_id'))),
    route('PATCH', `pages/${ID}`, update),
    route('POST', 'pages', create),
    route('GET', `databases/${ID}`, showDatabase),
    route('POST', `databases/${ID}/query`, queryDatabase),
    route('GET', `data_sources/${ID}`, one('data_source')),
    route('POST', `data_sources/${ID}/query`, (fake, request, id) => query(
        fake, request, fake.visible(id, 'data_source', 'data_source_id'))),
    route('GET', `blocks/${ID}/children`, listOf('block', (fake, id) => {
        fake.visible(id, fake.find(id, 'page') ? 'page' : 'block', 'block_id');
        return id;
    })),
    route('GET', `blocks/${ID}`, one('block')),
    route('GET', 'comments', listOf('comment', (fake, id, asked) => {
        const about = asked.get('block_id') ?? '';
        fake.visible(about, fake.find(about, 'page') ? 'page' : 'block',
            'block_id');
        return about;
    })),
    route('GET', `comments/${ID}`, one('comment')),
    route('GET', 'users/me', (fake) => fake.bot),
    route('GET', `users/${ID}`, one('user')),
    route('POST', 'search', search),
];

if (process.argv[1] === fileURLToPath(import.meta.url))
    await runProgram('Notion', (options, data) => {
        const fake = new Notion(options);
        const sources = new Map();
        for (const database of data?.databases ?? [])
            sources.set(bare(database.id), fake.database(database).source);
        for (const { database, ...page } of data?.pages ?? [])
            fake.page({ ...page, source: sources.get(bare(database ?? '')) });
        return fake;
    });
