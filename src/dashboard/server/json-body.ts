import type { IncomingMessage } from 'node:http'
import { ServerError } from '../../base/errors.ts'
import { Refusal } from './refusal.ts'

/** A value of 1 MB may be edited, and JSON may write each of its characters as two. */
const bytesMaxDefault = 2 * 1024 ** 2

/**
 * The JSON object in the body of a request.
 *
 * @throws {Refusal} 415 when it says to be something else, 413 above `bytesMax`, 2 MB by default; {ServerError} ERR_USAGE when it is none.
 */
export async function readJsonBody(
  req: IncomingMessage,
  bytesMax = bytesMaxDefault,
): Promise<Readonly<Record<string, unknown>>> {
  // A form of another page can send text, but not this.
  if (!/^application\/json\s*(?:;|$)/i.test(req.headers['content-type'] ?? ''))
    throw new Refusal(415, 'A POST expected Content-Type: application/json.', { connection: 'close' })
  const chunks: Buffer[] = []
  let bytes = 0
  if (Number(req.headers['content-length'] ?? 0) > bytesMax) throw tooLong(bytesMax)
  // The connection stays until the answer is sent: a client that is cut off does not learn why.
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bytesMax) throw tooLong(bytesMax)
    chunks.push(chunk)
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}')
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw new ServerError('ERR_USAGE', 'A POST expected a JSON object as its body.')
}

function tooLong(bytesMax: number): Refusal {
  return new Refusal(413, `A body expected at most ${bytesMax} bytes.`, { connection: 'close' })
}
