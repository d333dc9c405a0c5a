import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { LineLog } from './support/line-log.ts'
import { root, spawnTree, startTree, type Tree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const files = { 'app.mjs': `export default { fetch: () => new Response('hello') }` }
const quick = { startSeconds: '100ms', stopTimeout: '2s', backoff: { min: '20ms' } }
const apps = { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 2 } }

interface Told {
  readonly time: string
  readonly event: string
  readonly name?: string
  readonly kind?: string
  readonly pid?: number
  readonly from?: string
  readonly to?: string
  readonly reason?: string
}

/** `saola events` beside the tree. */
function follow(t: TestContext, tree: Tree, ...args: string[]) {
  const child = spawn(process.execPath, [join(root, 'dist', 'bin.js'), 'events', ...args], { cwd: tree.dir })
  t.after(() => child.kill('SIGKILL'))
  const [output, complaints] = [new LineLog(), new LineLog()]
  output.read(child.stdout)
  complaints.read(child.stderr)
  const ended = once(child, 'close').finally(() => output.close())
  const told = () => output.lines.map(line => JSON.parse(line) as Told)
  /** The first event that has these fields. */
  const event = (wanted: Partial<Told>) =>
    output.waitFor(JSON.stringify(wanted), line => {
      const told = JSON.parse(line)
      return Object.entries(wanted).every(([key, value]) => told[key] === value) ? (told as Told) : undefined
    })
  return { child, ended, told, event, complaints }
}

/** By process, and by name where there is never more than one: each event begins where the last one has ended. */
function checkChains(events: readonly Told[]): void {
  const byPid = new Map<number, string | undefined>()
  const byName = new Map<string, string | undefined>()
  for (const { event, name = '', kind, pid, from, to } of events) {
    if (event !== 'state') continue
    const what = `${name} ${pid} ${from} → ${to}`
    assert.notEqual(from, to, what)
    if (pid !== undefined) {
      if (to === 'STARTING') assert.ok(!byPid.has(pid), what)
      else assert.equal(byPid.get(pid), from, what)
      byPid.set(pid, to)
    }
    if (kind === 'web') continue
    assert.equal(byName.get(name) ?? 'STOPPED', from, what)
    byName.set(name, to)
  }
  for (const to of byPid.values()) assert.ok(['STOPPED', 'EXITED', 'BACKOFF'].includes(to ?? ''), to)
}

test('every change from the start of a tree to its end is told once, in chains; behind that, that no tree runs', async t => {
  const programs = {
    redis: { command: 'sleep 1000', ...quick },
    api: { command: 'sleep 1000', dependsOn: { redis: 'ready' }, instances: 2, ...quick },
    broken: { command: 'false', startRetries: 1, ...quick, startSeconds: '30s' },
    once: { command: './once', startRetries: 0, ...quick },
  }
  const dir = mkdtempSync(join(tmpdir(), 'saola-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'once'), '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 })
  const tree = await startTree(t, { dir, files, config: { apps, programs } })
  const { ended, told, event, complaints } = follow(t, tree, '-n', '1000')
  await event({ event: 'tree.ready' })
  const pids = new Map((await tree.status()).children.map(({ name, pid }) => [name, pid ?? 0]))
  assert.ok(signalProcess(pids.get('web:0') ?? 0, 'SIGKILL'))
  assert.ok(signalProcess(pids.get('redis:0') ?? 0, 'SIGKILL'))
  await event({ name: 'redis:0', to: 'EXITED', pid: pids.get('redis:0'), reason: 'killed by SIGKILL' })
  await event({ name: 'redis:0', from: 'EXITED', to: 'STARTING' })
  await event({ name: 'web:0', to: 'EXITED', pid: pids.get('web:0') })
  await tree.control('stop', { target: 'api:1' })
  await tree.control('start', { target: 'api' })
  await tree.control('restart', { target: 'redis' })
  await tree.control('scale', { target: 'api', workers: '1' })
  await tree.reload()
  rmSync(join(dir, 'once'))
  assert.ok(signalProcess(pids.get('once:0') ?? 0, 'SIGKILL'))
  await event({ name: 'once:0', to: 'FATAL' })
  await tree.stop()
  assert.deepEqual(await ended, [0, null])
  assert.deepEqual(complaints.lines, ['saola: the tree has ended.'])
  const behind = await tree.cli('events')
  assert.equal(behind.code, 1)
  assert.match(behind.stderr, /^saola: No tree runs in .*\[ERR_NOT_RUNNING\]/)
  const events = told()
  checkChains(events)
  const names = new Set(events.map(({ event }) => event))
  for (const name of ['tree.starting', 'reload.started', 'reload.done', 'start.done', 'restart.done', 'app.scaled'])
    assert.ok(names.has(name), name)
  assert.equal(events.at(-1)?.event, 'tree.stopped')
  const broken = events.filter(({ name, event }) => name === 'broken:0' && event === 'state')
  assert.deepEqual(
    broken.slice(0, 5).map(({ to, pid }) => `${to}${pid === undefined ? '' : ' with a pid'}`),
    ['STARTING with a pid', 'BACKOFF with a pid', 'STARTING with a pid', 'BACKOFF with a pid', 'FATAL'],
  )
  const once = events.filter(({ name, event }) => name === 'once:0' && event === 'state')
  assert.deepEqual(
    once.slice(-4).map(({ to, pid }) => [to, pid]),
    [
      ['EXITED', pids.get('once:0')],
      ['STARTING', undefined],
      ['BACKOFF', undefined],
      ['FATAL', undefined],
    ],
  )
})

test('the past alone, of one name, and whatever level the log has', async t => {
  const programs = { redis: { command: 'sleep 1000', ...quick }, other: { command: 'sleep 1000', ...quick } }
  const tree = await startTree(t, { config: { programs } })
  const { code, stdout } = await tree.cli('events', 'redis', '--no-follow')
  assert.equal(code, 0)
  const events = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Told)
  assert.deepEqual(
    events.map(({ name, from, to }) => `${name} ${from} → ${to}`),
    ['redis:0 STOPPED → STARTING', 'redis:0 STARTING → RUNNING'],
  )
  const last = JSON.parse((await tree.cli('events', '--no-follow', '-n', '1')).stdout)
  assert.deepEqual([last.event, last.level], ['tree.ready', 'info'])
  const unknown = await tree.cli('events', 'rediss')
  assert.equal(unknown.code, 2)
  assert.match(unknown.stderr, /Nothing here is named "rediss", did you mean redis\? {3}\[ERR_USAGE\]/)
  await t.test('a reader that has seen enough ends the command, and it says nothing', part => hasSeenEnough(part, tree))
})

test('events are told of a tree whose log is silent', async t => {
  const config = { programs: { redis: { command: 'sleep 1000', ...quick } }, log: { level: 'error' } }
  const tree = spawnTree(t, { config })
  await until('it runs', async () => (await tree.status().catch(() => undefined))?.state === 'running')
  const { stdout } = await tree.cli('events', '--no-follow')
  assert.match(stdout, /"event":"tree\.ready","level":"info"/)
  assert.deepEqual(tree.lines, [])
})

async function hasSeenEnough(t: TestContext, tree: Tree): Promise<void> {
  const { child, ended, event, complaints } = follow(t, tree, '-n', '10')
  await event({ event: 'tree.ready' })
  child.stdout.destroy()
  await tree.control('restart', { target: 'redis' })
  assert.deepEqual(await ended, [0, null])
  assert.deepEqual(complaints.lines, [])
}
