// source_jira.test.mjs - Jira's webhooks. It has no library; it signs as
// Bitbucket does.

import { randomUUID } from 'node:crypto';
import { hexSignature } from './lib/sign.mjs';
import { providerFile } from './lib/provider_stack.mjs';

providerFile({
    provider: 'jira', secret: 'jira webhook secret', forged: 'another secret',
    status: 202,
    make: (n) => ({ type: 'jira.issue.updated', record: String(10_000 + n),
        headers: { 'User-Agent': 'Atlassian Webhook HTTP Client',
            'X-Atlassian-Webhook-Identifier': randomUUID() },
        body: JSON.stringify({ timestamp: 1767279600000,
            webhookEvent: 'jira:issue_updated',
            user: { accountId: '5b10a2844c20165700ede21g',
                displayName: 'Zoë' },
            issue: { id: String(10_000 + n), key: `ED-${n}`,
                fields: { summary: 'Hello', project: { key: 'ED' } } } }) }),
    sign: (one, { secret }) => ({
        'X-Hub-Signature': `sha256=${hexSignature(secret, one.body)}` }),
});
