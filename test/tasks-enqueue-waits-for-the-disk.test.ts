import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { canTrace } from './support/disk-trace.ts'
import { storeFolder } from './support/store-script.ts'
import { root } from './support/tree.ts'

const skip = canTrace() ? false : 'it needs strace and the right to use it'
const times = 20

for (const durability of ['memory', 'everysec'] as const) {
  test(`with ${durability}, an enqueue is synced before its answer, and no other write is`, { skip }, async t => {
    const folder = storeFolder(t)
    const trace = join(folder.dir, 'trace')
    const source = (path: string) => JSON.stringify(join(root, 'src/store', path))
    // One owner without its threads: what syncs here is the commit.
    const script = `
      import { openSync, writeSync } from 'node:fs'
      import { openDatabase } from ${source('database/open-database.ts')}
      import { newClient } from ${source('owner/client.ts')}
      import { Owner } from ${source('owner/owner.ts')}
      const dir = ${JSON.stringify(join(folder.dir, 'store'))}
      const { database, commitSync, close } = await openDatabase({ dir, durability: '${durability}', maxBytes: 0, log() {} })
      const owner = new Owner({ database, commitSync, limits: { valueBytesMax: 1e6, keysMax: 1e6 } })
      const client = newClient({ id: 1, push() {} })
      const call = (...parts) => new Promise((resolve, reject) =>
        owner.submit({ client, parts: parts.map(part => Buffer.from(String(part))),
          answer: reply => reply instanceof Error ? reject(reply) : resolve(reply) }))
      const job = { task: 't', queue: 'q', priority: 5, payload: '1', attempts: 1, interruptionsMax: 1,
        softMs: 0, hardMs: 0, resultMs: 0, failureMs: 0 }
      const enqueue = i => ['saola.task.enqueue', 'k', JSON.stringify([{ id: 'id' + i, ...job }])]
      const marks = openSync(${JSON.stringify(join(folder.dir, 'marks'))}, 'a')
      const mark = text => writeSync(marks, 'mark ' + text)
      await call('saola.task.enter', 'k', 'w', 's', 60000, JSON.stringify({ worker: 'w', slot: 's', pid: 1, host: 'h', pool: 'io', queues: [] }))
      mark('enqueue')
      for (let i = 0; i < ${times}; i++) await call(...enqueue(i))
      mark('transaction')
      for (let i = 0; i < ${times}; i++) {
        const parts = enqueue('of a transaction ' + i)
        await call('saola.transaction', 0, 1, parts.length, ...parts)
      }
      mark('others')
      for (let i = 0; i < ${times}; i++) {
        await call('set', 'a', i)
        const [got] = JSON.parse(String(await call('saola.task.claim', 'k', 'w', '["q"]', 1, 0, 'r' + i)))
        await call('saola.task.done', 'k', 'w', JSON.stringify([{ id: got.id, token: got.token }]))
      }
      mark('together')
      await Promise.all(Array.from({ length: ${times} }, (_, i) => call(...enqueue('together ' + i))))
      mark('end')
      owner.close()
      await close()
    `
    const node = [process.execPath, '--input-type=module-typescript', '-e', script]
    const child = spawn('strace', ['-f', '-qq', '-e', 'trace=fsync,fdatasync,write', '-o', trace, ...node], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const [code] = await once(child, 'exit')
    assert.equal(code, 0)
    const counts: Record<string, number> = {}
    let phase = 'start'
    for (const line of readFileSync(trace, 'utf8').split('\n')) {
      phase = /write\(.*"mark ([a-z]+)"/.exec(line)?.[1] ?? phase
      if (/\bf(?:data)?sync\(/.test(line)) counts[phase] = (counts[phase] ?? 0) + 1
    }
    const { enqueue = 0, transaction = 0, others = 0, together = 0 } = counts
    assert.ok(enqueue >= times, `${enqueue} syncs for ${times} enqueues`)
    assert.ok(transaction >= times, `${transaction} syncs for ${times} transactions`)
    assert.equal(others, 0)
    assert.ok(together >= 1 && together <= 3, `${together} syncs for ${times} at once`)
  })
}
