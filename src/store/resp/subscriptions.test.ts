import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openNetworkDoor } from '../../../test/support/network-door.ts'
import { connectResp } from '../../../test/support/resp-client.ts'
import { startSides } from '../../../test/support/side-by-side.ts'
import { until } from '../../../test/support/until.ts'
import { openStore } from '../../store.ts'

describe('a connection that listens', () => {
  it('is told what it listens to, and may say little else in RESP2, as in Redis', async t => {
    const sides = await startSides(t)
    await sides.same(
      ...[['SUBSCRIBE', 'a'], ['PING'], ['PING', 'x'], ['GET', 'a'], ['SUBSCRIBE'], ['UNSUBSCRIBE', 'a'], ['GET', 'a']],
      ...[['UNSUBSCRIBE'], ['PUNSUBSCRIBE'], ['PSUBSCRIBE', 'a*'], ['ECHO', 'x'], ['NOPE'], ['GET'], ['MULTI']],
      ...[['RESET'], ['PING']],
    )
    await sides.same(['PUBSUB', 'CHANNELS'], ['PUBSUB', 'NUMSUB'], ['PUBSUB', 'NUMSUB', 'a', 'b'], ['PUBSUB', 'NUMPAT'])
    await sides.same(['PUBSUB', 'NOPE'], ['PUBSUB'], ['PUBSUB', 'NUMPAT', 'x'], ['PUBLISH', 'a', 'x'], ['PUBLISH', 'a'])
  })

  it('gets messages by name and by pattern, in RESP2 as lists and in RESP3 as pushes', async t => {
    const door = await openNetworkDoor(t)
    const [two, three, sender] = await Promise.all([connectResp(t, door), connectResp(t, door), connectResp(t, door)])
    await three.ask('HELLO', '3')
    assert.deepEqual(await two.ask('SUBSCRIBE', 'news', 'weather'), ['subscribe', 'news', 1])
    assert.deepEqual(await two.next(), ['subscribe', 'weather', 2])
    assert.deepEqual(await two.ask('PSUBSCRIBE', 'n*'), ['psubscribe', 'n*', 3])
    assert.deepEqual(await three.ask('SUBSCRIBE', 'news'), { push: ['subscribe', 'news', 1] })
    // Channels are not of a database.
    assert.deepEqual(await sender.askAll(['SELECT', '5'], ['PUBLISH', 'news', 'hello']), ['OK', 3])
    assert.deepEqual(await two.next(), ['message', 'news', 'hello'])
    assert.deepEqual(await two.next(), ['pmessage', 'n*', 'news', 'hello'])
    assert.deepEqual(await three.next(), { push: ['message', 'news', 'hello'] })
    assert.deepEqual(await sender.ask('PUBSUB', 'NUMSUB', 'news', 'x'), ['news', 2, 'x', 0])
    assert.deepEqual(await sender.ask('PUBSUB', 'CHANNELS', 'w*'), ['weather'])
    assert.equal(await sender.ask('PUBSUB', 'NUMPAT'), 1)
    // In RESP3 a connection that listens may ask for anything.
    assert.equal(await three.ask('SET', 'a', '1'), 'OK')
    assert.deepEqual(await two.ask('UNSUBSCRIBE'), ['unsubscribe', 'news', 2])
    assert.deepEqual(await two.next(), ['unsubscribe', 'weather', 1])
    two.socket.destroy()
    await until('who has gone listens no more', async () => (await sender.ask('PUBSUB', 'NUMPAT')) === 0)
  })

  it('hears that it listens before the first message, also when both come in one turn', async t => {
    const door = await openNetworkDoor(t)
    const client = await connectResp(t, door)
    await client.ask('HELLO', '3')
    client.send(['SUBSCRIBE', 'a'], ['PUBLISH', 'a', '1'], ['PUBLISH', 'a', '2'])
    assert.deepEqual(await client.next(), { push: ['subscribe', 'a', 1] })
    const rest = [await client.next(), await client.next(), await client.next(), await client.next()]
    const messages = rest.filter(reply => typeof reply === 'object')
    assert.deepEqual(messages, [{ push: ['message', 'a', '1'] }, { push: ['message', 'a', '2'] }])
  })

  it('reaches the topics of saola/store, and they reach it', async t => {
    const door = await openNetworkDoor(t)
    await using store = openStore({ dir: door.dir })
    const client = await connectResp(t, door)
    await client.ask('SUBSCRIBE', 'chat')
    await store.topic('chat').publish({ text: 'from saola/store' })
    assert.deepEqual(await client.next(), ['message', 'chat', '{"text":"from saola/store"}'])
    const sender = await connectResp(t, door)
    const messages = store.topic('chat').subscribe()
    const heard = messages[Symbol.asyncIterator]().next()
    while ((await sender.ask('PUBLISH', 'chat', '{"text":"from Redis"}')) !== 2);
    assert.deepEqual((await heard).value, { text: 'from Redis' })
  })
})
