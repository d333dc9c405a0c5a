import * as z from 'zod'
import { messageOf } from '../../base/errors.ts'
import { parseNetworks } from '../../base/network-list.ts'
import { choice, list, path, secret } from '../../base/option-types.ts'
import { parsePasswordHash } from '../../base/password-hash.ts'
import { methodsOption, pathPrefix } from '../route-options.ts'

const networks = () =>
  list(parseNetworks, 'a list of addresses, networks such as "10.0.0.0/8", "loopback" and "private"').max(10_000)

const userName = z.string().regex(/^[^\p{Cc}:]{1,255}$/u, 'expected a name without a colon')

const passwordHash = secret().superRefine((text, context) => {
  try {
    parsePasswordHash(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) })
  }
})

const basic = z
  .strictObject({
    realm: z
      .string()
      .regex(/^[ !#-[\]-~]{1,128}$/, 'expected ASCII letters without quotes')
      .prefault('Restricted')
      .meta({ change: 'restart', description: 'What the browser shows when it asks for the password.' }),
    users: z.record(userName, passwordHash).optional().meta({
      change: 'restart',
      description: 'Names and hashes, as `saola password` prints them. Needed, unless there is a `file`.',
    }),
    file: path().optional().meta({
      change: 'restart',
      description: 'A file with `name:hash` in each line; it is read again when it has changed.',
    }),
    passThrough: z
      .boolean()
      .prefault(false)
      .meta({ change: 'restart', description: 'The application gets the `Authorization` header, too.' }),
  })
  .refine(({ users, file }) => users !== undefined || file !== undefined, 'expected users, or a file of them')

const rule = z.strictObject({
  path: pathPrefix()
    .prefault('/')
    .meta({ change: 'restart', description: 'This path and all below it, by whole segments.' }),
  methods: methodsOption(),
  allow: networks().optional().meta({
    change: 'restart',
    description: 'Addresses and networks, `"loopback"`, `"private"`: all others get 403. Everybody when unset.',
  }),
  deny: networks()
    .optional()
    .meta({ change: 'restart', description: 'Addresses and networks that get 403, also where `allow` has them.' }),
  basic: basic
    .optional()
    .meta({ change: 'restart', description: 'A name and a password are asked for (RFC 7617); without them 401.' }),
  satisfy: choice(['all', 'any']).prefault('all').meta({
    change: 'restart',
    description: 'With both an address and a password to ask for: both must be right, or one of them is enough.',
  }),
})

export type AccessRule = z.output<typeof rule>
export type BasicSettings = z.output<typeof basic>

export const accessOptions = z
  .array(rule)
  .max(1000)
  .prefault([])
  .meta({
    change: 'restart',
    expected: 'a list of { path, allow, deny, basic, … }',
    description:
      'Who may come: `[{ path: "/admin", allow: ["10.0.0.0/8"], basic: { users: { ann: "scrypt$…" } } }]`. Only the rule with ' +
      'the longest path counts; with `allow`, everybody else is refused. See docs/edge/access.md.',
  })
