import * as z from 'zod'
import { choice, list, size } from '../../base/option-types.ts'
import { checkHostPattern } from './host.ts'

export const hostOptions = list(checkHostPattern, 'a list of hosts such as ["example.com", "*.example.com"]')
  .prefault([])
  .meta({
    change: 'restart',
    description:
      'The hosts that this server answers for; `*.example.com` is every name below it. Others get 421, but for exactly ' +
      '`ready.path` (unless that is `/`) and names that `canonicalHost` sends elsewhere. All when it is empty.',
  })

/** How a target is read. */
export const pathOptions = z
  .strictObject({
    allowEncodedSlash: list(checkPrefix, 'a list of paths such as ["/files"]').prefault([]).meta({
      change: 'restart',
      description: 'Paths below which `%2F` may be a part of a name; elsewhere it gets 400.',
    }),
    semicolon: choice(['keep', 'refuse']).prefault('keep').meta({
      change: 'restart',
      description:
        'A `;` in a path is a character like others, or gets 400: for upstreams in Java, which cut off what follows it.',
    }),
    maxBytes: size().prefault('8KB').meta({
      change: 'restart',
      description: 'The longest target of a request, with its query; above it 414.',
    }),
  })
  .prefault({})
  .meta({ description: 'How the target of a request is read.' })

function checkPrefix(text: string): void {
  if (!/^\/[^?#%\\]*$/.test(text)) throw new Error(`expected a path such as "/files", got ${JSON.stringify(text)}`)
}
