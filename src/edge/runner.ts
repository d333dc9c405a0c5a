import { messageOf } from '../base/errors.ts'
import type { EdgeRequest, Step } from './edge-request.ts'
import { refuse } from './refusals/refuse.ts'
import { hasAnswered } from './response-hooks.ts'
import type { EdgeServices } from './services.ts'

/**
 * Runs the steps one after the other, and `finish` when none of them has answered. Without a promise among them all of it
 * happens in one turn, without a microtask.
 */
export function createRunner(
  steps: readonly Step[],
  finish: (request: EdgeRequest) => void,
  services: Pick<EdgeServices, 'log'>,
): (request: EdgeRequest) => void {
  const fail = (request: EdgeRequest, step: Step, error: unknown) => {
    services.log.error('edge.failed', { step: step.name, error: messageOf(error) })
    if (hasAnswered(request.res)) request.res.destroy()
    else refuse(request.res, 500, 'failed')
  }
  const runFrom = (request: EdgeRequest, start: number): void => {
    for (let index = start; index < steps.length; index++) {
      const step = steps[index]
      if (!step) continue
      let outcome: ReturnType<Step['run']>
      try {
        outcome = step.run(request)
      } catch (error) {
        fail(request, step, error)
        return
      }
      if (outcome === 'done') return
      if (outcome === 'next') continue
      outcome.then(
        settled => {
          // Out of the promise: what an application throws is an exception that nobody has caught, and no rejection.
          if (settled === 'next') queueMicrotask(() => goOn(request, index + 1))
        },
        error => fail(request, step, error),
      )
      return
    }
    finish(request)
  }
  const goOn = (request: EdgeRequest, start: number): void => {
    // The client may have left meanwhile: there is nobody to answer.
    if (!request.res.destroyed) runFrom(request, start)
  }
  for (const [index, step] of steps.entries()) step.connect?.(request => runFrom(request, index + 1))
  return request => runFrom(request, 0)
}
