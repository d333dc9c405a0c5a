import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatRequest, HttpConnection, request } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'
import { until } from './support/until.ts'

// Each request keeps the only worker busy for 10 ms: it can serve a hundred a second.
const application = `
  export default (req, res) => {
    if (req.url === '/work') for (const end = performance.now() + 10; performance.now() < end; );
    res.end('done')
  }`

test('a flood is refused in part, health checks and sessions are answered, and then it is over', async t => {
  const edge = { overload: { exempt: ['/health'], sessionCookie: 'session' } }
  const web = { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, ready: { path: '/ready' }, edge }
  const tree = await startTree(t, { files: { 'app.mjs': application }, config: { apps: { web } } })
  const lanes = await Promise.all(Array.from({ length: 60 }, () => HttpConnection.open(tree.url)))
  let isOver = false
  const statuses = new Map<number, number>()
  const flood = lanes.map(async lane => {
    while (!isOver) {
      lane.send(formatRequest({ path: '/work' }))
      const { status, headers } = await lane.receive()
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status === 503) assert.equal(headers.get('retry-after'), '2')
    }
    lane.close()
  })
  await tree.waitForEvent('edge.overload.begun')
  const patient = async (path: string, headers: Record<string, string> = {}) => {
    const connection = await HttpConnection.open(tree.url)
    const found: number[] = []
    for (let index = 0; index < 10; index++) {
      connection.send(formatRequest({ path, headers }))
      found.push((await connection.receive()).status)
    }
    connection.close()
    return found
  }
  const all = Array<number>(10).fill(200)
  assert.deepEqual(await patient('/health'), all)
  assert.deepEqual(await patient('/ready'), all)
  assert.deepEqual(await patient('/work', { Cookie: 'a=b; session=1' }), all)
  isOver = true
  await Promise.all(flood)
  assert.ok((statuses.get(200) ?? 0) > 0)
  assert.ok((statuses.get(503) ?? 0) > (statuses.get(200) ?? 0), JSON.stringify([...statuses]))
  assert.deepEqual([...statuses.keys()].sort(), [200, 503])
  await tree.waitForEvent('edge.overload.ended')
  // Another process may take the processor from it for as long as a flood would.
  await until('all are served again', async () => {
    const answers = []
    for (let index = 0; index < 20; index++) answers.push((await request(tree.url, { path: '/work' })).status)
    return answers.every(status => status === 200)
  })
})

test('without overload every request waits', async t => {
  const web = { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, edge: {} }
  const tree = await startTree(t, { files: { 'app.mjs': application }, config: { apps: { web } } })
  const answers = await Promise.all(Array.from({ length: 60 }, () => request(tree.url, { path: '/work' })))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
})
