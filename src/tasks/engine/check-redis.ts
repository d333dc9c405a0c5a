/** What is wrong with a Redis for tasks: it carries them out all the same, until the day on which it loses some. */
import type { Engine } from '../../store/engines/engine.ts'
import { Pairs } from '../../store/resp/reply.ts'
import { StoreError } from '../../store/store-error.ts'

/**
 * The problems of the store as a place for tasks, in words, for a loud warning at the start; empty when there are none, and for a
 * store that is not on Redis. In a cluster all masters are asked. Whoever may not ask (`INFO` is refused) is told that.
 *
 * @throws {StoreError} STORE_UNAVAILABLE and the like when it cannot be reached.
 */
export async function checkRedis(engine: Engine): Promise<readonly string[]> {
  const facts = await factsOf(engine)
  if (!facts) return ['This user of Redis may not ask for INFO, so how it keeps tasks is unknown: allow +info.']
  const { evicts, keeps } = facts
  if (evicts === undefined && keeps === undefined) return []
  const problems: string[] = []
  if (!isOnly('noeviction', evicts ?? '')) problems.push(evictionText(evicts ?? ''))
  if (!isOnly('a journal', keeps ?? '')) problems.push(journalText(keeps ?? ''))
  return problems
}

async function factsOf(engine: Engine): Promise<Record<string, string> | undefined> {
  try {
    const reply = await engine.call(['saola.info'])
    const items = reply instanceof Pairs ? reply.items : []
    const words = items.map(String)
    return Object.fromEntries(words.flatMap((word, i) => (i % 2 === 0 ? [[word, words[i + 1] ?? '']] : [])))
  } catch (error) {
    if (error instanceof StoreError && error.code === 'STORE_NO_AUTH') return undefined
    throw error
  }
}

/** Of all servers; one that says nothing is not complained about. */
function isOnly(right: string, said: string): boolean {
  return said.split(', ').every(word => word === right || word === '')
}

function evictionText(evicts: string): string {
  return (
    `Redis drops keys when its memory is full (maxmemory-policy ${evicts}), and tasks may be among them: ` +
    'set maxmemory-policy noeviction; then an enqueue fails instead.'
  )
}

function journalText(keeps: string): string {
  if (keeps.includes('fails'))
    return 'Redis cannot write its journal (appendonly): tasks are lost if it ends now. See its log.'
  return (
    'Redis keeps no journal (appendonly no): when it ends, tasks that were enqueued since its last snapshot are lost. ' +
    'Set appendonly yes; with appendfsync always nothing that was acknowledged is lost, with everysec the last second may be.'
  )
}
