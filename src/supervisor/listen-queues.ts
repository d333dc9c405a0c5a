/**
 * How many connections wait in the queue of the kernel before a listen socket, because no worker has accepted them yet. Linux tells
 * it in /proc/net/tcp (proc_pid_net(5)): of a socket that listens, `rx_queue` is the length of that queue. Its rows begin with those
 * that listen, so that a machine with a hundred thousand connections costs no more than one without.
 */
import { fstatSync } from 'node:fs'
import { open } from 'node:fs/promises'

const files = ['/proc/self/net/tcp', '/proc/self/net/tcp6']
const pieceBytes = 64 * 1024
/** Of some 7,000 sockets that listen; those behind are not known. */
const bytesMax = 1024 * 1024
const listening = '0A'

/** Waiting connections by descriptor; one without an entry is not known: on another system, of a Unix socket. */
export async function readListenQueues(fds: Iterable<number>): Promise<Map<number, number>> {
  const wanted = new Map<string, number>()
  for (const fd of fds) {
    const inode = inodeOf(fd)
    if (inode !== undefined) wanted.set(inode, fd)
  }
  const found = new Map<number, number>()
  if (wanted.size === 0) return found
  for (const file of files) {
    for (const { inode, waiting } of queuesIn(await readHead(file).catch(() => ''))) {
      const fd = wanted.get(inode)
      if (fd !== undefined) found.set(fd, waiting)
    }
  }
  return found
}

function inodeOf(fd: number): string | undefined {
  try {
    return String(fstatSync(fd).ino)
  } catch {
    return undefined
  }
}

/** The rows of sockets that listen, and perhaps more. */
async function readHead(path: string): Promise<string> {
  const file = await open(path)
  try {
    const piece = Buffer.alloc(pieceBytes)
    let text = ''
    while (text.length < bytesMax) {
      const { bytesRead } = await file.read(piece)
      text += piece.toString('latin1', 0, bytesRead)
      if (bytesRead === 0 || hasEnded(text)) break
    }
    return text
  } finally {
    await file.close()
  }
}

/** Whether its last whole row is one of a connection. The rows before are not looked at: this is asked with each piece. */
function hasEnded(text: string): boolean {
  const end = text.lastIndexOf('\n')
  const begin = text.lastIndexOf('\n', end - 1)
  // The first row is the title.
  return begin >= 0 && fieldsOf(text.slice(begin, end))[3] !== listening
}

/** `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …`; queues in hex. */
export function queuesIn(table: string): { inode: string; waiting: number }[] {
  // Behind the last newline is a row that was cut off: its numbers may be, too.
  return table
    .slice(0, table.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(1)
    .map(fieldsOf)
    .filter(([, , , state]) => state === listening)
    .map(fields => ({ inode: fields[9] ?? '', waiting: Number.parseInt(fields[4]?.split(':')[1] ?? '', 16) }))
    .filter(({ waiting }) => Number.isFinite(waiting))
}

function fieldsOf(row: string): string[] {
  return row.trim().split(/\s+/)
}
