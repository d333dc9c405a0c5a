/**
 * A file for the body of one request. It has no name from its begin: however this process ends, the system frees it.
 */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { messageOf, ServerError } from '../../base/errors.ts'
import { makeFolder } from '../../base/make-folder.ts'

const pieceBytes = 64 * 1024

/** What is asked of the file itself. */
export type SpoolHandle = Pick<FileHandle, 'read' | 'write' | 'close'>

export class SpoolFile {
  readonly #handle: SpoolHandle
  readonly #readers = new Set<Readable>()
  #length = 0

  constructor(handle: SpoolHandle) {
    this.#handle = handle
  }

  /** Makes one in `dir`, which is created when it is missing. Rejects with what the system says. */
  static async make(dir: string): Promise<SpoolFile> {
    await makeFolder(dir, 0o700)
    const path = join(dir, `saola-body-${randomUUID()}`)
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
    const file = new SpoolFile(handle)
    try {
      await unlink(path)
    } catch (error) {
      await file.close()
      throw error
    }
    return file
  }

  /** Puts these bytes behind those that are there. Rejects with what the system says, when the disk is full for one. */
  async append(chunks: readonly Buffer[]): Promise<void> {
    for (let bytes = Buffer.concat(chunks); bytes.length > 0; ) {
      const { bytesWritten } = await this.#handle.write(bytes, 0, bytes.length, this.#length)
      this.#length += bytesWritten
      bytes = bytes.subarray(bytesWritten)
    }
  }

  /** All of it from its begin. By position, so that two readers do not disturb each other. */
  open(): Readable {
    const stream = readPieces(this.#handle, this.#length)
    this.#readers.add(stream)
    stream.once('close', () => this.#readers.delete(stream))
    return stream
  }

  /** Ends its readers, too. Never rejects: nobody needs the bytes any more, and the system frees them with the process. */
  async close(): Promise<void> {
    for (const stream of this.#readers) stream.destroy()
    await this.#handle.close().catch(() => {})
  }
}

function readPieces(handle: SpoolHandle, length: number): Readable {
  let position = 0
  return new Readable({
    highWaterMark: pieceBytes,
    read() {
      const size = Math.min(pieceBytes, length - position)
      if (size === 0) {
        this.push(null)
        return
      }
      handle.read(Buffer.allocUnsafe(size), 0, size, position).then(
        ({ bytesRead, buffer }) => {
          if (bytesRead === 0) this.destroy(unreadable('it has become shorter'))
          position += bytesRead
          this.push(buffer.subarray(0, bytesRead))
        },
        error => this.destroy(unreadable(messageOf(error), error)),
      )
    },
  })
}

function unreadable(why: string, cause?: unknown): ServerError {
  return new ServerError('ERR_BODY_NOT_TAKEN', `Cannot read the file of a body (${why}).`, { cause })
}
