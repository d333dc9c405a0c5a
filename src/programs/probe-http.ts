import type { ClientRequest, IncomingMessage } from 'node:http'
import { codeOf } from '../base/errors.ts'
import { http } from '../base/node-http.ts'
import { connectReason, lateReason } from './probe-reasons.ts'
import type { ProbeLimits, ProbeResult } from './probe-result.ts'

/** What comes behind the head of an answer is let in for so long, so that the program does not see it broken off. */
const bodyWaitMs = 250
const bodyBytesMax = 64 * 1024

/** Is a GET answered with a status from 200 to 399? Redirects are not followed: they are an answer. */
export function probeHttp(url: URL, { timeoutMs, signal }: ProbeLimits): Promise<ProbeResult> {
  const what = `GET ${withoutPassword(url)}`
  return new Promise(resolve => {
    const request = begin(url)
    const settle = (result: ProbeResult) => {
      signal.removeEventListener('abort', late)
      resolve(result)
    }
    const fail = (reason: string) => settle({ ok: false, reason: `${what}${reason}` })
    const late = () => {
      fail(`: ${lateReason(timeoutMs)}`)
      request.destroy()
    }
    signal.addEventListener('abort', late, { once: true })
    request.once('response', response => {
      discard(request, response)
      const { statusCode = 0 } = response
      if (statusCode >= 200 && statusCode < 400) settle({ ok: true })
      else fail(` answered ${statusCode}`)
    })
    request.on('error', error => fail(`: ${httpReason(error)}`))
    request.end()
  })
}

function begin(url: URL): ClientRequest {
  const isTls = url.protocol === 'https:'
  const { request } = isTls ? process.getBuiltinModule('node:https') : http
  return request(url, {
    // A connection of its own: nothing is left of it, and the program shows that it still accepts one.
    agent: false,
    headers: { connection: 'close', 'user-agent': 'saola-probe' },
    // A certificate is made for a name, and the program is asked at an address of this machine.
    ...(isTls && isLoopback(url) ? { rejectUnauthorized: false } : {}),
  })
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname)
}

function discard(request: ClientRequest, response: IncomingMessage): void {
  let bytes = 0
  const timer = setTimeout(() => request.destroy(), bodyWaitMs)
  response.on('error', () => {})
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > bodyBytesMax) request.destroy()
  })
  response.once('close', () => clearTimeout(timer))
}

function httpReason(error: Error): string {
  // What speaks another protocol answers, too.
  return codeOf(error)?.startsWith('HPE_') ? 'the answer is no HTTP' : connectReason(error)
}

function withoutPassword(url: URL): string {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return shown.href
}
