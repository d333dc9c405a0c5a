import assert from 'node:assert/strict'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { startTree, type Tree } from './support/tree.ts'
import { zombiesOf } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const programs = ['plain', 'merged', 'fed', 'filed', 'logged']
// Five programs, started forty times before and forty times behind the first look: one trace of one start would be seen.
const retries = 39
const backoff = { min: '1ms', max: '1ms' }
/** It ends too early each time. */
const fails = { command: ['sh', '-c', 'echo a line; exit 1'], startSeconds: '60s', startRetries: retries, backoff }

test('four hundred starts of programs leave no descriptor, no zombie and no listener behind', async t => {
  const tree = await startTree(t, {
    config: {
      programs: {
        plain: fails,
        merged: { ...fails, stderr: 'stdout', umask: '022' },
        fed: { ...fails, stdin: { text: 'a text that is not read' } },
        filed: { ...fails, stdin: { file: './saola.config.json' } },
        logged: { ...fails, stdout: { file: './{name}.log' }, stderr: { file: './{name}.err' } },
      },
    },
  })
  await fatal(tree, 1)
  const before = await traces(tree)
  const restart = (target: string) => tree.control('restart', { target })
  // Each is refused in the end: it does not come up.
  await Promise.all(programs.map(name => assert.rejects(restart(name), { code: 'ERR_CONTROL_REFUSED' })))
  await fatal(tree, 2)
  await until('nothing is open that was not before', () =>
    Object.entries(openIn(tree.pid)).every(([kind, count]) => count <= (before[kind] ?? 0)),
  ).catch(() => assert.deepEqual(openIn(tree.pid), before))
  assert.equal(tree.events('program.fatal').length, 2 * programs.length)
  assert.deepEqual(zombiesOf(tree.pid), [])
  assert.ok(!tree.lines.some(line => line.includes('MaxListenersExceededWarning')))
})

/** All of them have failed as often as they may, so many times. */
async function fatal(tree: Tree, times: number): Promise<void> {
  await until('all have failed', () => tree.events('program.fatal').length === times * programs.length)
}

/** What the supervisor has open, once nothing is under way any more. */
async function traces(tree: Tree): Promise<Record<string, number>> {
  let last = ''
  await until('nothing changes', async () => {
    // It has done what was to be done, and does not just stand still.
    await tree.status()
    const now = JSON.stringify(openIn(tree.pid))
    const isSame = now === last
    last = now
    return isSame
  })
  return openIn(tree.pid)
}

function openIn(pid: number): Record<string, number> {
  const kinds: Record<string, number> = {}
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const kind = nameOf(`/proc/${pid}/fd/${fd}`).replace(/\d+/g, '')
    // Pipes are made some at a time (supervisor/pipes.ts), and their names are gone by then.
    if (!kind.endsWith('(deleted)')) kinds[kind] = (kinds[kind] ?? 0) + 1
  }
  return { ...kinds, threads: Number(/Threads:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) }
}

function nameOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return 'gone'
  }
}
