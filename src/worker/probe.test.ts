import assert from 'node:assert/strict'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import type net from 'node:net'
import { test } from 'node:test'
import { certificate } from '../../test/support/certificate.ts'
import { waitTimeoutMs } from '../../test/support/http-connection.ts'
import { untilAnswering } from './probe.ts'

interface Asked {
  readonly url: string
  readonly userAgent: string | undefined
}

/** The same application in every protocol: it has to be asked three times. */
const servers: Record<string, (answer: (asked: Asked) => number) => net.Server> = {
  http: answer => http.createServer((req, res) => res.writeHead(answer(askedOf(req))).end()),
  https: answer => https.createServer(certificate, (req, res) => res.writeHead(answer(askedOf(req))).end()),
  'HTTP/2 without TLS': answer => http2.createServer((req, res) => res.writeHead(answer(askedOf(req))).end()),
  'HTTP/2': answer => http2.createSecureServer(certificate, (req, res) => res.writeHead(answer(askedOf(req))).end()),
}

function askedOf({ url = '', headers }: { url?: string; headers: http.IncomingHttpHeaders }): Asked {
  return { url, userAgent: headers['user-agent'] }
}

for (const [protocol, create] of Object.entries(servers)) {
  test(`an application that speaks ${protocol} is asked until it gives the right status`, async () => {
    const asked: Asked[] = []
    const server = create(question => (asked.push(question) < 3 ? 503 : 204))
    await untilAnswering(server, { path: '/ready?deep=1', status: 204 })
    assert.deepEqual(asked, Array(3).fill({ url: '/ready?deep=1', userAgent: 'saola-ready' }))
  })
}

test('an application that breaks the connection is asked again', async () => {
  let asked = 0
  const server = http.createServer((req, res) => {
    if (++asked === 1) req.socket.destroy()
    else res.end()
  })
  await untilAnswering(server, { path: '/', status: 200 })
  assert.equal(asked, 2)
})

test('what keeps an application from being ready is told, once for each outcome, and not at its start', async () => {
  let asked = 0
  const answers = [404, 404, 500, 200]
  const create = () => {
    asked = 0
    return http.createServer((_req, res) => res.writeHead(answers[asked++] ?? 200).end())
  }
  const reasons: string[] = []
  const onTrouble = (reason: string) => void reasons.push(reason)
  await untilAnswering(create(), { path: '/ready', status: 200 }, { onTrouble, silentMs: waitTimeoutMs })
  assert.deepEqual(reasons, [])
  await untilAnswering(create(), { path: '/ready', status: 200 }, { onTrouble, silentMs: 0 })
  const wanted = [404, 500].map(status => `GET /ready was answered with ${status}, expected 200`)
  assert.deepEqual(reasons, wanted)
})
