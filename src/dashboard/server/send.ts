import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { errorBody, Refusal, statusOf } from './refusal.ts'

const compress = promisify(gzip)
/** What is shorter fits into a packet as it is. */
const gzipBytesMin = 1_024
const takeMs = 60_000

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Buffer
  /** The same, where it was compressed before. */
  readonly gzipped?: Buffer | undefined
}

export async function sendJson(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  body: unknown,
): Promise<void> {
  const bytes = Buffer.from(JSON.stringify(body))
  const isWorth = bytes.length > gzipBytesMin && takesGzip(req)
  // Level 1: most of what it does for JSON, in a third of the time.
  const gzipped = isWorth ? await compress(bytes, { level: 1 }) : undefined
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', vary: 'accept-encoding' }
  sendBytes(req, res, { status, headers, bytes, gzipped })
}

/** What went wrong, as the page reads it. */
export async function sendError(
  req: IncomingMessage,
  res: ServerResponse,
  error: unknown,
  more: object = {},
): Promise<void> {
  if (res.headersSent) {
    // It has begun as something else, which must not look complete.
    res.destroy()
    return
  }
  if (error instanceof Refusal) for (const [name, value] of Object.entries(error.headers)) res.setHeader(name, value)
  await sendJson(req, res, statusOf(error), { ...errorBody(error), ...more })
}

export function sendBytes(
  req: IncomingMessage,
  res: ServerResponse,
  { status, headers, bytes, gzipped }: Answer,
): void {
  const body = gzipped && takesGzip(req) ? gzipped : bytes
  // Node has no limit of its own for an answer that nobody takes. It begins anew with each byte that is taken.
  res.setTimeout(takeMs, () => res.destroy())
  res.writeHead(status, {
    ...headers,
    'content-length': String(body.length),
    ...(body === gzipped && { 'content-encoding': 'gzip' }),
  })
  res.end(req.method === 'HEAD' ? undefined : body)
}

function takesGzip({ headers }: IncomingMessage): boolean {
  return /(?:^|[\s,])gzip(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(String(headers['accept-encoding'] ?? ''))
}
