import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { RotatingFile, type RotatingFileOptions } from './rotating-file.ts'
import type { Sink } from './sink.ts'
import { StreamSink } from './stream-sink.ts'

const stdoutFd = 1
const stdoutPath = '/dev/fd/1'

/**
 * The sink for this process' stdout, whatever it is. None of Node's own ways will do for all of them: process.stdout writes
 * to terminals and files in the loop, so that a Ctrl-S or a slow disk would stop the supervisor, and a full disk would
 * end stdout for good.
 *
 * `options` are for a stdout that is a file: onTrouble, onRecovered, bufferBytesMax.
 */
export function openStdout(options: RotatingFileOptions = {}): Sink {
  if (process.stdout.isTTY) makeAsynchronous(process.stdout)
  else if (isFile() && canReopen()) return new RotatingFile(stdoutPath, { ...options, maxBytes: 0 })
  return new StreamSink(process.stdout, options)
}

/** libuv opens a terminal a second time for us, so that this changes nothing for other programs on it. */
function makeAsynchronous(terminal: NodeJS.WriteStream): void {
  const handle = (terminal as { _handle?: { setBlocking?: (isBlocking: boolean) => number } })._handle
  handle?.setBlocking?.(false)
}

/** Files, and devices such as /dev/null; no pipe and no socket, which process.stdout writes to without waiting. */
function isFile(): boolean {
  const stats = fstatSync(stdoutFd)
  return !stats.isFIFO() && !stats.isSocket()
}

/** Not after a change of user, when the file belongs to the one before. */
function canReopen(): boolean {
  try {
    closeSync(openSync(stdoutPath, constants.O_WRONLY | constants.O_APPEND))
    return true
  } catch {
    return false
  }
}
