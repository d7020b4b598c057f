// Takes webhooks at /standard or /hmac, whichever signature it should check.
//
//   PORT=8080 WEBHOOK_SECRET=whsec_... node receiver.mjs
import http from 'node:http';
import { verifyHmac, verifyStandard } from './verify.mjs';

const { PORT, WEBHOOK_SECRET, WEBHOOK_SECRET_OLD } = process.env;
// The old one is for the time after a rotation.
const secrets = [WEBHOOK_SECRET, WEBHOOK_SECRET_OLD].filter(Boolean);

http.createServer(async (request, response) => {
    const parts = [];
    for await (const part of request)
        parts.push(part);
    const body = Buffer.concat(parts); // the raw bytes: nothing has parsed them
    const header = (name) => request.headers[name] ?? '';
    const good = request.url === '/standard'
        ? verifyStandard(secrets, body, header('webhook-id'),
            header('webhook-timestamp'), header('webhook-signature'))
        : verifyHmac(secrets, body, header('x-webhook-signature'));
    response.writeHead(good ? 204 : 401).end();
}).listen(Number(PORT), '127.0.0.1');
