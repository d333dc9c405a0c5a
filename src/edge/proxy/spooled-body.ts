/**
 * The whole body of a request, taken from its client before anybody else is asked: so a slow upload holds no process behind
 * the proxy, and the body can be sent a second time.
 *
 * It stays in memory as long as it is small, then it goes into a file.
 */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { messageOf, ServerError } from '../../base/errors.ts'
import { SpoolFile } from './spool-file.ts'

export interface SpoolOptions {
  /** So much is kept in memory. */
  readonly memoryBytes: number
  /** A longer body is refused. */
  readonly maxBytes: number
  /** Where the file is made; the folder is created when it is missing. */
  readonly dir: string
  /** The client has left: nobody needs the body any more. */
  readonly signal: AbortSignal
  /** How the file is made there; as spool-file.ts does when unset. */
  makeFile?(dir: string): Promise<SpoolFile>
}

export interface SpooledBody {
  readonly length: number
  /** The body from its begin, as often as it is asked for. */
  open(): Readable
  /** Frees memory and file. Never rejects. */
  close(): Promise<void>
}

/** Why a body was not taken, and what its client is told. */
export class SpoolError extends ServerError {
  readonly status: 413 | 499 | 507

  constructor(status: SpoolError['status'], message: string, options: { cause?: unknown } = {}) {
    super('ERR_BODY_NOT_TAKEN', message, options)
    this.status = status
  }
}

/**
 * Reads a body to its end.
 *
 * @throws {SpoolError} status 413 when it is longer than `maxBytes`, 507 when the disk does not take it, 499 when the client left.
 */
export async function spoolBody(req: IncomingMessage, options: SpoolOptions): Promise<SpooledBody> {
  const { memoryBytes, maxBytes, dir, signal, makeFile = SpoolFile.make } = options
  const announced = Number(req.headers['content-length'] ?? 0)
  if (announced > maxBytes) throw tooLong(maxBytes)
  const chunks: Buffer[] = []
  let length = 0
  let inMemory = 0
  let file: SpoolFile | undefined
  const abort = () => req.destroy()
  signal.addEventListener('abort', abort, { once: true })
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > maxBytes) throw tooLong(maxBytes)
      chunks.push(chunk)
      inMemory += chunk.length
      if (inMemory <= memoryBytes) continue
      file ??= await makeFile(dir)
      await file.append(chunks.splice(0))
      inMemory = 0
    }
    if (signal.aborted || !req.complete) throw left()
    if (file) await file.append(chunks.splice(0))
  } catch (error) {
    await file?.close()
    if (error instanceof SpoolError) throw error
    if (signal.aborted || req.destroyed) throw left()
    throw new SpoolError(507, `Cannot keep the body of a request in ${dir} (${messageOf(error)}).`, { cause: error })
  } finally {
    signal.removeEventListener('abort', abort)
  }
  return file ? inFile(file, length) : fromMemory(chunks, length)
}

function tooLong(maxBytes: number): SpoolError {
  return new SpoolError(413, `The body of a request is longer than ${maxBytes} bytes.`)
}

function left(): SpoolError {
  return new SpoolError(499, 'The client has left before its body was complete.')
}

function fromMemory(chunks: Buffer[], length: number): SpooledBody {
  return {
    length,
    open: () => Readable.from(chunks, { objectMode: false }),
    close: async () => void chunks.splice(0),
  }
}

function inFile(file: SpoolFile, length: number): SpooledBody {
  return { length, open: () => file.open(), close: () => file.close() }
}
