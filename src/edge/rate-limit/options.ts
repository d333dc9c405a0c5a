import * as z from 'zod'
import { messageOf } from '../../base/errors.ts'
import { choice, count, duration, path, text } from '../../base/option-types.ts'
import { cookieName, headerName } from '../name-options.ts'
import { methodsOption, pathPrefix } from '../route-options.ts'
import { expectedRate, parseRate } from './rate.ts'

const rule = z
  .strictObject({
    path: pathPrefix()
      .prefault('/')
      .meta({ change: 'restart', description: 'This path and all below it, by whole segments.' }),
    methods: methodsOption(),
    rate: z.string().meta({
      change: 'restart',
      expected: expectedRate,
      description: 'Requests in a second (`s`), minute, hour or day: `5/s`, `100/m`, `1000/h`, `5000/d`.',
    }),
    burst: count({ min: 1, max: 1_000_000 }).optional().meta({
      change: 'restart',
      description: 'So many requests at once, after a rest; the number of the rate when unset.',
    }),
    delay: z.union([z.boolean(), duration()]).prefault(false).meta({
      change: 'restart',
      expected: 'true, false or a duration',
      description:
        'Requests wait for their turn, so long at most (`true`: 5 s), and are refused only if that is not enough.',
    }),
    key: z
      .union([
        choice(['ip', 'all']),
        z.strictObject({
          header: headerName().meta({
            change: 'restart',
            description: 'By the value of this header; by address where it is missing.',
          }),
        }),
        z.strictObject({
          cookie: cookieName().meta({
            change: 'restart',
            description: 'By the value of this cookie; by address where it is missing.',
          }),
        }),
        z.strictObject({
          module: path().meta({
            change: 'restart',
            description: 'By what the default export of this module returns. See docs/edge/rate-limits.md.',
          }),
        }),
      ])
      .prefault('ip')
      .meta({
        change: 'restart',
        expected: '"ip", "all", { header }, { cookie } or { module }',
        description:
          'What is counted together: a client address (IPv6: one /64), everybody, or a value of the request.',
      }),
    status: count({ min: 400, max: 599 })
      .prefault(429)
      .meta({ change: 'restart', description: 'The status of a refusal.' }),
    scope: choice(['machine', 'worker', 'store']).prefault('machine').meta({
      change: 'restart',
      description:
        'Who counts: all workers together, each worker for itself, or the store in any case, for several machines on one Redis.',
    }),
    dryRun: z
      .boolean()
      .prefault(false)
      .meta({ change: 'restart', description: 'Refuse nobody; log `edge.rate-limit.dry-run` at most once a second.' }),
    maxKeys: count({ min: 1, max: 10_000_000 }).prefault(100_000).meta({
      change: 'restart',
      description: 'So many keys are remembered by a worker; the one not seen for longest goes.',
    }),
    name: text()
      .max(64)
      .optional()
      .meta({ change: 'restart', description: 'What clients are told that the limit is called; the path when unset.' }),
  })
  .superRefine(({ rate, burst }, context) => {
    try {
      parseRate(rate, burst)
    } catch (error) {
      context.addIssue({ code: 'custom', message: messageOf(error), path: ['rate'] })
    }
  })

export type RateLimitRule = z.output<typeof rule>

export const rateLimitOptions = z
  .array(rule)
  .max(100)
  .prefault([])
  .meta({
    change: 'restart',
    expected: 'a list of { path, rate, burst, … }',
    description:
      'How many requests a client may send: `[{ path: "/login", rate: "5/s", burst: 10, key: "ip" }]`; all rules that match count. ' +
      'More is answered with 429, or waits (`delay`). The limit holds for all workers together. See docs/edge/rate-limits.md.',
  })
