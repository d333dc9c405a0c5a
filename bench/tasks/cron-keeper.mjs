// Runs a one-second schedule on the store that its argument opens, and prints each slot that it was the one to fire.
import { openStore } from '../../dist/store.js'
import { runSchedules } from '../../dist/tasks/schedule/run-schedules.js'
import { spaceOn } from '../../dist/tasks/task-space.js'
import { defineTask, schedule } from '../../dist/tasks.js'

const tick = defineTask({ id: 'tick', run: async () => {} })
const print = (event, { slot } = {}) => event === 'schedule.fired' && process.stdout.write(`${slot}\n`)

await runSchedules(spaceOn(openStore(JSON.parse(process.argv[2]))), {
  schedules: [schedule('tick', { cron: '* * * * * *', overlap: 'allow', catchUp: 'none' }, tick)],
  application: 'keepers',
  generation: 1,
  log: { debug: print, info: () => {}, warn: console.error, error: console.error },
})
// Its loop alone keeps no process.
setInterval(() => {}, 1_000)
