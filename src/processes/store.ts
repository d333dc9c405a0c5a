// Runs as the process that owns a store; started by a script that needs one, which says in SAOLA_STORE what to be.
// The owner of a tree runs store-child.ts.
import { messageOf } from '../base/errors.ts'
import { prepareFolder } from '../store/database/folder.ts'
import { acquireOwnerLock } from '../store/database/owner-lock.ts'
import { type OwnerSpec, specVariable } from '../store/owner/owner-spec.ts'
import { StoreError } from '../store/store-error.ts'

const spec = JSON.parse(process.env[specVariable] ?? '') as OwnerSpec
delete process.env[specVariable]
process.title = 'saola: store:0'
// The log may be a file on the disk that is full, or a pipe that nobody reads any more: the store goes on without a word.
process.stderr.on('error', () => {})

const log = (event: string, fields: Record<string, unknown>) => {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`)
}

const lockedExitCode = 3
const threadFile = new URL(import.meta.url.endsWith('.ts') ? './store-sync.ts' : './store-sync.js', import.meta.url)

try {
  prepareFolder(spec.dir, () => {})
  // Each that misses an owner starts one: who comes too late ends before it has loaded what an owner is made of.
  const lock = acquireOwnerLock(spec.dir)
  const { runOwner } = await import('../store/owner/run-owner.ts')
  const owner = await runOwner(spec, { onIdle: () => end(), log, threadFile, lock })
  let isEnding = false
  const end = () => {
    if (isEnding) return
    isEnding = true
    void owner.close({ isForGood: true }).then(() => process.exit(0))
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end)
  // Whoever started it in a terminal may leave.
  process.on('SIGHUP', () => {})
} catch (error) {
  // Of several that were started at once, one owns the store.
  const isTaken = error instanceof StoreError && error.code === 'STORE_UNAVAILABLE'
  if (!isTaken) log('store.failed', { error: messageOf(error), code: (error as { code?: unknown }).code })
  process.exit(isTaken ? lockedExitCode : 1)
}
