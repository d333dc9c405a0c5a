/**
 * The sockets that this process was started with. Only those can be meant by `fd://N`: a moment later the pipes to its own
 * children have numbers, too, and to the system they are sockets like any other.
 */
import { fstatSync, readdirSync } from 'node:fs'

let passed: ReadonlySet<number> | undefined

/** Called before anything is opened. Only the first call counts. */
export function notePassedSockets(): void {
  const open = passed ? undefined : openDescriptors()
  if (open) passed = new Set(open.filter(isSocket))
}

/** Where nobody has noted them, or the system has no list of descriptors, every socket is believed to be one. */
export function wasPassed(fd: number): boolean {
  return passed === undefined || passed.has(fd)
}

function openDescriptors(): number[] | undefined {
  try {
    return readdirSync('/dev/fd').map(Number)
  } catch {
    return undefined
  }
}

/** The list itself was read through a descriptor, which is closed by now. */
function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket()
  } catch {
    return false
  }
}
