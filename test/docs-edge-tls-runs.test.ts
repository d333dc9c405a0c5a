/** Each example of docs/edge/tls.md is right: the first one runs, and the check has no fault to find with the others. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makePair } from './support/pairs.ts'
import { makeProject, runSaola } from './support/saola-command.ts'
import { root, startTree } from './support/tree.ts'

const page = readFileSync(join(root, 'docs', 'edge', 'tls.md'), 'utf8')
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text)
const [development = '', ...others] = blocks('ts')

test('there are examples, of these two kinds only', () => {
  assert.ok(others.length >= 4)
  assert.equal(page.match(/^```\w+$/gm)?.length, blocks('ts').length + blocks('sh').length)
})

test('the certificate for development is trusted by who is told to', async t => {
  const app = "export default { fetch: () => new Response('hello') }"
  const config = development.replace(':8443', ':0')
  const tree = await startTree(t, { files: { 'app.ts': app }, config })
  const { port } = new URL(tree.url)
  for (const command of blocks('sh')) {
    const [program = '', ...args] = command.trim().replace(':8443', `:${port}`).split(' ')
    assert.equal(execFileSync(program, ['-sS', ...args], { cwd: tree.dir, encoding: 'utf8' }), 'hello')
  }
})

for (const [index, example] of others.entries()) {
  test(`example ${index + 2} has no problem`, t => {
    // In the example's own places only root could write.
    const config = example.replaceAll(/'\/etc\/[^']*\/([^'/]+)'/g, "'./$1'")
    const files: Record<string, string> = { 'app.ts': 'export default () => {}' }
    const { cert, key } = makePair(['shop.example'])
    for (const [, kind = '', name = ''] of config.matchAll(/(cert|key|ca): '\.\/([^']+)'/g))
      files[name] = kind === 'key' ? key : cert
    const absolute = config.replaceAll("'./other", "import.meta.dirname + '/other")
    const dir = makeProject(t, { files: { ...files, 'saola.config.ts': absolute } })
    const { code, stdout, stderr } = runSaola(dir, ['check'])
    assert.equal(code, 0, stdout + stderr)
  })
}
