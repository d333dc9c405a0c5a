import * as z from 'zod'
import { count } from '../../base/option-types.ts'
import { headerName } from '../name-options.ts'
import { methodsOption, pathPrefix } from '../route-options.ts'

/** They say where a message ends and how the connection goes on, which is Node's to say (RFC 9112, 6; RFC 9110, 7.6.1). */
const framing = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const ownName = headerName().refine(
  name => !framing.has(name.toLowerCase()),
  'expected a header that is not about the connection or the length',
)

/** RFC 9110, 5.5: no line breaks and no other control characters. */
const headerValue = z
  .string()
  .max(8_192)
  .regex(
    /^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?$/,
    'expected a text without line breaks, and without spaces around it',
  )

const rule = z.strictObject({
  path: pathPrefix()
    .prefault('/')
    .meta({ change: 'restart', description: 'This path and all below it, by whole segments.' }),
  methods: methodsOption(),
  status: z
    .array(count({ min: 200, max: 599 }))
    .min(1)
    .optional()
    .meta({ change: 'restart', description: 'Only answers with these statuses; all when unset.' }),
  security: z.boolean().prefault(false).meta({
    change: 'restart',
    description:
      'The headers that the OWASP advises, where the application has not set them, and without `Server`. See docs/edge/headers-and-errors.md.',
  }),
  set: z
    .record(ownName, headerValue)
    .prefault({})
    .meta({ change: 'restart', description: 'These take the place of what is there.' }),
  add: z
    .record(ownName, z.union([headerValue, z.array(headerValue)]))
    .prefault({})
    .meta({ change: 'restart', description: 'These come in addition: a text, or a list of them.' }),
  remove: z
    .array(ownName)
    .prefault([])
    .meta({ change: 'restart', description: 'These are taken away, before `security`, `set` and `add`.' }),
})

export type HeaderRule = z.output<typeof rule>

export const responseHeaderOptions = z
  .array(rule)
  .max(1000)
  .prefault([])
  .meta({
    change: 'restart',
    expected: 'a list of { path, set, add, remove, security, … }',
    description:
      'Headers of answers, whoever gives them: `[{ path: "/", security: true }, { path: "/api", set: { "X-Team": "a" } }]`; all ' +
      'rules that match count, in their order. See docs/edge/headers-and-errors.md.',
  })
