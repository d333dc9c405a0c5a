// What the jobs do, whoever runs them. A job is an object; what it has not, it does not do.
const latencies = []

/** By a clock that all processes share. */
export function nowMs() {
  return Number(process.hrtime.bigint()) / 1e6
}

export function handle({ sentAt, hangs }) {
  if (sentAt !== undefined) latencies.push(nowMs() - sentAt)
  if (!hangs) return
  process.send({ kind: 'started', value: process.pid })
  return new Promise(() => {})
}

/**
 * Answers what `startWorker` asks. `run` begins; it is called once.
 *
 * @returns {(count: number) => void} to be called with how many jobs were completed
 */
export function serve(run) {
  let completed = 0
  let target
  let isRunning = false
  const check = () => {
    if (target === undefined || completed < target) return
    target = undefined
    process.send({ kind: 'completed' })
  }
  process.on('message', ({ kind, value }) => {
    if (kind === 'latencies') process.send({ kind, value: latencies.splice(0) })
    if (kind !== 'run') return
    // Infinity is null in JSON.
    target = value ?? undefined
    if (!isRunning) run()
    isRunning = true
    check()
  })
  process.on('disconnect', () => process.exit())
  process.send({ kind: 'ready' })
  return count => {
    completed += count
    check()
  }
}
