// Saola on Redis beside BullMQ on the same redis-server.
import { withRedis } from '../support/task-contenders.mjs'
import { report, takeTurns } from '../support/task-rows.mjs'
import { burnDownCases } from './burn-down.mjs'
import { enqueueCases } from './enqueue.mjs'

export async function run({ jobs, ...options }) {
  const cases = [...enqueueCases(jobs, 1), ...burnDownCases(jobs, 1)]
  const rows = await withRedis(contenders => takeTurns(contenders, cases, options))
  return report('both on one redis-server', rows, { peer: 'BullMQ', ours: 'Saola' })
}
