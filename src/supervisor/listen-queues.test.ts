import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { until } from '../../test/support/until.ts'
import { parseAddress } from '../base/address.ts'
import { listenElsewhere } from './listen-elsewhere.ts'
import { queuesIn, readListenQueues } from './listen-queues.ts'
import { openSockets } from './sockets.ts'

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:0000001F 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:D2F0 01 00000000:00000005 00:00000000 00000000     0        0 4712 1 0000000000000000 20 4 30 10 -1
   2: cut off in the mid`

test('of each socket that listens the table tells how many wait', () => {
  assert.deepEqual(queuesIn(table), [{ inode: '4711', waiting: 31 }])
})

test('a row that was cut off is left out, however much of it is there', () => {
  const row = table.split('\n')[1] ?? ''
  for (let length = 0; length < row.length; length++) {
    assert.deepEqual(queuesIn(`title\n${row}\n${row.slice(0, length)}`), [{ inode: '4711', waiting: 31 }])
  }
})

test('connections that nobody has accepted are counted', { skip: process.platform !== 'linux' }, async t => {
  const [socket] = await openSockets(parseAddress('127.0.0.1:0'))
  assert.ok(socket)
  t.after(() => socket.close())
  const { fd, label } = socket
  assert.equal((await readListenQueues([fd])).get(fd), undefined)
  await listenElsewhere([socket])
  assert.equal((await readListenQueues([fd])).get(fd), 0)
  const clients = Array.from({ length: 3 }, () => net.connect(Number(label.split(':')[1]), '127.0.0.1'))
  t.after(() => {
    for (const client of clients) client.destroy()
  })
  await Promise.all(clients.map(client => once(client, 'connect')))
  await until('the kernel has queued them', async () => (await readListenQueues([fd])).get(fd) === clients.length)
})

test('what is no socket has no entry', async () => {
  assert.deepEqual(await readListenQueues([1_000_000]), new Map())
})
