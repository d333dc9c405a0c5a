import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeProject, runSaola } from './support/saola-command.ts'
import { startTree } from './support/tree.ts'

const files = { 'app.mjs': `export default { fetch: () => new Response('hello') }` }
const config = (timeout: string) =>
  `export default { name: 'shop', apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', timeout: '${timeout}' } } }`

test('every setting is printed with its value and where it comes from', async t => {
  const tree = await startTree(t, { files, config: config('20s'), env: { WEB_CONCURRENCY: '1' } })
  const { code, stdout } = await tree.cli('config')
  assert.equal(code, 0)
  assert.match(stdout, /^name +"shop" +file saola\.config\.ts$/m)
  assert.match(stdout, /^apps\.web\.workers +1 +env WEB_CONCURRENCY$/m)
  assert.match(stdout, /^apps\.web\.timeout +20s +file saola\.config\.ts$/m)
  assert.match(stdout, /^apps\.web\.balance +"shared" +default$/m)
  assert.equal((await tree.cli('config', '--print')).stdout, stdout)

  const values = JSON.parse((await tree.cli('config', '--json')).stdout)
  assert.deepEqual(
    [values.name, values.apps.web.timeout, values.apps.web.workers],
    ['shop', 20_000, { min: 1, max: 1 }],
  )

  // What runs has what was there when it was loaded.
  writeFileSync(join(tree.dir, 'saola.config.ts'), config('5s'))
  assert.match((await tree.cli('config')).stdout, /^apps\.web\.timeout +5s /m)
  assert.match((await tree.cli('config', '--running')).stdout, /^apps\.web\.timeout +20s /m)
  assert.equal(JSON.parse((await tree.cli('config', '--running', '--json')).stdout).apps.web.timeout, 20_000)
})

test('the schema describes a configuration file for editors, and needs none', t => {
  const { code, stdout } = runSaola(makeProject(t, { files: {} }), ['config', '--schema'])
  assert.equal(code, 0)
  const schema = JSON.parse(stdout)
  assert.equal(schema.type, 'object')
  assert.ok(schema.properties.apps.additionalProperties.properties.workers.description.length > 0)
})
