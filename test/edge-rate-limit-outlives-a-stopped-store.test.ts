/** A store that stands still: each worker goes on with its part of the rate, and no burst is given away twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const [perSecond, burst, workers] = [20, 100, 2]
// docs/edge/rate-limits.md: what lies at hand, and what one worker took alone before the other saw the store again.
const atHandMax = Math.floor(burst / 8)
const aloneMax = burst / workers

test('a limit is kept while the store stands still, and when it goes on', async t => {
  const rateLimit = [{ path: '/', rate: `${perSecond}/s`, burst, key: 'all' }]
  const web = { app: './app.mjs', listen: '127.0.0.1:0', workers, balance: 'round-robin', edge: { rateLimit } }
  const tree = await startTree(t, {
    files: { 'app.mjs': 'export default (req, res) => res.end(String(process.pid))' },
    config: { apps: { web } },
  })
  const { children } = await tree.status()
  const pid = children.find(({ name }) => name === 'store:0')?.pid ?? 0
  assert.ok(pid > 0)
  const startedAt = performance.now()
  let admitted = 0
  let isOver = false
  const hammer = async () => {
    while (!isOver) {
      const { status } = await request(tree.url)
      if (status === 200) admitted++
      else assert.equal(status, 429)
      const most = burst + (perSecond * (performance.now() - startedAt)) / 1000
      assert.ok(admitted <= most + atHandMax + aloneMax, `${admitted} of ${most}`)
    }
  }
  const hammers = Promise.all(Array.from({ length: 8 }, hammer))
  const bothSaid = (event: string) => until(`${event} of both`, () => tree.events(event).length >= workers)
  const more = (count: number) => {
    const before = admitted
    return until(`${count} more are let through`, () => admitted >= before + count)
  }
  await Promise.race([hammers, until('the burst is gone', () => admitted >= burst)])
  t.after(() => void signalProcess(pid, 'SIGCONT'))
  signalProcess(pid, 'SIGSTOP')
  await Promise.race([hammers, bothSaid('edge.rate-limit.alone')])
  await Promise.race([hammers, more(2 * perSecond)])
  signalProcess(pid, 'SIGCONT')
  await Promise.race([hammers, bothSaid('edge.rate-limit.shared')])
  await Promise.race([hammers, more(perSecond)])
  isOver = true
  await hammers
})
