/**
 * Tells systemd what the tree does: READY=1, RELOADING=1, STOPPING=1 and the watchdog's WATCHDOG=1 (sd_notify(3)).
 *
 * Node cannot speak the datagram protocol of NOTIFY_SOCKET, so systemd's own `systemd-notify` does; the unit needs
 * `NotifyAccess=all`, because the message then comes from a child of the main process.
 */
import { spawn } from 'node:child_process'

export type NotifyState = 'READY=1' | 'RELOADING=1' | 'STOPPING=1' | 'WATCHDOG=1' | `STATUS=${string}`

export interface SystemdNotifier {
  notify(...states: NotifyState[]): void
  close(): void
}

/**
 * Starts to speak to systemd when it asked to be spoken to (NOTIFY_SOCKET), and to pat its watchdog at half of
 * WATCHDOG_USEC for as long as this event loop turns.
 */
export function openSystemd(env: NodeJS.ProcessEnv, onTrouble: (message: string) => void): SystemdNotifier {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = env
  if (!NOTIFY_SOCKET) return { notify() {}, close() {} }
  const notify = (...states: NotifyState[]) => {
    const child = spawn('systemd-notify', [`--pid=${process.pid}`, ...states], {
      stdio: 'ignore',
      env: { ...env, NOTIFY_SOCKET },
    })
    child.once('error', error => onTrouble(`systemd-notify cannot be run: ${error.message}`))
    child.once('exit', code => code && onTrouble(`systemd-notify ended with code ${code}`))
  }
  const isWatched = WATCHDOG_USEC && (!WATCHDOG_PID || WATCHDOG_PID === String(process.pid))
  const timer = isWatched ? setInterval(() => notify('WATCHDOG=1'), Number(WATCHDOG_USEC) / 2_000) : undefined
  timer?.unref()
  return { notify, close: () => clearInterval(timer) }
}
