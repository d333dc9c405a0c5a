/** `saola store copy`: how far it is, and what has come of it. */
import { constants } from 'node:os'
import { ServerError } from '../base/errors.ts'
import { ProgressBar } from './progress-bar.ts'
import { print } from './terminal.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const partLine = 'The target holds a part only: run the same again with --replace.\n'

interface CopyOptions {
  readonly json?: boolean
  readonly replace?: boolean
}

/** @throws {ServerError} ERR_STORE_COPY_DIFFERS when both do not hold the same. */
export async function copy(from: string, to: string, { json = false, replace = false }: CopyOptions): Promise<void> {
  const { copyStore } = await import('../processes/store-copy.ts')
  const bar = json ? undefined : new ProgressBar()
  let isPart = false
  const end = () => {
    bar?.close()
    if (isPart) process.stderr.write(partLine)
  }
  const stop = (signal: NodeJS.Signals) => {
    end()
    process.exit(128 + constants.signals[signal])
  }
  for (const signal of signals) process.once(signal, stop)
  const { keys, types, differences, leftOut } = await copyStore({
    ...{ from, to, replace },
    onPhase: phase => {
      isPart = phase === 'writing'
    },
    onProgress: ({ step, done, total }) => bar?.show(`${step} keys`, done, total),
  }).finally(() => {
    for (const signal of signals) process.off(signal, stop)
    end()
  })
  if (leftOut.length > 0) process.stderr.write(leftOutLine(leftOut))
  if (json) print(JSON.stringify({ keys, types, differences, leftOut }))
  else {
    print(...Object.entries(types).map(([type, count]) => `${type.padEnd(8)} ${count}`))
    print(...differences)
    if (differences.length === 0) print(`${keys} keys were copied, and are the same.`)
  }
  if (differences.length === 0) return
  throw new ServerError('ERR_STORE_COPY_DIFFERS', `${differences.length} keys or more are not the same in both.`)
}

/** Not an error: whoever copies a database of Redis may well mean that one only. */
function leftOutLine(databases: readonly number[]): string {
  const names = databases.length === 1 ? `Database ${databases[0]} holds` : `Databases ${databases.join(', ')} hold`
  return `${names} keys too: one database was copied, that of the address, else 0.\n`
}
