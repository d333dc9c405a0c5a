import * as z from 'zod'
import { browserDurationMsMax, choice, duration, path, size, text } from '../../base/option-types.ts'
import { encodings } from '../content/accept-encoding.ts'
import { headerName } from '../name-options.ts'
import { pathPrefix } from '../route-options.ts'

const mount = z.strictObject({
  dir: path().meta({ change: 'restart', description: 'The folder that the files are in.' }),
  maxAge: duration(browserDurationMsMax).prefault(0).meta({
    change: 'restart',
    description: 'How long a browser keeps a file without asking again; 0: it asks each time, and mostly gets a 304.',
  }),
  immutable: z.boolean().prefault(false).meta({
    change: 'restart',
    description: 'The name of a file changes with its content: browsers never ask again within `maxAge`.',
  }),
  index: z
    .union([z.literal(false), text('a file name such as "index.html", or false').regex(/^[^/\0]+$/)])
    .prefault('index.html')
    .meta({ change: 'restart', description: 'The file that answers for a folder; `false`: none.' }),
  fallback: z
    .string()
    .regex(/^\//)
    .optional()
    .meta({
      change: 'restart',
      expected: 'a path in the folder such as "/index.html"',
      description:
        'The file of a single-page application: it answers GET for pages that are no files, when the client accepts ' +
        'text/html and the path has no file extension. Sent with `Cache-Control: no-cache`.',
    }),
  fallbackExcept: z
    .array(pathPrefix())
    .max(1000)
    .prefault([])
    .meta({
      change: 'restart',
      expected: 'a list of paths such as ["/admin"]',
      description:
        'Paths that the `fallback` does not answer for, nor for what is below: pages of the application. What is below a ' +
        'path of `proxy` that is longer than the path of this mount needs no mention.',
    }),
  dotfiles: choice(['hide', 'allow']).prefault('hide').meta({
    change: 'restart',
    description:
      'Names that begin with a dot: `"hide"` (as if they were missing; `.well-known` is shown) or `"allow"`.',
  }),
  followSymlinks: z.boolean().prefault(false).meta({
    change: 'restart',
    description: 'Serve also what a symbolic link leads to outside of the folder. Links inside are always followed.',
  }),
  precompressed: z
    .array(choice(encodings))
    .prefault([...encodings])
    .meta({
      change: 'restart',
      expected: 'a list of "br", "gzip" and "zstd"',
      description:
        'Send `app.js.br`, `.gz` or `.zst` instead of `app.js` to who accepts it and if it is not older; the first is preferred.',
    }),
  fallthrough: z.boolean().prefault(true).meta({
    change: 'restart',
    description:
      'A request that no file answers goes on to the application; `false`: it gets 404, or 405 by its method.',
  }),
  internal: z.boolean().prefault(false).meta({
    change: 'restart',
    description: 'No client reaches it: only answers of the application do, by `X-Accel-Redirect` or `X-Sendfile`.',
  }),
  headers: z
    .record(headerName(), z.string().regex(/^[\t\x20-\x7e]*$/))
    .prefault({})
    .meta({
      change: 'restart',
      expected: 'names and values of headers',
      description: 'Added to each answer, in place of what Saola would say itself.',
    }),
  redirectFolders: z.boolean().prefault(true).meta({
    change: 'restart',
    description: 'Send `/docs` to `/docs/` where that folder has an index.',
  }),
  types: z
    .record(z.string().min(1), z.string().regex(/^[\t\x20-\x7e]+$/))
    .prefault({})
    .meta({
      change: 'restart',
      expected: 'file extensions and media types such as { ".map": "application/json" }',
      description: 'Media types by file extension, before those that Saola knows.',
    }),
})

/** One mount as it is configured. */
export type MountSettings = z.output<typeof mount>

export const staticOptions = z
  .record(
    pathPrefix(),
    z
      .union([path(), mount])
      .transform(value => (typeof value === 'string' ? mount.parse({ dir: value }) : value))
      .meta({ short: 'dir', expected: 'a folder, or { dir, maxAge, … }' }),
  )
  .prefault({})
  .meta({
    change: 'restart',
    expected: 'paths and their folders such as { "/static": "./public" }',
    description: 'Files that are served without the application: path → folder. The longest path that fits counts.',
  })

export const staticCacheOptions = z
  .strictObject({
    maxFileBytes: size().prefault('256KB').meta({
      change: 'restart',
      description: 'Files up to this size are kept in memory; 0: none.',
    }),
    maxBytes: size().prefault('64MB').meta({
      change: 'restart',
      description: 'What all files in memory may take, in each worker.',
    }),
  })
  .prefault({})
  .meta({ description: 'The files of `static` that each worker keeps in memory.' })

export type StaticCacheSettings = z.output<typeof staticCacheOptions>
