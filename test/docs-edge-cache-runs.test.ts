/** The configuration and the commands of docs/edge/cache.md run as they stand there. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { root, startTree } from './support/tree.ts'

const page = readFileSync(join(root, 'docs', 'edge', 'cache.md'), 'utf8')
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text)

const app = `
let answers = 0
export default (req, res) => {
  res.setHeader('Cache-Tag', 'product-7')
  res.end('answer ' + ++answers)
}`

test('the example keeps what it says, opens the store for the first request, and each command works', async t => {
  const [configuration = '', ...others] = blocks('json')
  assert.deepEqual(others, [])
  const config = JSON.parse(configuration)
  config.apps.web.listen = '127.0.0.1:0'
  const tree = await startTree(t, { files: { 'app.mjs': app }, config, args: ['-w', '1'] })
  const children = async () => (await tree.status()).children.map(({ name }) => name)
  assert.deepEqual(await children(), ['web:0'])
  const get = async (path: string) => String((await request(tree.url, { path })).body)
  const first = await get('/todo')
  assert.equal(await get('/todo'), first)
  assert.notEqual(await get('/other'), await get('/other'))
  assert.ok((await children()).includes('store:0'))

  const commands = blocks('sh').flatMap(text => text.trim().split('\n'))
  assert.equal(commands.length, 5)
  for (const line of commands) {
    const before = await get('/todo')
    const [program, ...args] = line.replace(/#.*/, '').trim().split(/ +/)
    assert.equal(program, 'saola')
    const { code, stdout, stderr } = await tree.cli(...args)
    assert.equal(code, 0, stderr)
    if (args[1] === 'stats') assert.match(stdout, /^NAME +HITS/)
    else assert.equal((await get('/todo')) !== before, !line.includes('/blog'), line)
  }
})
