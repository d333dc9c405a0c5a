import { currentFolder } from '../base/current-folder.ts'
import { readEnvFiles } from '../config/env-files.ts'
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
    env: inheritedEnvironment({ variables: variablesIn(cwd) }),
    uid: undefined,
    gid: undefined,
    fds: [],
  })
}

/** Of the files that a start without further words reads. With others, this worker is not the one that is needed. */
function variablesIn(dir: string): Readonly<Record<string, string>> {
  try {
    return readEnvFiles({ cwd: dir, dir, files: undefined }).values
  } catch {
    // The start itself says what is wrong with them.
    return {}
  }
}

/** Ends it if it is none: the start has failed, or was no start. */
export function endEarlyWorker(): Promise<void> {
  return endEarly()
}
