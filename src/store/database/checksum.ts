/** Checksums of files, as sha256sum writes and checks them. */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'

const chunkBytes = 1024 ** 2

/** The file that holds the checksum of another one. */
export function checksumOf(file: string): string {
  return `${file}.sha256`
}

/** SHA-256 of a file's content, in hexadecimal. */
export function hashFile(file: string): string {
  const hash = createHash('sha256')
  const chunk = Buffer.alloc(chunkBytes)
  const fd = openSync(file, 'r')
  try {
    for (;;) {
      const bytes = readSync(fd, chunk)
      if (bytes === 0) return hash.digest('hex')
      hash.update(chunk.subarray(0, bytes))
    }
  } finally {
    closeSync(fd)
  }
}

/** The checksum that was written for a file; undefined when there is none. */
export function readChecksum(file: string): string | undefined {
  try {
    return readFileSync(checksumOf(file), 'utf8').split(' ', 1)[0]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes to `path` the checksum of what will be called `file`. */
export function writeChecksum(path: string, file: string, sha256: string): void {
  writeFileSync(path, `${sha256}  ${basename(file)}\n`, { mode: 0o600 })
}
