/**
 * A lock that one process holds as long as it lives, on the name of a file.
 *
 * The problem: whether a socket file is one that a dead server left can only be found out by knocking, and what was found
 * out is old when the file is removed: of two that start at once, one removes what the other has just made. A lock file
 * with a process id has the same flaw one step further on.
 *
 * So the kernel holds the lock, and lets go of it when the process ends, however that happens: on Linux it is a name in
 * the abstract space of Unix sockets, elsewhere `open` with O_EXLOCK on a file beside. A system with neither has no lock.
 *
 * Limit: containers that share a folder, but neither a kernel's network namespace nor this lock, only have the knocking.
 */
import { constants, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import net from 'node:net'
import { basename, dirname } from 'node:path'
import { codeOf } from './errors.ts'
import { fingerprint } from './state-folder.ts'

export interface ProcessLock {
  release(): void
}

// open(2) of macOS and the BSDs; Node has no name for it.
const exclusiveLock = 0x20
const hasExclusiveLock = ['darwin', 'freebsd', 'openbsd'].includes(process.platform)

const none: ProcessLock = { release: () => {} }

/** Takes the lock on a path whose folder exists, or returns undefined when another process holds it. */
export async function lockPath(path: string): Promise<ProcessLock | undefined> {
  try {
    if (process.platform === 'linux') return await lockName(nameOf(path))
    return hasExclusiveLock ? await lockFile(`${path}.lock`) : none
  } catch (error) {
    if (['EADDRINUSE', 'EWOULDBLOCK', 'EAGAIN'].includes(codeOf(error) ?? '')) return undefined
    // A sandbox without such locks, or a file system: better none than no start.
    return none
  }
}

/** The same for every way to write the path, and not for another folder that is mounted at the same place elsewhere. */
function nameOf(path: string): string {
  const { dev, ino } = statSync(dirname(path))
  return `\0saola-${fingerprint(`${dev}:${ino}:${basename(path)}`)}`
}

function lockName(name: string): Promise<ProcessLock> {
  const server = net.createServer(socket => socket.destroy())
  server.unref()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path: name, exclusive: true }, () => resolve({ release: () => void server.close() }))
  })
}

/** The file stays: who removed it could remove another one's. */
async function lockFile(file: string): Promise<ProcessLock> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | exclusiveLock
  const handle = await open(file, flags, 0o600)
  return { release: () => void handle.close() }
}
