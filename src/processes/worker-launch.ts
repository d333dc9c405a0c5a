/** How the process of a worker is started, whatever it will run. */
import { fileURLToPath } from 'node:url'
import type { Config } from '../config/config.ts'

const isSource = import.meta.url.endsWith('.ts')

/** The file that it runs. */
export const workerFile = fileURLToPath(new URL(isSource ? './work.ts' : './work.js', import.meta.url))

/**
 * What a child has of this process' environment, over what files such as `.env` say. Only the configuration knows those: this
 * process itself stays as it was started, whatever a reload reads.
 */
export function inheritedEnvironment({ variables }: Pick<Config, 'variables'>): NodeJS.ProcessEnv {
  // Meant for the supervisor alone: a child that believed them would speak to systemd, or listen on what is not its own.
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES, NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, ...inherited } = {
    ...variables,
    ...process.env,
  }
  return inherited
}
