import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { makePair } from '../../../test/support/pairs.ts'
import { systemClock } from '../../base/clock.ts'
import { createLog } from '../../base/log.ts'
import type { EdgeRequest } from '../edge-request.ts'
import { defaultEdge, type EdgeSettings } from '../options.ts'
import type { EdgeServices } from '../services.ts'
import { createClientCertificate, formatSubject } from './client-certificate.ts'
import type { Credentials } from './credentials.ts'
import { type TlsSettings, tlsOptions } from './options.ts'
import { createRedirectToHttps, markAsRedirect } from './redirect-to-https.ts'
import { createStrictTransport } from './strict-transport.ts'

function settingsOf(tls: object): EdgeSettings {
  return { ...defaultEdge(), keepAliveMs: 0, tls: tlsOptions.parse({ cert: 'c', key: 'k', ...tls }) as TlsSettings }
}

function credentialsFor(names: readonly string[]): Credentials {
  return { identities: [{ ...makePair(names), names }], ca: undefined, ticketKeys: '' }
}

function services(listeners: ((credentials: Credentials) => void)[] = [], httpsPort?: number): EdgeServices {
  const current = credentialsFor(['shop.example', '*.shop.example', '::1'])
  return {
    worker: 'web:0',
    app: 'web',
    workers: 1,
    clock: systemClock,
    log: createLog({ write: () => {} }),
    openStore: () => assert.fail(),
    credentials: { current, onChange: listener => void listeners.push(listener) },
    httpsPort,
  }
}

function requestFor(change: Partial<EdgeRequest> = {}, headers: readonly string[] = []): EdgeRequest {
  const req = new IncomingMessage(new Socket())
  req.rawHeaders = [...headers]
  for (let index = 0; index < headers.length; index += 2)
    req.headers[headers[index]?.toLowerCase() ?? ''] = headers[index + 1]
  return {
    req,
    res: new ServerResponse(req),
    scheme: 'http',
    host: 'shop.example',
    path: '/a b',
    encodedPath: '/a%20b',
    search: '?x=1',
    clientAddress: '',
    peerAddress: '',
    upgrade: undefined,
    bodyBytes: 0,
    expectsContinue: false,
    ...change,
  }
}

async function redirect(change: Partial<EdgeRequest>, tls: object = {}, given = services()) {
  const step = await createRedirectToHttps(settingsOf({ redirect: '127.0.0.1:0', ...tls }), given)
  const request = requestFor(change)
  markAsRedirect(request.req.socket)
  assert.equal(step?.run(request), 'done')
  return { status: request.res.statusCode, location: locationOf(request.res) }
}

/** From the head as it would be sent: what writeHead was given is nowhere else. */
function locationOf(res: ServerResponse): string | undefined {
  const { _header: head } = res as unknown as { readonly _header: string }
  return /^Location: (.*)\r$/m.exec(head)?.[1]
}

test('a redirect goes to the same place, with TLS', async () => {
  const cases: [Partial<EdgeRequest>, object, number | undefined, string][] = [
    [{}, {}, undefined, 'https://shop.example/a%20b?x=1'],
    [{ host: 'shop.example:8080' }, {}, 443, 'https://shop.example/a%20b?x=1'],
    [{ host: 'www.shop.example' }, {}, 8443, 'https://www.shop.example:8443/a%20b?x=1'],
    [{ host: '[::1]:80' }, { redirectPort: 444 }, 8443, 'https://[::1]:444/a%20b?x=1'],
    [{ encodedPath: '//evil.example/x' }, {}, undefined, 'https://shop.example/evil.example/x?x=1'],
    [{ encodedPath: '/', search: '' }, {}, undefined, 'https://shop.example/'],
  ]
  for (const [change, tls, port, location] of cases) {
    assert.deepEqual(await redirect(change, tls, services([], port)), { status: 308, location })
  }
})

test('a host that no certificate is for is sent nowhere, and one that is no host neither', async () => {
  const cases = {
    'evil.example': 421,
    'a.b.shop.example': 421,
    '127.0.0.1': 421,
    '': 400,
    'shop.example@evil.example': 400,
    'shop.example:80:80': 400,
    'shop.example/evil': 400,
    '[::1]x': 400,
    'shop.example\\evil': 400,
  }
  for (const [host, status] of Object.entries(cases)) {
    assert.deepEqual(await redirect({ host }), { status, location: undefined }, host)
  }
})

test('the hosts are those of the certificate of the moment', async () => {
  const listeners: ((credentials: Credentials) => void)[] = []
  const step = await createRedirectToHttps(settingsOf({ redirect: '127.0.0.1:0' }), services(listeners))
  for (const listener of listeners) listener(credentialsFor(['new.example']))
  for (const [host, status] of Object.entries({ 'new.example': 308, 'shop.example': 421 })) {
    const request = requestFor({ host })
    markAsRedirect(request.req.socket)
    step?.run(request)
    assert.equal(request.res.statusCode, status)
  }
})

test('on other addresses, and without any for it, nobody is sent away', async () => {
  const step = await createRedirectToHttps(settingsOf({ redirect: '127.0.0.1:0' }), services())
  assert.equal(step?.run(requestFor()), 'next')
  assert.equal(await createRedirectToHttps(settingsOf({}), services()), undefined)
})

async function hstsOf(hsts: unknown, scheme: 'http' | 'https', own?: string) {
  const step = await createStrictTransport(settingsOf({ hsts }))
  const request = requestFor({ scheme })
  step?.run(request)
  if (own !== undefined) request.res.setHeader('strict-transport-security', own)
  request.res.end()
  return request.res.getHeader('Strict-Transport-Security')
}

test('HSTS is sent when it is asked for, over TLS only, and the application may say another', async () => {
  assert.equal(await hstsOf(true, 'https'), 'max-age=15552000')
  assert.equal(await hstsOf(true, 'http'), undefined)
  assert.equal(await hstsOf(false, 'https'), undefined)
  assert.equal(await hstsOf(undefined, 'https'), undefined)
  assert.equal(await hstsOf(true, 'https', 'max-age=0'), 'max-age=0')
  const all = { maxAge: '730d', includeSubDomains: true, preload: true }
  assert.equal(await hstsOf(all, 'https'), 'max-age=63072000; includeSubDomains; preload')
})

test('what a client says of its certificate itself is taken from the request', async () => {
  const forged = ['CLIENT-CERT', ':Zm9v:', 'X-Keep', '1', 'client-cert', 'x', 'X-Client-Cert-Subject', 'CN=root']
  for (const tls of [{}, { ca: 'ca', clientCertificate: 'optional' }]) {
    const step = await createClientCertificate(settingsOf(tls))
    const request = requestFor({}, forged)
    assert.equal(step?.run(request), 'next')
    assert.deepEqual(request.req.rawHeaders, ['X-Keep', '1'])
    assert.deepEqual({ ...request.req.headers }, { 'x-keep': '1' })
  }
})

test('a subject is written as RFC 4514 has it', () => {
  assert.equal(formatSubject('C=DE\nO=Shop\\, Inc\nCN=Zoë'), 'CN=Zo\\C3\\AB,O=Shop\\, Inc,C=DE')
  assert.equal(formatSubject('CN=\u{1f600}'), 'CN=\\F0\\9F\\98\\80')
})
