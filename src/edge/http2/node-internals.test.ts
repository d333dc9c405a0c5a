/** What the bridge needs of Node beyond its documentation: a Node without it is named here, before odder tests fail. */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { ask, openHttp2 } from '../../../test/support/http2-stage.ts'
import { http } from '../../base/node-http.ts'
import type { RequestInternals, ResponseInternals, SocketInternals } from './node-internals.ts'

const hint = `is not as expected in Node ${process.version}: see node-internals.ts`

test('a response of Node has the methods and fields that are replaced or read', () => {
  const req = new http.IncomingMessage(null as never)
  const res = new http.ServerResponse(req) as ServerResponse & ResponseInternals
  for (const name of ['_storeHeader', '_send', '_finish', 'assignSocket', 'detachSocket'] as const) {
    assert.equal(typeof res[name], 'function', `ServerResponse.${name} ${hint}`)
  }
  const { _header, _headerSent, _hasBody, _contentLength, _removedContLen, _sent100, _expect_continue } = res
  assert.deepEqual(
    { _header, _headerSent, _hasBody, _contentLength, _removedContLen, _sent100, _expect_continue },
    {
      _header: null,
      _headerSent: false,
      _hasBody: true,
      _contentLength: null,
      _removedContLen: false,
      _sent100: false,
      _expect_continue: false,
    },
    `a field of ServerResponse ${hint}`,
  )
  const closed = res as { _closed?: unknown; closed?: unknown }
  closed._closed = true
  assert.equal(closed.closed, true, `ServerResponse._closed ${hint}`)
  const needDrain = Object.getOwnPropertySymbols(res).some(({ description }) => description === 'kNeedDrain')
  assert.ok(needDrain, `the symbol kNeedDrain of ServerResponse ${hint}`)
})

test('a request of Node has them, too', () => {
  const req = new http.IncomingMessage(null as never) as IncomingMessage & RequestInternals
  for (const name of ['_addHeaderLines', '_dump'] as const) {
    assert.equal(typeof req[name], 'function', `IncomingMessage.${name} ${hint}`)
  }
  req._addHeaderLines(['x-a', '1'], 2)
  assert.deepEqual(req.headers, { 'x-a': '1' }, `IncomingMessage._addHeaderLines ${hint}`)
  assert.equal(req._consuming, false, `IncomingMessage._consuming ${hint}`)
})

test('a socket knows its response, and a stream becomes one', async t => {
  const stage = await openHttp2(t, (req, res) => {
    const socket = req.socket as IncomingMessage['socket'] & SocketInternals
    assert.equal(socket._httpMessage, res, `_httpMessage ${hint}`)
    res.end('known')
  })
  assert.equal(String((await ask(stage.client(), { ':path': '/' })).body), 'known')
})
