import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'
import { childrenOf, zombiesOf } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const warmUp = 4
const reloads = 14
// The memory of a process of Node goes up and down by some megabytes with what its collector does.
const growthBytesMax = 20 * 1024 * 1024

const app = `
export default (request, response) => {
  console.log('asked')
  response.end('served')
}
`
const web = { app: './app.mjs', listen: ['127.0.0.1:0', 'unix:./web.sock'], workers: 1 }
const config = {
  name: 'shop',
  apps: {
    web: { ...web, accessLog: { file: './access.log' }, stdout: { file: './out.log' } },
    handed: { ...web, listen: 'unix:./handed.sock', balance: 'round-robin', accessLog: false },
  },
}

test(`${reloads} reloads leave no descriptor, no process and no memory behind in the supervisor`, async t => {
  const tree = await startTree(t, { files: { 'app.mjs': app }, config })
  for (let count = 0; count < warmUp; count++) await reload(tree)
  await until('old workers are gone', () => childrenOf(tree.pid).length === 2)
  const before = { descriptors: openDescriptors(tree.pid), bytes: memoryOf(tree.pid) }
  for (let count = warmUp; count < reloads; count++) await reload(tree)
  await until('no descriptor is left over', () => openDescriptors(tree.pid) <= before.descriptors)
  // A process that has ended is a child until the supervisor has asked how.
  await until('no process is left over', () => childrenOf(tree.pid).length === 2 && zombiesOf(tree.pid).length === 0)
  const grownBytes = memoryOf(tree.pid) - before.bytes
  assert.ok(grownBytes < growthBytesMax, `it has grown by ${grownBytes} bytes`)
  const { generation, children } = await tree.status()
  assert.equal(generation, reloads + 1)
  assert.deepEqual(
    children.map(child => child.restarts),
    [0, 0],
  )
})

async function reload(tree: Tree): Promise<void> {
  const done = tree.waitForEvent('reload.done', {}, { since: tree.lines.length })
  tree.signal('SIGHUP')
  await done
  for (const name of ['web', 'handed']) assert.equal((await request(`unix:${tree.dir}/${name}.sock`)).status, 200)
}

function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** Resident memory in bytes. */
function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}
