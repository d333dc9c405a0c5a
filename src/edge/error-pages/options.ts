import * as z from 'zod'
import { path } from '../../base/option-types.ts'

const statusName = /^[45](?:\d\d|xx)$/

export const errorPageOptions = z
  .object({
    intercept: z.boolean().prefault(false).meta({
      change: 'restart',
      description: "Also in the place of the application's own errors, where those are HTML or empty.",
    }),
  })
  .catchall(path())
  .superRefine((pages, context) => {
    for (const [key, file] of Object.entries(pages)) {
      if (key === 'intercept') continue
      const message = !statusName.test(key)
        ? 'expected a status such as 404, or "5xx"'
        : /\.(?:html?|json|txt)$/i.test(String(file))
          ? undefined
          : 'expected a file that ends in .html, .json or .txt'
      if (message) context.addIssue({ code: 'custom', message, path: [key] })
    }
  })
  .prefault({})
  .meta({
    change: 'restart',
    description:
      'The bodies of errors: `{ 404: "./errors/404.html", "5xx": "./errors/50x.html" }`. The files are read again when they ' +
      'have changed. See docs/edge/headers-and-errors.md.',
  })
