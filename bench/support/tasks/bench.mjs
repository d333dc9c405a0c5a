// The tasks that Saola is measured with; what they do is the same for all.
import { defineTask } from '../../../dist/tasks.js'
import { handle, serve } from '../task-handler.mjs'

// Only in the process that runs it: the one that enqueues has this file, too. It runs before anybody asks.
const completed = process.env.SAOLA_BENCH_TASKS ? serve(() => {}) : undefined

/** Whatever is asked of it. */
export const job = defineTask({
  id: 'bench.job',
  async run(data) {
    const result = await handle(data)
    completed?.(1)
    return result
  },
})
