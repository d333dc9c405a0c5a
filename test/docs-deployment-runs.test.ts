/** The examples of docs/deployment.md run as they stand there. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { root, spawnTree, startTree, type Tree } from './support/tree.ts'

const text = readFileSync(join(root, 'docs', 'deployment.md'), 'utf8')
const blocks = (language: string) =>
  [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, kind, code = '']) => (kind === language ? [code] : []))

const names = ['DATABASE_URL', 'GREETING', 'KEY']
const app = `export default { fetch: () => Response.json(${JSON.stringify(names)}.map(name => process.env[name] ?? null)) }`

async function seen(tree: Tree): Promise<unknown> {
  const port = /:(\d+)$/.exec(tree.listen[0] ?? '')?.[1]
  return JSON.parse(String((await request(`http://127.0.0.1:${port}`)).body))
}

test('the configuration asks for what .env has', async t => {
  const [config = ''] = blocks('ts')
  const env = blocks('sh').find(block => block.startsWith('# .env')) ?? assert.fail('There is no .env.')
  const files = { 'app.ts': app, '.env': env }
  const tree = await startTree(t, { files, config, env: { PORT: '0', WEB_CONCURRENCY: '1' } })
  assert.deepEqual(await seen(tree), [
    'postgres://localhost/shop',
    'Hello # no comment',
    '-----BEGIN KEY-----\nspans lines\n-----END KEY-----',
  ])
  assert.equal((await tree.status()).name, 'shop')
  assert.match((await tree.cli('check', '--no-env-file')).stderr, /DATABASE_URL is not set/)
})

test('a start with nothing but variables is one', async t => {
  const line = blocks('sh').find(block => block.includes('SAOLA_APPS_WEB_APP=')) ?? assert.fail('There is none.')
  const [variables = '', command] = line.trim().split(' npx ')
  assert.equal(command, 'saola start')
  const env = Object.fromEntries(variables.split(' ').map(pair => pair.split('=')))
  assert.deepEqual(Object.keys(env), ['SAOLA_APPS_WEB_APP', 'PORT', 'WEB_CONCURRENCY'])
  const tree = spawnTree(t, { app: false, files: { 'app.ts': app }, env: { ...env, PORT: '0' } })
  await tree.waitForEvent('tree.ready')
  assert.deepEqual(await seen(tree), [null, null, null])
})

test('the files that it links to are there', () => {
  const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link)
  assert.ok(links.length > 2)
  for (const link of links) assert.doesNotThrow(() => readFileSync(join(root, 'docs', link)), link)
})
