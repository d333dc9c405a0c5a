import { currentFolder } from '../base/current-folder.ts'
import { endEarly, startEarly } from '../supervisor/early-child.ts'
import { notePassedSockets } from '../supervisor/passed-sockets.ts'
import { inheritedEnvironment, workerFile } from './worker-launch.ts'

/** Starts the first worker of a tree that has nothing unusual, before it is known whether this one has. */
export function startEarlyWorker(): void {
  // Its pipes are sockets, too.
  notePassedSockets()
  const cwd = currentFolder()
  if (cwd === undefined) return
  startEarly({
    command: process.execPath,
    args: [workerFile],
    cwd,
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
