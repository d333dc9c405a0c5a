import * as z from 'zod'
import { formatAddress } from '../base/address.ts'
import { messageOf } from '../base/errors.ts'
import { isLoopback } from '../base/loopback.ts'
import { addresses, duration, list, path, secret } from '../base/option-types.ts'
import { parsePasswordHash } from '../base/password-hash.ts'

// In the log, `token` is who has signed in with an address.
const userName = z
  .string()
  .regex(/^(?!token$)[^\p{Cc}:]{1,255}$/u, 'expected a name without a colon, and other than "token"')

const passwordHash = secret().superRefine((text, context) => {
  try {
    parsePasswordHash(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) })
  }
})

/** They travel in the environment of the process. */
const usersMax = 100

/** What is shorter signs out who reads a page. */
const sessionMsMin = 60_000

const hostsMax = 100
const expectedHosts = 'a list of up to 100 host names without a port such as ["saola.example.com"]'

/** The page that shows a tree. */
export const dashboardOptions = z
  .strictObject({
    listen: addresses().optional().meta({
      change: 'live',
      description: 'Where the page is: `HOST:PORT`, `:PORT`, `[::1]:PORT` or `unix:PATH`; unset: nowhere.',
    }),
    readOnly: z.boolean().prefault(false).meta({
      change: 'live',
      expected: 'true or false',
      description: 'It shows everything and changes nothing.',
    }),
    users: z
      .record(userName, passwordHash)
      .refine(all => Object.keys(all).length <= usersMax, `expected at most ${usersMax} users`)
      .prefault({})
      .meta({
        change: 'live',
        description:
          'Who may sign in with a password: names and hashes, as `saola password` prints them. Addresses that ' +
          '`saola dashboard` prints sign in as well.',
      }),
    session: duration().prefault('12h').meta({
      change: 'live',
      description: 'How long one is signed in, at least a minute.',
    }),
    hosts: list(parseHostName, expectedHosts)
      .max(hostsMax)
      .prefault([])
      .meta({
        change: 'live',
        description:
          'Host names under which it may be asked for, beside `localhost`, those of `listen` and addresses: the name that a proxy ' +
          'before it has, say.',
      }),
    tls: z
      .strictObject({
        cert: path().meta({ change: 'live', description: 'Its certificate, with those between it and the root: PEM.' }),
        key: path().meta({ change: 'live', description: 'The private key: PEM, readable for who runs Saola.' }),
      })
      .optional()
      .meta({ change: 'live', description: 'It speaks HTTPS at the addresses of `listen` that are ports.' }),
    insecure: z
      .boolean()
      .prefault(false)
      .meta({
        change: 'live',
        expected: 'true or false',
        description:
          'It may listen without `tls` where other machines reach it. Who is between then reads and changes what is sent, the ' +
          'session with it.',
      }),
  })
  .superRefine(({ listen, tls, insecure, session }, context) => {
    if (session < sessionMsMin)
      context.addIssue({ code: 'custom', message: 'expected at least "1m"', path: ['session'] })
    for (const address of listen ?? []) {
      const { kind } = address
      if (kind === 'tcp' || kind === 'unix') continue
      // Nothing says where the socket listens, and so whether it wants TLS.
      const message = `expected HOST:PORT, :PORT, [::1]:PORT or unix:PATH, got ${formatAddress(address)}`
      context.addIssue({ code: 'custom', message, path: ['listen'] })
    }
    if (tls !== undefined || insecure) return
    for (const address of listen ?? []) {
      if (address.kind !== 'tcp' || isLoopback(address.host)) continue
      const place = formatAddress(address)
      const message =
        `is refused: other machines reach ${place}, so that the dashboard wants TLS there: set dashboard.tls.cert and ` +
        'dashboard.tls.key, listen on 127.0.0.1, or set dashboard.insecure where the network itself is safe'
      context.addIssue({ code: 'custom', message, path: ['listen'] })
    }
  })
  .prefault({})
  .meta({ description: 'The page that shows a tree, and with which it can be operated.' })

/** @throws {Error} when it is no host name; a port, a scheme or a star belongs to none. */
function parseHostName(text: string): void {
  if (!/^(?=.{1,253}$)[a-z\d_](?:[a-z\d_-]*[a-z\d_])?(?:\.[a-z\d_](?:[a-z\d_-]*[a-z\d_])?)*$/i.test(text))
    throw new Error(`expected a host name such as "saola.example.com", got ${JSON.stringify(text)}`)
}
