import { type ChildProcess, spawn } from 'node:child_process'

/** What a process is started with. */
export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly uid: number | undefined
  readonly gid: number | undefined
  /** Inherited from fd 6 on, in this order. */
  readonly fds: readonly number[]
}

/** The fixed places of a worker's descriptors. */
export const workerFds = { channel: 3, accessLog: 4, watch: 5, firstSocket: 6 } as const

/** Starts a process in a process group of its own. */
export function spawnProcess({ command, args, cwd, env, uid, gid, fds }: Launch): ChildProcess {
  return spawn(command, [...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe', 'pipe', ...fds],
    // A group of its own: a Ctrl-C in the terminal reaches the supervisor alone, and a kill reaches grandchildren.
    detached: true,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
}
