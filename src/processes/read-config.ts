// Reads one configuration file and writes what it makes of it to file descriptor 3; started by config/file.ts.
import { writeSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { serialize } from 'node:v8'
import type { LoadRequest } from '../config/config.ts'
import type { Reading } from '../config/file.ts'

enableCompileCache()
const [, , file = '', text = '{}'] = process.argv
const request = { ...(JSON.parse(text) as Omit<LoadRequest, 'env'>), env: process.env }
const reply = serialize(await read())
let written = 0
while (written < reply.length) written += writeSync(3, reply, written)
// Whatever the file has opened, a timer or a connection, must not keep this process.
process.exit()

async function read(): Promise<Reading> {
  const [{ evaluateConfig }, { resolveConfig }, { messageOf, ServerError }] = await Promise.all([
    import('../config/evaluate.ts'),
    import('../config/resolve.ts'),
    import('../base/errors.ts'),
  ])
  try {
    const content = await evaluateConfig(file, request.mode)
    return { ok: true, loaded: resolveConfig(request, file, content) }
  } catch (error) {
    const { code, problems } =
      error instanceof ServerError ? error : { code: 'ERR_CONFIG_UNREADABLE' as const, problems: [] }
    const { cause } = error as { cause?: unknown }
    const stack = cause instanceof Error ? (cause.stack ?? '') : ''
    return { ok: false, code, message: messageOf(error), problems, stack }
  }
}
