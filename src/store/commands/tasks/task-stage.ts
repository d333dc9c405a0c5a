/** An owner in this process, for tests: its clocks are set by hand, its connections are made up, and what it reads is counted. */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { schema } from '../../database/schema.ts'
import { type Client, type ClientConnection, newClient } from '../../owner/client.ts'
import { Owner } from '../../owner/owner.ts'
import type { OwnerOptions } from '../../owner/owner-options.ts'
import { type Reply, ReplyError } from '../../resp/reply.ts'

/** Milliseconds; `wall` can be set without the other. */
export interface StageTime {
  wall: number
  monotonic: number
}

export const session = JSON.stringify({ worker: 'w', slot: 's', pid: 1, host: 'h', pool: 'io', queues: ['q'] })

export function openStage(t: TestContext, options: Partial<OwnerOptions> = {}) {
  const database = new DatabaseSync(':memory:')
  database.exec(schema)
  const reads = countReads(database)
  const time: StageTime = { wall: 1_800_000_000_000, monotonic: 1_000 }
  const clocks = { now: () => time.wall, monotonic: () => time.monotonic }
  const owner = new Owner({ database, limits: { valueBytesMax: 100_000_000, keysMax: 1000 }, ...clocks, ...options })
  t.after(() => {
    owner.close()
    database.close()
  })
  let nextId = 1
  const connect = (): Client => {
    const connection = { isLocal: true, outputBytesMax: Number.MAX_SAFE_INTEGER } as ClientConnection
    return newClient({ id: nextId++, push: () => {}, protocol: 3, connection })
  }
  const run = (client: Client, ...words: readonly (string | number)[]) => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const parts = words.map(word => Buffer.from(String(word)))
    owner.submit({ client, parts, answer: reply => resolve(textOf(reply)) })
    return promise
  }
  const submit = (client: Client, name: string, ...args: readonly (string | number)[]) =>
    run(client, `saola.task.${name}`, '{saola:tasks}', ...args)
  const pass = (ms: number) =>
    owner.moveClock(() => {
      time.wall += ms
      time.monotonic += ms
    })
  return { owner, database, time, reads, connect, run, submit, pass }
}

function textOf(reply: Reply): string {
  return reply instanceof ReplyError ? `${reply.code} ${reply.message}` : String(reply)
}

export function jobsOf(ids: readonly string[], own: object = {}): string {
  const zero = { softMs: 0, hardMs: 0, resultMs: 60_000, failureMs: 60_000 }
  const job = { task: 't', queue: 'q', priority: 5, payload: '{}', attempts: 3, interruptionsMax: 3, ...zero, ...own }
  return JSON.stringify(ids.map(id => ({ id, ...job })))
}

export function idsOf(count: number, prefix = 'j'): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(6, '0')}`)
}

/** Letters of all texts that statements have returned, and how many statements were prepared. */
function countReads(database: DatabaseSync) {
  const reads = { letters: 0, prepared: 0 }
  const note = (row: unknown) => {
    for (const value of Object.values((row ?? {}) as object))
      if (typeof value === 'string') reads.letters += value.length
  }
  const prepare = database.prepare.bind(database)
  database.prepare = (text): StatementSync => {
    reads.prepared++
    const statement = prepare(text)
    const { get, all, iterate } = {
      get: statement.get.bind(statement),
      all: statement.all.bind(statement),
      iterate: statement.iterate.bind(statement),
    }
    statement.iterate = function* (...values: never[]) {
      for (const row of iterate(...values)) {
        note(row)
        yield row
      }
    } as typeof statement.iterate
    statement.get = (...values: never[]) => {
      const row = get(...values)
      note(row)
      return row
    }
    statement.all = (...values: never[]) => {
      const rows = all(...values)
      for (const row of rows) note(row)
      return rows
    }
    return statement
  }
  return reads
}
