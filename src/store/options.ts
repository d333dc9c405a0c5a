import * as z from 'zod'
import { parseNetworks } from '../base/network-list.ts'
import { addresses, choice, count, duration, list, path, secret, size, url } from '../base/option-types.ts'
import { exposure } from './protection.ts'

/** The store that the processes of a tree share. */
export const storeOptions = z
  .strictObject({
    dir: path().prefault('auto').meta({
      change: 'refused',
      description: 'Its folder, on a disk of this machine; `"auto"` is `.saola/<name>/store` beside the configuration.',
    }),
    url: url(
      'the address of Redis or Valkey such as "redis://user:password@host:6379/0", "rediss://…" for TLS, or "saola://…"',
      /^(?:saolas?:\/\/[^\s,]+|(?:(?:rediss?:\/\/|redis\+unix:\/\/)[^\s,]+,?)+)$/,
    )
      .optional()
      .meta({
        change: 'refused',
        description:
          'The address of Redis or Valkey, to have the data there and not on this machine; of a cluster one or several nodes ' +
          'with commas between. Needs the package `ioredis`. Or `saola://…`, the network door of a Saola elsewhere.',
      }),
    durability: choice(['memory', 'everysec', 'always'])
      .prefault('everysec')
      .meta({
        change: 'refused',
        description:
          'When a write is on the disk: whenever the system likes, within a second, or before it is answered. ' +
          'All three survive a process that is killed.',
      }),
    maxSize: size().prefault(0).meta({
      change: 'refused',
      description: 'The largest size of its file; 0 for none. Above it writes fail, reads and deletes do not.',
    }),
    maxValueBytes: size().prefault('128MB').meta({ change: 'refused', description: 'The largest size of a value.' }),
    maxKeys: count().prefault(0).meta({ change: 'refused', description: 'The most keys; 0 for no limit.' }),
    snapshot: z
      .strictObject({
        every: duration().prefault('5m').meta({
          change: 'refused',
          description: 'How often a snapshot is taken, if there is something new; 0 never.',
        }),
        keep: count({ min: 1 }).prefault(3).meta({ change: 'refused', description: 'How many snapshots are kept.' }),
      })
      .prefault({})
      .meta({ description: 'Copies of the store that a damaged file is replaced by.' }),
    listen: addresses()
      .refine(
        all => all.every(({ kind }) => kind === 'tcp' || kind === 'unix'),
        'expected HOST:PORT, :PORT, [::1]:PORT or unix:PATH',
      )
      .optional()
      .meta({
        change: 'refused',
        description:
          'Where clients of Redis and other machines reach the store: `HOST:PORT`, `:PORT` or `unix:PATH`; unset: nowhere. ' +
          'Beyond this machine only with a password and TLS.',
      }),
    password: secret().optional().meta({
      change: 'refused',
      description: 'What clients have to give with AUTH. Never shown; best set in the environment.',
    }),
    tls: z
      .strictObject({
        cert: path().meta({
          change: 'refused',
          description: 'Its certificate, with those between it and the root: PEM.',
        }),
        key: path().meta({
          change: 'refused',
          description: 'The private key: PEM, readable for the user of the store.',
        }),
        ca: path()
          .optional()
          .meta({ change: 'refused', description: 'Who has to have signed the certificates of clients: PEM.' }),
        requireCert: z.boolean().prefault(false).meta({
          change: 'refused',
          expected: 'true or false',
          description: 'Clients have to show a certificate that `ca` has signed.',
        }),
      })
      .optional()
      .meta({ change: 'refused', description: 'TLS 1.2 or later at the addresses of `listen`.' }),
    allow: list(parseNetworks, 'a list of addresses and networks such as ["10.0.0.0/8"]').prefault([]).meta({
      change: 'refused',
      description: 'Who may connect to `listen`: addresses and networks such as `10.0.0.0/8`; all when it is empty.',
    }),
    maxClients: count({ min: 1 }).prefault(10_000).meta({
      change: 'refused',
      description: 'The most connections at `listen`; further ones are told so and closed.',
    }),
    idleTimeout: duration().prefault(0).meta({
      change: 'refused',
      description: 'Close a client that neither asks, nor listens, nor waits for so long; 0 never.',
    }),
    maxOutputBytes: size().prefault('256MB').meta({
      change: 'refused',
      description: 'Close a client of `listen` that leaves more than this unread.',
    }),
    maxMessageBytes: size().prefault('32MB').meta({
      change: 'refused',
      description: 'The same for messages of channels, which it has not asked for one by one.',
    }),
    maxQueryBytes: size().prefault('256MB').meta({
      change: 'refused',
      description: 'Close a client that sends more than this in a request, or behind one that waits.',
    }),
  })
  .superRefine(({ listen, password, tls }, context) => {
    const protection = { hasPassword: password !== undefined, hasTls: tls !== undefined }
    for (const address of listen ?? []) {
      const message = exposure(address, protection)
      if (message) context.addIssue({ code: 'custom', message: `is refused: ${message}`, path: ['listen'] })
    }
    if (tls?.requireCert && tls.ca === undefined) {
      const message = 'is needed: it says whose certificates tls.requireCert accepts'
      context.addIssue({ code: 'custom', message, path: ['tls', 'ca'] })
    }
  })
  .prefault({})
  .meta({
    description:
      'The data that all processes share, with `saola/store`. With this section, empty or not, the process that owns it, ' +
      '`store:0`, starts with the tree, and else when the application uses it.',
  })
