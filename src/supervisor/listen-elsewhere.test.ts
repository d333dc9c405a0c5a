import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { parseAddress } from '../base/address.ts'
import { ServerError } from '../base/errors.ts'
import { listenElsewhere } from './listen-elsewhere.ts'
import { type ListenSocket, openSockets } from './sockets.ts'

async function open(address: string): Promise<ListenSocket> {
  const [socket] = await openSockets(parseAddress(address))
  return socket ?? assert.fail()
}

test('a socket listens, and an address that another one listens on meanwhile is named', async t => {
  const first = await open('127.0.0.1:0')
  // Bound before anybody listens, which Linux allows.
  const second = await open(first.label)
  const third = await open('127.0.0.1:0')
  t.after(() => [first, second, third].map(socket => socket.close()))
  await listenElsewhere([first])
  const client = connect(Number(first.label.split(':')[1]), '127.0.0.1')
  await new Promise((resolve, reject) => client.once('connect', resolve).once('error', reject))
  client.destroy()
  await assert.rejects(listenElsewhere([third, second]), (error: unknown) => {
    assert.ok(error instanceof ServerError && error.code === 'ERR_ADDRESS_UNAVAILABLE')
    assert.match(error.message, new RegExp(`^Cannot listen on ${second.label} \\(listen EADDRINUSE`))
    return true
  })
})
