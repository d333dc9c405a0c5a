/**
 * Real pipes for what programs print. What Node makes for a child is a pair of sockets, and a socket cannot be opened by its
 * name: `echo … > /dev/stderr` in a script fails with ENXIO, as does a log file that is called /dev/stdout.
 */
import { spawnSync } from 'node:child_process'
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

export interface Pipe {
  /** For the child; to be closed here when it has it. */
  readonly write: number
  /** What comes out at the other end; to be called once. */
  read(): Readable
}

// Making them takes a process, 3 to 20 ms, however many it makes: 150 programs want 300.
const stockSize = 64

const stock: { readonly read: number; readonly write: number }[] = []

/** A pipe, or undefined where this machine can make none: then a pair of sockets has to do. */
export function takePipe(): Pipe | undefined {
  if (stock.length === 0) refill()
  const ends = stock.pop()
  if (!ends) return undefined
  const { read, write } = ends
  return {
    write,
    read: () => new net.Socket({ fd: read, readable: true, writable: false }),
  }
}

/** They have names for as long as it takes to open both ends of each. */
function refill(): void {
  const folder = mkdtempSync(join(tmpdir(), 'saola-'))
  try {
    const paths = Array.from({ length: stockSize }, (_, i) => join(folder, String(i)))
    // For all: a program that runs as another user may open /dev/stdout, too. Nobody else finds it in this folder.
    spawnSync('mkfifo', ['-m', '666', ...paths], { timeout: 5_000 })
    for (const path of paths) {
      const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      stock.push({ read, write: openSync(path, constants.O_WRONLY) })
    }
  } catch {
    // No mkfifo, or a file system without such files. What was opened is good.
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
