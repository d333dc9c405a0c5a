/** `saola store copy`: how far it is, and what has come of it. */
import { ServerError } from '../base/errors.ts'
import { ProgressBar } from './progress-bar.ts'
import { print } from './terminal.ts'

interface CopyOptions {
  readonly json?: boolean
  readonly replace?: boolean
}

/** @throws {ServerError} ERR_STORE_COPY_DIFFERS when both do not hold the same. */
export async function copy(from: string, to: string, { json = false, replace = false }: CopyOptions): Promise<void> {
  const { copyStore } = await import('../processes/store-copy.ts')
  const bar = json ? undefined : new ProgressBar()
  const { keys, types, differences } = await copyStore({
    ...{ from, to, replace },
    onProgress: ({ step, done, total }) => bar?.show(`${step} keys`, done, total),
  }).finally(() => bar?.close())
  if (json) print(JSON.stringify({ keys, types, differences }))
  else {
    print(...Object.entries(types).map(([type, count]) => `${type.padEnd(8)} ${count}`))
    print(...differences)
    if (differences.length === 0) print(`${keys} keys were copied, and are the same.`)
  }
  if (differences.length === 0) return
  throw new ServerError('ERR_STORE_COPY_DIFFERS', `${differences.length} keys or more are not the same in both.`)
}
