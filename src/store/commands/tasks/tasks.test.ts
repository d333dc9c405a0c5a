import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { schema } from '../../database/schema.ts'
import { type Client, newClient } from '../../owner/client.ts'
import { Owner } from '../../owner/owner.ts'

test('a claim that is sent again over another connection gets the same jobs', async t => {
  const { submit, clientOf } = open(t)
  const [first, second] = [clientOf(1), clientOf(2)]
  await submit(first, 'enqueue', jobsOf('a', 'b', 'c'))
  await submit(first, 'enter', 'w', 's', '60000', session)
  const claim = async (client: Client, request: string) =>
    JSON.parse(await submit(client, 'claim', 'w', '["q"]', '1', '0', request)).map((job: Claimed) => [
      job.id,
      job.token,
    ])
  const [one, two] = [await claim(first, 'one'), await claim(first, 'two')]
  assert.notDeepEqual(one, two)
  assert.deepEqual(await claim(second, 'two'), two)
  assert.deepEqual((await claim(second, 'three'))[0][0], 'c')
})

test('no more claims are woken than there are jobs', async t => {
  const { owner, submit, clientOf } = open(t)
  const client = clientOf(1)
  await submit(client, 'enter', 'w', 's', '60000', session)
  const claims = Array.from({ length: 50 }, (_, i) => submit(client, 'claim', 'w', '["q"]', '1', '0', `c${i}`))
  const runs = () => callsOf(owner, 'saola.task.claim')
  await submit(client, 'counts')
  const before = runs()
  assert.equal(before, 50)
  await submit(client, 'enqueue', jobsOf('a', 'b', 'c'))
  await Promise.all(claims.slice(0, 3))
  await submit(client, 'counts')
  assert.equal(runs() - before, 3)
})

interface Claimed {
  readonly id: string
  readonly token: number
}

const session = JSON.stringify({ worker: 'w', slot: 's', pid: 1, host: 'h', pool: 'io', queues: ['q'] })

function jobsOf(...ids: readonly string[]): string {
  const zero = { softMs: 0, hardMs: 0, resultMs: 0, failureMs: 0 }
  const job = { task: 't', queue: 'q', priority: 5, payload: '{}', attempts: 3, interruptionsMax: 3, ...zero }
  return JSON.stringify(ids.map(id => ({ id, ...job })))
}

function callsOf(owner: Owner, command: string): number {
  return owner.statistics.commands.get(command)?.calls ?? 0
}

function open(t: TestContext) {
  const database = new DatabaseSync(':memory:')
  database.exec(schema)
  const owner = new Owner({ database, limits: { valueBytesMax: 1_000_000, keysMax: 1000 } })
  t.after(() => {
    owner.close()
    database.close()
  })
  const clientOf = (id: number): Client => newClient({ id, push: () => {}, protocol: 3 })
  const submit = (client: Client, name: string, ...args: string[]) => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const parts = [`saola.task.${name}`, '{saola:tasks}', ...args].map(part => Buffer.from(part))
    owner.submit({ client, parts, answer: reply => resolve(String(reply)) })
    return promise
  }
  return { owner, submit, clientOf }
}
