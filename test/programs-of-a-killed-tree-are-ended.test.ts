import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from './support/free-port.ts'
import { request } from './support/http-connection.ts'
import { pidIn, startTree, type Tree } from './support/tree.ts'
import { isRunning, signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const server = `
import { createServer } from 'node:http'
createServer((req, res) => res.end(String(process.pid))).listen(Number(process.argv[2]), '127.0.0.1')
process.on('SIGTERM', () => setTimeout(process.exit, 300))`

test('a start after a kill of the supervisor ends what it has left, and takes its ports', async t => {
  const port = await freePort()
  const config = {
    programs: {
      server: { command: [process.execPath, 'server.mjs', String(port)], startSeconds: '50ms' },
      stubborn: { command: ['sh', '-c', 'trap "" TERM; exec sleep 600'], stopTimeout: '500ms', startSeconds: '50ms' },
      // What it has started is in its group, and stays when it is killed.
      parent: { command: ['sh', '-c', 'sleep 600 & echo $! > grandchild; wait'], startSeconds: '50ms' },
      listening: { command: 'sleep 600', listen: `127.0.0.1:${await freePort()}`, startSeconds: '50ms' },
    },
  }
  const tree = await startTree(t, { config, files: { 'server.mjs': server } })
  await until('the server serves', () => answerOf(port))
  const before = await pidsOf(tree)
  const grandchild = await pidIn(tree, 'grandchild')
  assert.deepEqual(notesIn(tree), [...before.values()].sort())
  tree.signal('SIGKILL')
  await tree.exit
  assert.equal(
    await answerOf(port),
    String(before.get('server:0')),
    'a kill of the supervisor is no outage of a program',
  )
  signalProcess(before.get('parent:0') ?? 0, 'SIGKILL')
  await until('the parent is gone', () => !isRunning(before.get('parent:0') ?? 0))

  const next = await startTree(t, { config, dir: tree.dir })
  assert.deepEqual(
    next
      .events('program.orphan')
      .map(({ name, pid }) => [name, pid])
      .sort(),
    [...before].sort(),
  )
  assert.deepEqual(
    next.events('program.killed').map(({ name }) => name),
    ['stubborn:0'],
  )
  for (const pid of [...before.values(), grandchild]) assert.equal(isRunning(pid), false)
  const after = await pidsOf(next)
  assert.equal(await until('the server serves', () => answerOf(port)), String(after.get('server:0')))
  assert.equal((await next.stop()).code, 0)
  assert.deepEqual(notesIn(next), [])
})

test('a note of a process that has ended harms nobody who has its number now', async t => {
  const config = { programs: { one: { command: 'sleep 600', startSeconds: '50ms' } } }
  const tree = await startTree(t, { config })
  const pid = (await pidsOf(tree)).get('one:0') ?? 0
  tree.signal('SIGKILL')
  await tree.exit
  const file = join(notesFolder(tree), `${pid}.json`)
  const note = JSON.parse(readFileSync(file, 'utf8')) as { startedAt: number }
  // As of one that began before, and whose number was given away again.
  writeFileSync(file, JSON.stringify({ ...note, startedAt: note.startedAt - 1 }))
  writeFileSync(join(notesFolder(tree), '1.json'), '{"pid":1,')
  const next = await startTree(t, { config, dir: tree.dir })
  assert.deepEqual(next.events('program.orphan'), [])
  assert.equal(isRunning(pid), true)
  signalProcess(pid, 'SIGKILL')
  assert.deepEqual(notesIn(next), [...(await pidsOf(next)).values()])
})

async function pidsOf(tree: Tree): Promise<Map<string, number>> {
  const { children } = await tree.status()
  return new Map(children.flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid] as const])))
}

function notesFolder(tree: Tree): string {
  const [name = ''] = readdirSync(join(tree.dir, '.saola'))
  return join(tree.dir, '.saola', name, 'programs')
}

function notesIn(tree: Tree): number[] {
  return readdirSync(notesFolder(tree))
    .map(file => Number.parseInt(file, 10))
    .sort()
}

async function answerOf(port: number): Promise<string | undefined> {
  const response = await request(`http://127.0.0.1:${port}`).catch(() => undefined)
  return response && String(response.body)
}
