/** The configuration of docs/edge/README.md runs as it stands there. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { root, startTree } from './support/tree.ts'

const text = readFileSync(join(root, 'docs', 'edge', 'README.md'), 'utf8')
const examples = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)

test('the example configuration serves what the page says', async t => {
  assert.equal(examples.length, 1)
  const config = (examples[0] ?? '').replace("'127.0.0.1:8000'", "'127.0.0.1:0'")
  const tree = await startTree(t, {
    config,
    args: ['-w', '1'],
    files: {
      'app.ts': 'export default (req, res) => res.end(`the application ${req.url}`)',
      'public/a.txt': 'static',
      'media/b.txt': 'media',
    },
  })
  const get = async (path: string) => {
    const { status, headers, body } = await request(tree.url, { path })
    return [status, headers.get('location') ?? String(body)]
  }
  assert.deepEqual(await get('/static/a.txt'), [200, 'static'])
  assert.deepEqual(await get('/media/b.txt'), [200, 'media'])
  assert.deepEqual(await get('/old/5'), [308, '/new/5'])
  assert.deepEqual(await get('/todo'), [200, 'the application /todo'])
  // Nobody listens there in this test.
  assert.equal((await get('/api'))[0], 502)
})
