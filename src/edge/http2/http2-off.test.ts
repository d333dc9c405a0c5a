import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import tls from 'node:tls'
import { promisify } from 'node:util'
import { openEdgeStage } from '../../../test/support/edge-stage.ts'
import { makePair } from '../../../test/support/pairs.ts'

const run = promisify(execFile)
const pair = makePair(['localhost'])

test('with http2 off every client that speaks TLS is offered HTTP/1.1 alone', async t => {
  for (const [http2, version] of [
    [{}, '2'],
    [true, '2'],
    [false, '1.1'],
  ] as const) {
    const url = await open(t, http2)
    const args = ['-sS', '-k', '--http2', '--max-time', '10', '-w', ' %{http_version}', `${url}/`]
    assert.equal((await run('curl', args)).stdout, `HTTP/${version === '2' ? '2.0' : '1.1'} ${version}`)
    if (http2 === false)
      await assert.rejects(agreeOn(url, ['h2']), { code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' })
    assert.equal(await agreeOn(url, ['h2', 'http/1.1']), version === '2' ? 'h2' : 'http/1.1')
  }
})

async function open(t: TestContext, http2: unknown): Promise<string> {
  const { url } = await openEdgeStage(t, { http2 }, (req, res) => void res.end(`HTTP/${req.httpVersion}`), { pair })
  return url
}

/** What ALPN ends with (RFC 7301). */
function agreeOn(url: string, protocols: string[]): Promise<string | false | null> {
  return new Promise((resolve, reject) => {
    const port = Number(new URL(url).port)
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: protocols })
    socket.on('error', reject)
    socket.on('secureConnect', () => {
      resolve(socket.alpnProtocol)
      socket.destroy()
    })
  })
}
