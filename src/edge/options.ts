import * as z from 'zod'
import { count, path, size } from '../base/option-types.ts'
import { suggest } from '../base/suggest.ts'
import { checkAccessLogFormat } from './access-log.ts'

const namedFormats = ['combined', 'json', 'auto']

const format = z
  .string()
  .superRefine((value, context) => {
    const message = value === 'auto' ? undefined : checkAccessLogFormat(value)
    const meant = suggest(value, namedFormats)
    if (message) context.addIssue({ code: 'custom', message: meant ? `${message}, did you mean "${meant}"?` : message })
  })
  .meta({ expected: '"combined", "json", "auto" or a format of Gunicorn such as "%(h)s %(t)s"' })

const accessLogFile = z.strictObject({
  format: format.prefault('auto').meta({
    change: 'restart',
    description:
      '`"combined"` (Apache\'s), `"json"`, `"auto"` (json where Saola\'s own log is JSON, else combined), ' +
      'or a format string of Gunicorn such as `%(h)s %(t)s %(U)s %(q)s`.',
  }),
  file: path().prefault('-').meta({ change: 'restart', description: "The file; `-` is Saola's own output." }),
  maxBytes: size().prefault('50MB').meta({ change: 'restart', description: 'Rotate above this size; 0 never.' }),
  backups: count().prefault(10).meta({ change: 'restart', description: 'How many rotated files are kept.' }),
})

/** What is done with a request beside the application. */
export const edgeOptions = z.strictObject({
  accessLog: z
    .union([z.boolean(), format, accessLogFile])
    .transform(value => {
      if (value === false || typeof value === 'object') return value
      return accessLogFile.parse(value === true ? {} : { format: value })
    })
    .meta({ short: 'format', expected: 'true, false, a format, or { format, file, maxBytes, backups }' })
    .prefault(true)
    .meta({
      change: 'restart',
      description: 'One line for each answered request: `true`, a format, or this section. Off in `saola dev`.',
    }),
})
