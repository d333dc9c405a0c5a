import assert from 'node:assert/strict'
import net from 'node:net'
import { describe, it } from 'node:test'
import { openStore } from '../src/store.ts'
import { waitTimeoutMs } from './support/http-connection.ts'
import { openNetworkDoor } from './support/network-door.ts'
import { connectResp } from './support/resp-client.ts'

// More than it takes to connect.
const answersPerBreak = 11

describe('data that comes through the door', () => {
  it('is read by saola/store, and the reverse: JSON', async t => {
    const door = await openNetworkDoor(t)
    const client = await connectResp(t, door)
    await using store = openStore({ dir: door.dir, timeoutMs: waitTimeoutMs })
    await client.askAll(
      ...[
        ['HSET', 'users', 'ann', '{"age":41}'],
        ['RPUSH', 'jobs', '{"id":1}', '2'],
        ['SADD', 'tags', '"red"', '"blue"'],
      ],
      ...[
        ['ZADD', 'scores', '1.5', 'ann', '3', 'bob'],
        ['SET', 'visits', '41'],
        ['INCR', 'visits'],
      ],
    )
    assert.deepEqual(await store.map('users').get('ann'), { age: 41 })
    assert.deepEqual(store.map('users').peek('ann'), { age: 41 })
    assert.deepEqual([await store.list('jobs').shift(), await store.list('jobs').shift()], [{ id: 1 }, 2])
    assert.equal(await store.set('tags').has('red'), true)
    assert.equal(await store.sortedSet('scores').score('ann'), 1.5)
    assert.equal(await store.counter('visits').get(), 42)
    await store.map('users').set('bob', { age: 7, tags: ['a', null] })
    await store.list('jobs').push('later')
    await store.set('tags').add('green')
    await store.sortedSet('scores').add('cem', 9)
    await store.counter('visits').increment()
    assert.equal(await client.ask('HGET', 'users', 'bob'), '{"age":7,"tags":["a",null]}')
    assert.deepEqual(await client.ask('LRANGE', 'jobs', '0', '-1'), ['"later"'])
    assert.equal(await client.ask('SISMEMBER', 'tags', '"green"'), 1)
    assert.equal(await client.ask('ZSCORE', 'scores', 'cem'), '9')
    assert.equal(await client.ask('GET', 'visits'), '43')
  })
})

describe('a store on another machine', () => {
  it('carries out each write once, and goes on waiting, when connections break again and again', async t => {
    const door = await openNetworkDoor(t)
    const sockets = new Set<net.Socket>()
    let broken = 0
    // By what has gone through, so that a slow machine comes as far as a quick one. The answer at which they break is lost.
    let answers = 0
    const between = net.createServer(socket => {
      const onward = net.connect(door.port, door.host)
      for (const each of [socket, onward]) {
        sockets.add(each)
        each.on('error', () => {})
        each.on('close', () => {
          sockets.delete(each)
          socket.destroy()
          onward.destroy()
        })
      }
      socket.pipe(onward)
      onward.on('data', answer => {
        if (++answers % answersPerBreak !== 0) return socket.write(answer)
        for (const each of sockets) each.destroy()
        return broken++
      })
    })
    await new Promise<void>(resolve => between.listen(0, '127.0.0.1', resolve))
    t.after(() => between.close())
    const { port } = between.address() as net.AddressInfo
    await using store = openStore({ url: `saola://127.0.0.1:${port}`, timeoutMs: waitTimeoutMs })
    const taken = store.list('jobs').take({ timeout: '5m' })
    let writes = 0
    const write = async () => {
      while (broken < 40 || writes <= 40) {
        await store.counter('n').increment()
        writes++
      }
    }
    await Promise.all(Array.from({ length: 10 }, write))
    assert.equal(await store.counter('n').get(), writes)
    await store.list('jobs').push('work')
    assert.ok(await taken)
  })
})
