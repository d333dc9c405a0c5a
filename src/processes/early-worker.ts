import { endEarly, startEarly } from '../supervisor/early-child.ts'
import { inheritedEnvironment, workerFile } from './worker-launch.ts'

/** Starts the first worker of a tree that has nothing unusual, before it is known whether this one has. */
export function startEarlyWorker(): void {
  startEarly({
    command: process.execPath,
    args: [workerFile],
    cwd: process.cwd(),
    env: inheritedEnvironment(),
    uid: undefined,
    gid: undefined,
    fds: [],
  })
}

/** Ends it if it is none: the start has failed, or was no start. */
export function endEarlyWorker(): Promise<void> {
  return endEarly()
}
