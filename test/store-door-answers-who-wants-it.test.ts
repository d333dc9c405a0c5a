import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { openNetworkDoor } from './support/network-door.ts'
import { startRedis } from './support/redis-server.ts'

test('CLIENT REPLY leaves out the answers that redis-server leaves out', async t => {
  const redis = await startRedis(t)
  const door = await openNetworkDoor(t)
  const sessions = [
    'SET a 1; CLIENT REPLY OFF; INCR a; NONSENSE; INCR; GET a; CLIENT REPLY ON; GET a',
    'CLIENT REPLY SKIP; INCR a; GET a; client reply skip; NONSENSE; GET a',
    'CLIENT REPLY SKIP; CLIENT REPLY SKIP; GET a; GET a; CLIENT REPLY SKIP; CLIENT REPLY ON; GET a',
    'CLIENT REPLY OFF; CLIENT REPLY SKIP; GET a; GET a; CLIENT REPLY on; GET a',
    'CLIENT REPLY; CLIENT REPLY WRONG; CLIENT REPLY ON more; CLIENT REPLY OFF; CLIENT REPLY WRONG; CLIENT REPLY ON',
    'CLIENT REPLY OFF; MULTI; INCR a; EXEC; CLIENT REPLY ON; GET a',
  ]
  for (const session of sessions) {
    const [wanted, got] = await Promise.all([redis, door].map(({ port }) => answersTo(port, session)))
    assert.equal(got, wanted, session)
  }
})

/** All that is answered until the connection is closed. */
async function answersTo(port: number, session: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(session.replaceAll('; ', '\r\n').concat('\r\nPING end\r\n'))
  let text = ''
  for await (const chunk of socket.setEncoding('latin1')) text += chunk
  return text
}
