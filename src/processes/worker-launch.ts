/** How the process of a worker is started, whatever it will run. */
import { fileURLToPath } from 'node:url'

const isSource = import.meta.url.endsWith('.ts')

/** The file that it runs. */
export const workerFile = fileURLToPath(new URL(isSource ? './work.ts' : './work.js', import.meta.url))

/** What it has of this process' environment. */
export function inheritedEnvironment(): NodeJS.ProcessEnv {
  // Meant for the supervisor alone: a child that believed them would speak to systemd, or listen on what is not its own.
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES, NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, ...inherited } =
    process.env
  return inherited
}
