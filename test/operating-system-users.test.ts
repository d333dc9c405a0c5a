import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { asNobody, isRoot, nobody, openProgram, testAsRoot } from './support/nobody.ts'
import { spawnTree, startTree, type Tree } from './support/tree.ts'

const app = `
import { readFileSync, writeFileSync } from 'node:fs'
function attempt(act) {
  try { act(); return 'done' } catch (error) { return error.code }
}
export default (request, response) => response.end(JSON.stringify({
  uid: process.getuid(), euid: process.geteuid(), gid: process.getgid(), groups: process.getgroups(),
  home: process.env.HOME, user: process.env.USER, logname: process.env.LOGNAME,
  secret: attempt(() => readFileSync('secret')), becomeRoot: attempt(() => process.setuid(0)),
}))
`
const files = { 'app.mjs': app, secret: 'of root' }

interface Answer {
  readonly [what: string]: unknown
}

const title = 'workers run as the user of the configuration, on sockets that only root could bind'
testAsRoot(title, async t => {
  const balances = ['shared', 'round-robin']
  const ports = [await freeLowPort(), await freeLowPort()]
  const served = balances.map((balance, i) => {
    const listen = [`127.0.0.1:${ports[i]}`, `unix:./${balance}.sock`]
    const accessLog = { file: `./${balance}.log` }
    return [balance, { app: './app.mjs', listen, balance, user: 'nobody', accessLog }] as const
  })
  const numbered = { app: './app.mjs', listen: 'unix:./numbered.sock', user: nobody, group: 'daemon' }
  const tree = await startTree(t, {
    files,
    owner: 0,
    config: { name: 'shop', apps: { ...Object.fromEntries(served), numbered } },
    ...openProgram(t),
  })
  chmodSync(join(tree.dir, 'secret'), 0o600)
  const { name, home, gid } = accountOf(nobody)
  const expected = { uid: nobody, euid: nobody, gid, groups: [gid], home, user: name, logname: name }

  for (const [i, balance] of balances.entries()) {
    await t.test(balance, async () => {
      for (const target of [`http://127.0.0.1:${ports[i]}`, `unix:${tree.dir}/${balance}.sock`]) {
        const { secret, becomeRoot, ...identity } = await ask(target)
        assert.deepEqual(identity, expected)
        assert.equal(becomeRoot, 'EPERM')
        assert.equal(secret, 'EACCES')
      }
      const children = (await tree.status()).children.filter(child => child.name.startsWith(balance))
      assert.equal(children.length, 1)
      for (const { pid } of children) assert.deepEqual(ownersOf(pid ?? 0), [nobody, gid])
    })
  }

  await t.test('a number stands for a user, and a group for itself', async () => {
    const { uid, gid: group, groups } = await ask(`unix:${tree.dir}/numbered.sock`)
    const daemon = Number(/^daemon:[^:]*:(\d+)/m.exec(readFileSync('/etc/group', 'utf8'))?.[1])
    assert.deepEqual({ uid, group, groups }, { uid: nobody, group: daemon, groups: [daemon] })
  })

  await t.test('a new generation, too, and a file that only the supervisor may write', async () => {
    assert.deepEqual(ownersOf(tree.pid), [0, 0])
    const done = tree.waitForEvent('reload.done')
    tree.signal('SIGHUP')
    await done
    for (const port of ports) assert.equal((await ask(`http://127.0.0.1:${port}`)).uid, nobody)
    assert.equal((await tree.stop()).code, 0)
    for (const balance of balances) {
      assert.equal(statSync(join(tree.dir, `${balance}.log`)).uid, 0)
      assert.match(readFileSync(join(tree.dir, `${balance}.log`), 'utf8'), /GET/)
    }
  })
})

testAsRoot('a user that does not exist is named, and nothing starts or changes', async t => {
  const tree = spawnTree(t, { files, config: configOf({ user: 'nobdoy' }) })
  assert.deepEqual(await tree.exit, { code: 1, signal: null })
  const lines = tree.lines.join('\n')
  assert.match(
    lines,
    /\[ERR_CONFIG_INVALID\]\n {2}apps\.web\.user expected a user .*, got "nobdoy", did you mean nobody\?$/,
  )

  const serving = await startTree(t, { files, config: configOf({}) })
  const { pid } = (await serving.status()).children[0] ?? {}
  writeFileSync(join(serving.dir, 'saola.config.json'), JSON.stringify(configOf({ group: 'nogroups' })))
  serving.signal('SIGHUP')
  const { message } = await serving.waitForEvent('config.problem')
  assert.equal(message, 'apps.web.group expected a group of this machine, got "nogroups", did you mean nogroup?')
  await serving.waitForEvent('reload.refused')
  assert.equal((await serving.status()).children[0]?.pid, pid)
})

test('who is not root keeps its user, whatever the configuration says, and is warned', async t => {
  const tree = await startTree(t, {
    files,
    config: configOf({ user: 'somebody', group: 'anybody' }),
    wrapper: asNobody,
    ...(isRoot ? { owner: nobody } : {}),
    ...openProgram(t),
  })
  const warnings = tree.events('config.warning').map(({ message }) => message)
  assert.deepEqual(warnings, [
    'apps.web.user has no effect: only root can run workers as another user.',
    'apps.web.group has no effect: only root can run workers as another group.',
  ])
  const [uid] = ownersOf(tree.pid)
  assert.notEqual(uid, 0)
  assert.equal((await ask(tree.url)).uid, uid)
})

function configOf(web: object): object {
  return { name: 'shop', apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, ...web } } }
}

async function ask(target: string): Promise<Answer> {
  return JSON.parse(String((await request(target)).body))
}

/** The user and the group of a process. */
function ownersOf(pid: Tree['pid']): number[] {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return ['Uid', 'Gid'].map(name => Number(new RegExp(`^${name}:\\t(\\d+)`, 'm').exec(status)?.[1]))
}

function accountOf(uid: number): { name: string; gid: number; home: string } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find(text => text.split(':')[2] === String(uid))
  const [name = '', , , gid, , home = ''] = line?.split(':') ?? []
  return { name, gid: Number(gid), home }
}

let nextLowPort = 1023

/** A port that only root may listen on, each time another one. */
async function freeLowPort(): Promise<number> {
  for (;;) {
    const port = nextLowPort--
    const server = createServer()
    const isFree = await new Promise(resolve => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
