import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'
import { childrenOf } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const app = `
import { spawn, execFileSync } from 'node:child_process'
import { createServer } from 'node:http'

const grown = []
const routes = {
  '/': () => String(process.pid),
  '/environment': () => JSON.stringify({ own: process.env, child: childEnvironment() }),
  // A child with children, none of which ends by itself or on a hangup.
  '/family': () => {
    spawn('sh', ['-c', 'trap "" HUP TERM INT; sleep 600 & sleep 600'], { stdio: 'ignore' }).unref()
    return String(process.pid)
  },
  '/grow': () => {
    grown.push(Buffer.alloc(64 * 1024 * 1024, 'g'))
    return String(process.pid)
  },
}
function childEnvironment() {
  return execFileSync('env', ['-0'], { encoding: 'utf8' })
}
createServer((request, response) => response.end(routes[request.url]())).listen(3000)
`
const files = { 'app.mjs': app }

test('the processes of a tree', async t => {
  const secret = { NOTIFY_SOCKET: '/run/nobody', WATCHDOG_USEC: '60000000', LISTEN_FDS: '1', LISTEN_FDNAMES: 'http' }
  const tree = await startTree(t, {
    files,
    config: configOf({ workers: 2, env: { SHOP: 'yes', PATH_EXTRA: '/x' } }),
    env: { ...secret, LISTEN_PID: '1', WATCHDOG_PID: '1', VISIBLE: 'also' },
    wrapper: ['sh', '-c', 'ulimit -Sn 256; ulimit -Hn 4096; ulimit -c 0; exec "$@"', 'sh'],
  })

  await t.test('have titles that say which tree and which worker they are', async () => {
    const titles = [tree.pid, ...(await workerPids(tree))].map(titleOf)
    assert.deepEqual(titles, ['saola: shop supervisor', 'saola: shop web:0', 'saola: shop web:1'])
  })

  await t.test('say nothing of containers where none of them is PID 1', () => {
    assert.deepEqual(tree.events('supervisor.pid1'), [])
  })

  await t.test('below the supervisor do not hear what systemd tells it, and neither do their children', async () => {
    const { own, child } = JSON.parse(String((await request(tree.url, { path: '/environment' })).body))
    const names = new Set([...Object.keys(own), ...child.split('\0').map((line: string) => line.split('=')[0])])
    const hidden = [...Object.keys(secret), 'LISTEN_PID', 'WATCHDOG_PID', 'SAOLA_WORKER', 'NODE_CHANNEL_FD']
    assert.deepEqual(
      hidden.filter(name => names.has(name)),
      [],
    )
    assert.equal(own.SHOP, 'yes')
    assert.equal(own.VISIBLE, 'also')
    assert.match(child, /(?:^|\0)SHOP=yes\0/)
  })

  await t.test('have the limits of whoever started it, and all open files that these allow', async () => {
    const [pid = 0] = await workerPids(tree)
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')
    assert.match(limits, /^Max open files +4096 +4096 /m)
    assert.match(limits, /^Max core file size +0 +0 /m)
  })

  await t.test('end with all that they have started when the tree ends quickly', async () => {
    const { family } = await startFamily(tree)
    tree.signal('SIGQUIT')
    await areGone(tree, family)
  })
})

test('all that a worker has started dies with it', async t => {
  const tree = await startTree(t, { files, config: configOf({}) })

  await t.test('when it is killed', async () => {
    const { pid, family } = await startFamily(tree)
    const next = tree.waitForEvent('worker.ready', {}, { since: tree.lines.length })
    process.kill(pid, 'SIGKILL')
    await areGone(tree, family)
    await next
  })

  await t.test('when it is replaced by a reload', async () => {
    const { family } = await startFamily(tree)
    const done = tree.waitForEvent('reload.done')
    tree.signal('SIGHUP')
    await areGone(tree, family)
    await done
  })

  await t.test('when it ends with the tree', async () => {
    const { family } = await startFamily(tree)
    await tree.stop()
    await areGone(tree, family)
  })
})

test('a worker that grows above the hard limit is killed and replaced, and the reason is there to read', async t => {
  const tree = await startTree(t, { files, config: configOf({ recycle: { memory: { hard: '300MB' } } }) })
  const pid = Number((await request(tree.url, { path: '/' })).body)
  // It may be killed before it has answered; then the next one does, or nobody.
  for (let step = 0; step < 5; step++) {
    const answer = await request(tree.url, { path: '/grow' }).catch(() => undefined)
    if (Number(answer?.body) !== pid) break
  }
  const { reason } = await tree.waitForEvent('worker.exited', { pid, signal: 'SIGKILL' })
  assert.match(String(reason), /^used \d+MB, more than the 300MB of recycle\.memory\.hard$/)
  // Its place is filled at once: the next one may be ready before the last one is gone.
  const row = await until('the next one serves', async () => {
    const [child] = (await tree.status()).children
    return child?.state === 'RUNNING' && child.pid !== pid && child
  })
  assert.equal(Number((await request(tree.url)).body), row.pid)
  assert.equal(row.lastExit?.reason, reason)
  assert.equal(row.restarts, 1)
})

function configOf(web: object): object {
  const app = { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, accessLog: false }
  return { name: 'shop', apps: { web: { ...app, ...web } } }
}

async function workerPids(tree: Tree): Promise<number[]> {
  return (await tree.status()).children.map(child => child.pid ?? 0)
}

/** Has a worker start a child with two children, none of which ends by itself. */
async function startFamily(tree: Tree): Promise<{ pid: number; family: number[] }> {
  const pid = Number((await request(tree.url, { path: '/family' })).body)
  const family = await until('the family is complete', () => {
    const [child] = childrenOf(pid)
    const children = child ? childrenOf(child.id) : []
    return child && children.length === 2 && [child.id, ...children.map(({ id }) => id)]
  })
  return { pid, family }
}

async function areGone(tree: Tree, family: readonly number[]): Promise<void> {
  await until('all of the family is gone', () => {
    const alive = tree.processIds()
    return family.every(id => !alive.includes(id))
  })
}

function titleOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
}
