import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { spawnTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

// As on a platform: `saola start` with nothing behind it, and no file but those of the application.
const bare = { app: false } as const
const files = {
  'app.ts':
    'export default { fetch: (): Response => Response.json([process.pid, process.env.DATABASE_URL, process.env.NODE_ENV]) }',
}
const platform = { SAOLA_APPS_WEB_APP: './app.ts', PORT: '0', WEB_CONCURRENCY: '2' }

async function ready(tree: Tree): Promise<Tree> {
  await tree.waitForEvent('tree.ready')
  return tree
}

async function ask(tree: Tree): Promise<unknown[]> {
  const port = /:(\d+)$/.exec(tree.listen[0] ?? '')?.[1]
  return JSON.parse(String((await request(`http://127.0.0.1:${port}`)).body))
}

test('what a platform sets is enough: the application, a port and the number of workers', async t => {
  const env = { ...platform, DATABASE_URL: 'postgres://db', SAOLA_NAME: 'shop', SAOLA_APPS_WEB_GRACEFUL_TIMEOUT: '5s' }
  const tree = await ready(spawnTree(t, { ...bare, files, env }))
  assert.match(tree.listen[0] ?? '', /^0\.0\.0\.0:\d+$/)
  assert.equal((await ask(tree))[1], 'postgres://db')
  const { name, apps } = await tree.status()
  assert.deepEqual([name, apps.map(app => [app.name, app.workers])], ['shop', [['web', 2]]])
  await until(
    'both workers run',
    async () => (await tree.status()).children.filter(child => child.state === 'RUNNING').length === 2,
  )
  assert.match(
    (await tree.cli('config')).stdout,
    /^apps\.web\.graceful\.timeout +5s +env SAOLA_APPS_WEB_GRACEFUL_TIMEOUT$/m,
  )
  assert.equal((await tree.stop()).code, 0)
})

test('the same may stand in .env', async t => {
  const text = Object.entries({ ...platform, DATABASE_URL: 'postgres://db', NODE_ENV: 'production' })
  const env = { WEB_CONCURRENCY: '1' }
  const tree = await ready(
    spawnTree(t, { ...bare, files: { ...files, '.env': text.map(pair => pair.join('=')).join('\n') }, env }),
  )
  assert.deepEqual((await ask(tree)).slice(1), ['postgres://db', 'production'])
  assert.equal((await tree.status()).apps[0]?.workers, 1)
})

test('what is missing or wrong is said at once, all of it', async t => {
  const tree = spawnTree(t, {
    ...bare,
    files,
    env: { ...platform, WEB_CONCURRENCY: 'all', SAOLA_APPS_WEB_TIMEOUT: 'long' },
  })
  assert.equal((await tree.exit).code, 1)
  assert.match(tree.lines[0] ?? '', /^saola: The configuration has 2 problems\./)
  assert.ok(tree.lines.some(line => /^ {2}apps\.web\.workers \(env WEB_CONCURRENCY\) expected /.test(line)))
  const nothing = spawnTree(t, { ...bare, files })
  assert.equal((await nothing.exit).code, 1)
  assert.match(nothing.lines.join('\n'), /apps expected at least one application, got none/)
})

test('a configuration that needs variables names each that is not set', async t => {
  const config = `import { env } from 'saola'
    export default {
      apps: { web: { app: env('ENTRY'), env: { DATABASE_URL: env('DATABASE_URL') } } },
      programs: { jobs: { command: ['jobs', env('QUEUE')] } },
    }`
  const tree = spawnTree(t, { files, config, env: { QUEUE: 'mail' } })
  assert.equal((await tree.exit).code, 1)
  const missing = tree.lines.filter(line => line.includes('is not set, and the configuration needs it'))
  assert.deepEqual(
    missing.map(line => /variable (\w+) is/.exec(line)?.[1]),
    ['ENTRY', 'DATABASE_URL'],
  )
})
