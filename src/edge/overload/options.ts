import * as z from 'zod'
import { count, duration, text } from '../../base/option-types.ts'
import { pathPrefix } from '../route-options.ts'

const overloadSection = z.strictObject({
  loopDelay: duration().prefault('30ms').meta({
    change: 'restart',
    description:
      'What a request may wait for the event loop, or the event loop be late, when that does not pass within `interval`.',
  }),
  interval: duration().prefault('100ms').meta({
    change: 'restart',
    description: 'A burst may last for so long: a request then waits for so long at most.',
  }),
  queue: count({ max: 100_000 })
    .prefault(1000)
    .meta({ change: 'restart', description: 'How many requests may wait at the same time; above it 503.' }),
  retryAfter: duration()
    .prefault('2s')
    .meta({ change: 'restart', description: 'What a refused client is told in `Retry-After`, in whole seconds.' }),
  exempt: z
    .array(pathPrefix())
    .max(100)
    .prefault(['/healthz'])
    .meta({
      change: 'restart',
      expected: 'a list of paths',
      description:
        'Health checks: paths that overload does not refuse and that are not counted in `connections.inFlight`, these and all ' +
        'below them. `ready.path` itself is one of them anyway. Without this section they are `/healthz` and `ready.path`.',
    }),
  sessionCookie: text().max(256).optional().meta({
    change: 'restart',
    description: 'The name of a cookie: requests that have it are refused last. Anybody can send one.',
  }),
})

/** What is refused when there is more to do than can be done. */
export const overloadOptions = z
  .union([z.boolean(), overloadSection])
  .transform(value => (typeof value === 'object' ? value : value ? overloadSection.parse({}) : undefined))
  .prefault(false)
  .meta({
    change: 'restart',
    expected: 'true, false, or { loopDelay, interval, queue, retryAfter, exempt, sessionCookie }',
    description:
      'Refuse requests with 503 and `Retry-After` while there is more to do than can be done, so that the others are answered ' +
      'in time: `true`, or this section. See docs/edge/overload.md.',
  })

export type OverloadSettings = z.output<typeof overloadSection>
