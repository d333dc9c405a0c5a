import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeProject, runSaola } from './support/saola-command.ts'

test('the name of an image has small letters and digits, whatever the project is called', t => {
  const files = { 'package.json': '{ "name": "My App!" }', 'app.mjs': 'export default { fetch: () => new Response() }' }
  const dir = makeProject(t, { files })
  const { code, stdout, stderr } = runSaola(dir, ['init', 'docker'])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^Next: docker build -t my-app \.$/m)
})
