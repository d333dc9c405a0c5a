import { readFileSync, statSync } from 'node:fs'
import { codeOf, messageOf, ServerError } from '../base/errors.ts'

/** What is longer is no configuration. */
const fileBytesMax = 1024 ** 2

/**
 * The text of a file to import.
 *
 * @throws {ServerError} ERR_IMPORT_UNREADABLE when it is missing, no file, too long, or no text.
 */
export function readSource(file: string): string {
  let bytes: Buffer
  try {
    const { size, isFile } = lookAt(file)
    // A named pipe would be waited for, and /dev/zero never ends.
    if (!isFile) throw unreadable(file, 'it is no file')
    if (size > fileBytesMax) throw unreadable(file, `it has ${size} bytes, and a configuration has at most 1 MB`)
    bytes = readFileSync(file)
  } catch (error) {
    if (error instanceof ServerError) throw error
    throw unreadable(file, codeOf(error) === 'ENOENT' ? 'no such file' : messageOf(error), error)
  }
  return decode(file, bytes)
}

function lookAt(file: string): { size: number; isFile: boolean } {
  const found = statSync(file)
  return { size: found.size, isFile: found.isFile() }
}

function decode(file: string, bytes: Buffer): string {
  if (bytes.includes(0)) throw unreadable(file, 'it is binary')
  try {
    // A byte order mark is taken off.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n')
  } catch (error) {
    const line = lineOfBrokenText(bytes)
    throw unreadable(file, `line ${line} is not UTF-8. Convert it: iconv -f latin1 -t utf-8 ${file}`, error)
  }
}

function lineOfBrokenText(bytes: Buffer): number {
  const text = new TextDecoder('utf-8').decode(bytes)
  const broken = text.indexOf('\uFFFD')
  return text.slice(0, broken).split('\n').length
}

/** The error of a file from which nothing can be had. */
export function unreadable(file: string, reason: string, cause?: unknown): ServerError {
  return new ServerError('ERR_IMPORT_UNREADABLE', `Cannot import ${file} (${reason}).`, { cause })
}
