import * as z from 'zod'
import { messageOf } from '../../base/errors.ts'
import { expectedPattern, readPattern, readTemplate } from './pattern.ts'

const statuses = [301, 302, 303, 307, 308] as const
const rulesMax = 10_000

const redirect = z
  .strictObject({
    to: z.string().meta({
      change: 'restart',
      expected: 'a path or a URL',
      description: 'The new address, with what the pattern has captured: `/new/:id`.',
    }),
    status: z
      .literal(statuses)
      .prefault(308)
      .meta({ change: 'restart', description: '301, 302, 303, 307 or 308. With 307 and 308 method and body stay.' }),
    keepQuery: z.boolean().prefault(true).meta({ change: 'restart', description: 'The query goes along.' }),
  })
  .meta({ short: 'to', expected: 'a path or a URL, or { to, status, keepQuery }' })

const pattern = z
  .string()
  .superRefine((text, context) => check(context, [], () => readPattern(text)))
  .meta({ expected: expectedPattern })

/** Another address that clients are sent to. */
export const redirectOptions = z
  .record(
    pattern,
    z.union([z.string().transform(to => redirect.parse({ to })), redirect]).meta({
      short: 'to',
      expected: 'a path or a URL, or { to, status, keepQuery }',
    }),
  )
  .superRefine((rules, context) => {
    checkCount(rules, context)
    for (const [from, { to }] of Object.entries(rules)) {
      check(context, [from], () => readTemplate(to, from, { allowsOrigin: true }))
    }
  })
  .prefault({})
  .meta({
    change: 'restart',
    description:
      'Where clients are sent: `{ "/old/:id": "/new/:id", "/blog/**:rest": { to: "https://blog.example.com/:rest", status: 301 } }`. ' +
      'Status 308 unless it says another. See docs/edge/redirects.md.',
  })

/** Another path inside. */
export const rewriteOptions = z
  .record(pattern, z.string().meta({ expected: 'a path' }))
  .superRefine((rules, context) => {
    checkCount(rules, context)
    for (const [from, to] of Object.entries(rules)) {
      check(context, [from], () => {
        const { fragment } = readTemplate(to, from, { allowsOrigin: false })
        if (fragment !== '') throw new Error(`expected a path, got ${JSON.stringify(to)}: it has a fragment`)
      })
    }
  })
  .prefault({})
  .meta({
    change: 'restart',
    description:
      'What is served under another path, without the client noticing: `{ "/blog/**:rest": "/posts/:rest" }`. ' +
      'See docs/edge/redirects.md.',
  })

export const canonicalHostOptions = z
  .string()
  .regex(/^(?!-)[a-z\d.-]{1,253}(?::\d{1,5})?$/, 'expected a host in small letters such as "example.com"')
  .optional()
  .meta({
    change: 'restart',
    expected: 'a host such as "example.com"',
    description:
      'The one name of this site: requests for other names are sent there with 308, those for addresses and `localhost` ' +
      'are served.',
  })

function checkCount(rules: object, context: z.RefinementCtx): void {
  check(context, [], () => {
    const count = Object.keys(rules).length
    if (count > rulesMax) throw new Error(`expected up to ${rulesMax} rules, got ${count}`)
  })
}

function check(context: z.RefinementCtx, path: string[], run: () => unknown): void {
  try {
    run()
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error), path })
  }
}
