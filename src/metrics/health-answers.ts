/** Asks the supervisor how the tree is, for probes: as often as they come, but four times a second at most. */
import { messageOf } from '../base/errors.ts'
import type { TreeStatus } from '../ipc/status.ts'
import { alive, type Health, readinessOf, unwell } from './health.ts'
import type { MinReady } from './min-ready.ts'
import { singleFlight } from './single-flight.ts'
import { within } from './within.ts'

const limitMs = 1_000
const keepMs = 250

export interface HealthAnswers {
  /** The supervisor answers. */
  liveness(): Promise<Health>
  /** Each application has workers enough. */
  readiness(): Promise<Health>
}

export function openHealthAnswers(
  status: () => Promise<TreeStatus>,
  minReady: MinReady,
  now: () => number,
): HealthAnswers {
  // Also that it does not answer is kept: probes must not pile up where there is trouble already.
  const ask = singleFlight(() => within(limitMs, status).catch((error: unknown) => ({ fault: messageOf(error) })), {
    keepMs,
    now,
  })
  const judge = async (decide: (status: TreeStatus) => Health) => {
    const answer = await ask()
    return 'fault' in answer ? unwell([`the supervisor does not answer: ${answer.fault}`]) : decide(answer)
  }
  return {
    liveness: () => judge(() => alive),
    readiness: () => judge(found => readinessOf(found, minReady)),
  }
}
