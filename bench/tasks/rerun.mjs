// How long a job waits whose worker was killed -9, with another one at hand. BullMQ has its defaults, and takes a minute.
import { table } from '../support/machine.mjs'
import { withEmbedded } from '../support/task-contenders.mjs'
import { data } from '../support/task-rows.mjs'

const secondsMax = 1

export async function run({ skipSlow, rounds, only }) {
  const rows = []
  let worst = 0
  await withEmbedded(async contenders => {
    for (const contender of contenders) {
      if (only !== undefined && contender.name !== only) continue
      const isSlow = contender.name === 'BullMQ'
      if (isSlow && skipSlow) continue
      const times = []
      for (let i = 0; i < (isSlow ? 1 : rounds); i++) times.push(await measure(contender))
      rows.push([contender.name, ...[Math.min(...times), Math.max(...times)].map(each => `${each.toFixed(3)} s`)])
      if (!isSlow) worst = Math.max(worst, ...times)
    }
  })
  const isReached = worst <= secondsMax
  console.log(`\n${table(['kill -9 → runs again', 'shortest', 'longest'], rows)}`)
  console.log(`wanted: Saola ≤ ${secondsMax} s; reached: ${isReached ? 'yes' : 'no'}`)
  return isReached
}

async function measure(contender) {
  const workers = await Promise.all([1, 2].map(() => contender.startWorker({ concurrency: 1 })))
  for (const worker of workers) worker.run()
  const started = workers.map(worker => worker.next('started'))
  await contender.add({ ...data, hangs: true })
  const pid = await Promise.race(started)
  const first = workers.findIndex(worker => worker.pid === pid)
  const killedAt = performance.now()
  workers[first].kill()
  await started[1 - first]
  const seconds = (performance.now() - killedAt) / 1000
  for (const worker of workers) await worker.stop()
  await contender.clear()
  return seconds
}
