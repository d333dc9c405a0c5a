import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { follow } from '../src/control/client.ts'
import { request } from './support/http-connection.ts'
import { mountSmallDisk, type SmallDisk } from './support/small-disk.ts'
import { root, startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const app = `
import { existsSync } from 'node:fs'

globalThis.kept = Array.from({ length: 20_000 }, (_, i) => ({ text: 'kept-by-the-application' }))

function searchWithoutEnd() {
  console.log('it blocks')
  const nothing = new Int32Array(new SharedArrayBuffer(4))
  while (!existsSync('go-on')) Atomics.wait(nothing, 0, 0, 5)
}

export default {
  fetch(request) {
    const { pathname } = new URL(request.url)
    if (pathname === '/block') searchWithoutEnd()
    return new Response(String(process.pid))
  },
}`

const task = `
import { defineTask } from 'saola/tasks'
export const noop = defineTask({ id: 'noop', run: async () => {} })`

const others = ['store:0', 'monitor:0', 'tasks:io:0']

interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { functionName: string; url: string } }[]
  readonly startTime: number
  readonly endTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface HeapSnapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: readonly string[]; readonly edge_fields: readonly string[] }
    readonly node_count: number
    readonly edge_count: number
  }
  readonly nodes: readonly number[]
  readonly edges: readonly number[]
  readonly strings: readonly string[]
}

test('profiles and heap snapshots of every process of a tree are files that Chrome DevTools opens', async t => {
  const tree = await startTree(t, {
    files: { 'app.mjs': app, 'tasks/noop.mjs': task },
    config: {
      apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', timeout: 0 } },
      tasks: { dir: './tasks', pools: { io: { processes: 1 } } },
      store: {},
      programs: { sleeper: { command: 'sleep 1000' } },
      metrics: { listen: '127.0.0.1:0' },
    },
  })

  await t.test('a loop that is blocked is in its profile, by function and file', async () => {
    const blocked = request(tree.url, { path: '/block' })
    await tree.waitForLine(/it blocks/)
    const { stdout, stderr, code } = await tree.cli('profile', 'web:0', '--seconds', '1')
    assert.equal(code, 0, stderr)
    const [file = '', advice = ''] = stdout.split('\n')
    assert.match(file, /\/web-0-\d{8}-\d{6}\.cpuprofile$/)
    assert.match(advice, /Chrome DevTools: Performance > Load/)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const profile = checkedProfile(file)
    assert.ok(
      profile.nodes.some(
        ({ callFrame }) => callFrame.functionName === 'searchWithoutEnd' && callFrame.url.endsWith('/app.mjs'),
      ),
      JSON.stringify(profile.nodes.map(node => node.callFrame)),
    )

    const heap = await tree.cli('heap', 'web:0', '-o', 'blocked.heapsnapshot', '--json')
    assert.equal(heap.code, 0, heap.stderr)
    const answer = JSON.parse(heap.stdout)
    assert.equal(answer.file, join(tree.dir, 'blocked.heapsnapshot'))
    assert.equal(answer.bytes, statSync(answer.file).size)
    assert.ok(answer.tookMs > 0)
    assert.ok(checkedHeap(answer.file).strings.includes('kept-by-the-application'))
    writeFileSync(join(tree.dir, 'go-on'), '')
    assert.equal((await blocked).status, 200)
  })

  await t.test('so do tasks, the store and the monitor, but no program', async () => {
    await until('all of it runs', async () => {
      const { children } = await tree.status()
      return others.every(name => children.some(child => child.name === name && child.state === 'RUNNING'))
    })
    for (const name of others) {
      const file = `${name.replaceAll(':', '-')}.cpuprofile`
      const { code, stderr } = await tree.cli('profile', name, '-s', '0.2', '-o', file)
      assert.equal(code, 0, stderr)
      checkedProfile(join(tree.dir, file))
    }
    const heap = await tree.cli('heap', 'store:0', '-o', 'store.heapsnapshot')
    assert.match(heap.stdout, /stood still for \d+\.\ds\. Open it in Chrome DevTools: Memory > Load/)
    checkedHeap(join(tree.dir, 'store.heapsnapshot'))
    for (const command of ['profile', 'heap']) {
      const { code, stderr } = await tree.cli(command, 'sleeper:0')
      assert.equal(code, 1)
      assert.match(stderr, /sleeper:0 is a program: only into Saola's own processes/)
    }
    const unknown = await tree.cli('heap', 'web:7')
    assert.match(unknown.stderr, /No worker web:7 runs here\. +\[ERR_CONTROL_REFUSED\]/)
  })

  await t.test('a file that is there is only replaced with --force', async () => {
    const path = join(tree.dir, 'mine.cpuprofile')
    writeFileSync(path, 'mine')
    const refused = await tree.cli('profile', 'web:0', '-s', '0.1', '-o', 'mine.cpuprofile')
    assert.match(refused.stderr, /is there already.*--force.*ERR_FILE_EXISTS/)
    assert.equal(readFileSync(path, 'utf8'), 'mine')
    const forced = await tree.cli('profile', 'web:0', '-s', '0.1', '-o', 'mine.cpuprofile', '--force')
    assert.equal(forced.code, 0, forced.stderr)
    checkedProfile(path)
    const wrong = await tree.cli('profile', 'web:0', '-s', '700')
    assert.match(wrong.stderr, /expected seconds above 0 and up to 600, got 700/)
  })

  await t.test('two at once of one worker are refused; who goes away ends his own', async () => {
    const abort = new AbortController()
    const input = { target: 'web:0', seconds: 500 }
    const first = follow(tree.controlSocket, 'profile', input, abort.signal)
    assert.equal((await first.next()).value?.type, 'begun')
    for (const command of ['profile', 'heap']) {
      const { code, stderr } = await tree.cli(command, 'web:0')
      assert.equal(code, 1)
      assert.match(stderr, /A profile of web:0 is under way, and there can be one at a time/)
    }
    abort.abort()
    await first.next().catch(() => {})
    await profiledAgain(tree)
  })

  await t.test('a Ctrl-C ends the profile and leaves no file', async t => {
    const before = readdirSync(tree.dir)
    const command = await recording(t, tree)
    assert.equal(readdirSync(tree.dir).length, before.length + 1)
    command.kill('SIGINT')
    assert.deepEqual(await once(command, 'close'), [1, null])
    assert.deepEqual(readdirSync(tree.dir), before)
    await profiledAgain(tree)
  })

  await t.test('a full disk is said, and leaves no file', async t => {
    const disk = mountSmallDisk(t, 1)
    if (!disk) return
    t.after(() => disk.unmount())
    await refusesForDisk(tree, disk)
    await profiledAgain(tree)
  })

  await t.test('a worker that dies in the middle leaves no file', async t => {
    const before = readdirSync(tree.dir)
    const { pid } = (await tree.status()).children.find(({ name }) => name === 'web:0') ?? {}
    const command = await recording(t, tree)
    let stderr = ''
    command.stderr.on('data', text => {
      stderr += text
    })
    process.kill(Number(pid), 'SIGKILL')
    assert.deepEqual(await once(command, 'close'), [1, null])
    assert.match(stderr, /web:0 gave no profile: It has ended meanwhile/)
    assert.deepEqual(readdirSync(tree.dir), before)
  })
})

async function refusesForDisk(tree: Tree, disk: SmallDisk): Promise<void> {
  const { code, stderr } = await tree.cli('heap', 'web:0', '-o', join(disk.dir, 'full.heapsnapshot'))
  assert.equal(code, 1)
  assert.match(stderr, /Cannot write .*full\.heapsnapshot \(ENOSPC\).*ERR_FILE_NOT_WRITTEN/)
  assert.deepEqual(readdirSync(disk.dir), [])
}

/** A `saola profile` that is under way. */
async function recording(t: TestContext, tree: Tree) {
  const args = [join(root, 'dist', 'bin.js'), 'profile', 'web:0', '--seconds', '500']
  const command = spawn(process.execPath, args, { cwd: tree.dir, stdio: ['ignore', 'ignore', 'pipe'] })
  t.after(() => command.kill('SIGKILL'))
  command.stderr.setEncoding('utf8')
  const [text] = await once(command.stderr, 'data')
  assert.match(text, /web:0 \(pid \d+\) is recorded for 500s/)
  return command
}

/** The one before has left the worker. */
async function profiledAgain(tree: Tree): Promise<void> {
  await until('another profile is taken', async () => {
    const { code } = await tree.cli('profile', 'web:0', '-s', '0.1', '-o', 'again.cpuprofile', '--force')
    return code === 0
  })
  assert.ok(existsSync(join(tree.dir, 'again.cpuprofile')))
}

function checkedProfile(file: string): Profile {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile
  assert.ok(profile.nodes.length > 0)
  assert.ok(profile.samples.length > 0)
  assert.equal(profile.samples.length, profile.timeDeltas.length)
  assert.ok(profile.endTime > profile.startTime)
  const ids = new Set(profile.nodes.map(({ id }) => id))
  assert.ok(profile.samples.every(id => ids.has(id)))
  return profile
}

function checkedHeap(file: string): HeapSnapshot {
  const heap = JSON.parse(readFileSync(file, 'utf8')) as HeapSnapshot
  const { meta, node_count, edge_count } = heap.snapshot
  assert.ok(node_count > 1_000)
  assert.equal(heap.nodes.length, node_count * meta.node_fields.length)
  assert.equal(heap.edges.length, edge_count * meta.edge_fields.length)
  return heap
}
