// An S3 server on a free port of loopback: s3rver keeps the objects, and in front of it stands a gate that
// checks what s3rver does not, the signature (by the signer that AWS's own clients use) and the body's sum.
//
//   node server.js FOLDER      prints its port; ends when its standard input does
//   POST /-/next/MODE/N        the next N requests meet MODE: a status, `hang`, or `cut` (half an answer)
//   GET  /-/asked              how many requests came to the gate since the last such question
'use strict';

const http = require('http');
const { createHash } = require('crypto');
const { SignatureV4 } = require('@smithy/signature-v4');
const { Sha256 } = require('@aws-crypto/sha256-js');
const S3rver = require('s3rver');

const KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
const REGION = 'us-east-1';
const BUCKET = 'clinic-files';
const inner = { host: '127.0.0.1', agent: new http.Agent({ keepAlive: true }) };
let troubles = [];
let asked = 0;
let changes = Promise.resolve();

function bodyOf(request) {
    return new Promise((resolve, reject) => {
        const parts = [];
        request.on('data', (part) => parts.push(part));
        request.on('end', () => resolve(Buffer.concat(parts)));
        request.on('error', reject);
        request.on('aborted', () => reject(new Error('aborted')));
    });
}

// The signature that the request should have, over the headers that it says it signed.
async function signatureOf(request, url) {
    const names = /SignedHeaders=([^,]+)/.exec(request.headers.authorization)[1].split(';');
    const date = request.headers['x-amz-date'];
    const signer = new SignatureV4({
        credentials: KEYS, region: REGION, service: 's3', sha256: Sha256, uriEscapePath: false, applyChecksum: false,
    });
    const query = {};
    for (const [name, value] of url.searchParams) query[name] = value;
    const signed = await signer.sign({
        method: request.method,
        protocol: 'http:',
        hostname: url.hostname,
        path: url.pathname,
        query,
        headers: Object.fromEntries(names.map((name) => [name, request.headers[name]])),
        clone() { return this; },
    }, {
        signingDate: new Date(date.replace(/(....)(..)(..T..)(..)(.*)/, '$1-$2-$3:$4:$5')),
        signableHeaders: new Set(names),
    });
    return signed.headers.authorization;
}

async function refusal(request, url, body) {
    const given = request.headers.authorization || '';
    if (!given.startsWith('AWS4-HMAC-SHA256 ')) return 'AccessDenied';
    if (request.headers['x-amz-content-sha256'] !== createHash('sha256').update(body).digest('hex'))
        return 'XAmzContentSHA256Mismatch';
    const bare = (text) => text.replace(/\s+/g, '');
    return bare(given) === bare(await signatureOf(request, url)) ? null : 'SignatureDoesNotMatch';
}

function refuse(response, status, code) {
    response.writeHead(status, { 'Content-Type': 'application/xml' });
    response.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code></Error>`);
}

// Resolved when s3rver has begun to answer: by then it has done what was asked.
function pass(request, response, body, cut) {
    return new Promise((resolve) => {
        const onward = http.request({
            ...inner, method: request.method, path: request.url, headers: request.headers,
        }, (answer) => {
            resolve();
            response.writeHead(answer.statusCode, answer.headers);
            if (!cut) return answer.pipe(response);
            answer.once('data', (part) =>
                response.write(part.subarray(0, part.length / 2), () => response.destroy()));
        });
        onward.on('error', () => {
            resolve();
            refuse(response, 502, 'BadGateway');
        });
        onward.end(body);
    });
}

async function answer(request, response) {
    const url = new URL(request.url, `http://${request.headers.host}`);
    const control = /^\/-\/(next|asked)(?:\/(\w+)\/(\d+))?$/.exec(url.pathname);
    if (control) {
        if (control[1] === 'next') troubles = Array(Number(control[3])).fill(control[2]);
        response.end(String(asked));
        asked = 0;
        return;
    }
    const body = await bodyOf(request);
    asked++;
    const trouble = troubles.shift();
    if (trouble === 'hang') return;
    if (Number(trouble)) return refuse(response, Number(trouble), 'Trouble');
    const code = await refusal(request, url, body);
    if (code) return refuse(response, 403, code);
    const onward = () => pass(request, response, body, trouble === 'cut');
    if (!['PUT', 'DELETE'].includes(request.method)) return onward();
    // One at a time: a folder that s3rver finds empty it removes, also from under the object that is about to come.
    changes = changes.then(onward);
    await changes;
}

const store = new S3rver({
    address: '127.0.0.1', port: 0, silent: true, directory: process.argv[2], vhostBuckets: false,
    configureBuckets: [{ name: BUCKET }],
});
store.run().then((address) => {
    inner.port = address.port;
    const gate = http.createServer((request, response) => {
        answer(request, response).catch((error) => {
            if (error.message !== 'aborted') console.error(error); // a client that vanished is none of ours
            response.destroy();
        });
    });
    gate.listen(0, '127.0.0.1', () => console.log(gate.address().port));
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
