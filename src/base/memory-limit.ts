import { totalmem } from 'node:os'

/** The memory that this machine or container has, in bytes: the cgroup's limit where there is one. */
export function memoryBytes(): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}
