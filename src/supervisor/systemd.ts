/**
 * Tells systemd what the tree does: READY=1, RELOADING=1, STOPPING=1 and the watchdog's WATCHDOG=1 (sd_notify(3)).
 *
 * Node cannot speak the datagram protocol of NOTIFY_SOCKET, so systemd's own `systemd-notify` does; the unit needs
 * `NotifyAccess=all`, because the message then comes from a child of the main process.
 */
import { spawn } from 'node:child_process'
import { endsWithin } from './output/sink.ts'

export type NotifyState =
  | 'READY=1'
  | 'RELOADING=1'
  | 'STOPPING=1'
  | 'WATCHDOG=1'
  | `STATUS=${string}`
  | `MONOTONIC_USEC=${bigint}`

export interface SystemdNotifier {
  notify(...states: NotifyState[]): void
  /** Resolves when systemd has heard all of it, or after two seconds. */
  close(): Promise<void>
}

// One is under way and systemd answers in milliseconds; when it hangs, the watchdog's messages must not pile up.
const waitingMax = 16
const closeMs = 2_000

/**
 * Starts to speak to systemd when it asked to be spoken to (NOTIFY_SOCKET), and to pat its watchdog at half of
 * WATCHDOG_USEC for as long as this event loop turns. `onTrouble` is called once.
 */
export function openSystemd(env: NodeJS.ProcessEnv, onTrouble: (message: string) => void): SystemdNotifier {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = env
  if (!NOTIFY_SOCKET) return { notify() {}, async close() {} }
  const waiting: NotifyState[][] = []
  let sending: PromiseWithResolvers<void> | undefined
  let hasTrouble = false
  const report = (message: string) => {
    if (!hasTrouble) onTrouble(message)
    hasTrouble = true
  }
  // One after the other: a RELOADING=1 that came after its READY=1 would leave the unit reloading for ever.
  const sendNext = (): void => {
    const states = waiting.shift()
    if (states) return send(states, env, report, sendNext)
    sending?.resolve()
    sending = undefined
  }
  const notify = (...states: NotifyState[]) => {
    if (waiting.length < waitingMax) waiting.push(states)
    if (sending) return
    sending = Promise.withResolvers()
    sendNext()
  }
  const isWatched = Number(WATCHDOG_USEC) > 0 && (!WATCHDOG_PID || WATCHDOG_PID === String(process.pid))
  const timer = isWatched ? setInterval(() => notify('WATCHDOG=1'), Number(WATCHDOG_USEC) / 2_000) : undefined
  timer?.unref()
  const close = async () => {
    clearInterval(timer)
    await endsWithin(sending?.promise ?? Promise.resolve(), closeMs)
  }
  return { notify, close }
}

function send(
  states: readonly NotifyState[],
  env: NodeJS.ProcessEnv,
  onTrouble: (message: string) => void,
  onEnd: () => void,
): void {
  const child = spawn('systemd-notify', [`--pid=${process.pid}`, ...states], { stdio: 'ignore', env })
  child.once('error', error => {
    onTrouble(`systemd-notify cannot be run: ${error.message}`)
    onEnd()
  })
  child.once('exit', code => {
    if (code !== 0) onTrouble(`systemd-notify ended with code ${code}`)
    onEnd()
  })
}

/** CLOCK_MONOTONIC as systemd wants it beside RELOADING=1, where the unit's type is `notify-reload`. */
export function monotonicTime(): NotifyState {
  return `MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`
}
