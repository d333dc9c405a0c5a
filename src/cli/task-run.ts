/** `saola tasks run`: enqueues a job, and may wait for its end. */
import { messageOf, ServerError } from '../base/errors.ts'
import { printable } from '../base/printable.ts'
import { type Job, type OpenTasks, runTask, waitForEnd } from '../processes/task-commands.ts'
import { jsonOfJob } from './task-json.ts'
import { type ActionInput, keysOf } from './task-options.ts'
import { print, printJson } from './terminal.ts'

// Of an input: what a job may hold, the store says.
const inputBytesMax = 64 * 1024 ** 2
const interruptedExitCode = 130

export async function run({ engine }: OpenTasks, { args: [task = '', json], options }: ActionInput): Promise<void> {
  const input = parseInput(json === '-' ? await readInput() : (json ?? 'null'))
  const { priority, delay, key } = options
  const enqueued = await runTask(engine, { task, input, priority, delay, keys: keysOf(key) })
  if (options.wait !== true) return options.json ? printJson(enqueued) : print(enqueued.id)
  const stop = () => {
    process.stderr.write(`\nNot waited for any more; the job goes on: saola tasks show ${enqueued.id}\n`)
    process.exit(interruptedExitCode)
  }
  process.once('SIGINT', stop)
  process.stderr.write(`${enqueued.id}${enqueued.isNew ? '' : ' was there already'}\n`)
  const job = await waitForEnd(engine, enqueued.id).finally(() => process.off('SIGINT', stop))
  showEnd(job, options.json === true)
}

/** The result alone is on standard output: a pipe gets what the handler returned. */
function showEnd(job: Job, asJson: boolean): void {
  if (asJson) printJson(jsonOfJob(job))
  // In JSON, what is escaped for a terminal means the same.
  else if (job.state === 'done' && job.result !== undefined) print(printable(job.result))
  if (job.state === 'done') return
  const reason = job.error ? `: ${printable(`${job.error.name}: ${job.error.message}`)}` : ''
  const advice = `See "saola tasks show ${job.id}".`
  throw new ServerError('ERR_TASK_FAILED', `${printable(job.task)} is ${job.state}${reason}. ${advice}`)
}

function parseInput(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const message = `The input is not JSON: ${printable(messageOf(cause))}. A text needs its quotes: '"text"'.`
    throw new ServerError('ERR_USAGE', message, { cause })
  }
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > inputBytesMax) throw new ServerError('ERR_USAGE', `The input is larger than ${inputBytesMax} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
