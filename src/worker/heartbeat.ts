/** The sign of life of a worker: sent by its main loop, so that a loop that hangs sends none. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Beat } from '../ipc/messages.ts'

const everyMs = 1_000
const resolutionMs = 20

/** What the worker's traffic adds to a beat. */
export type TrafficCounts = Pick<Beat, 'connections' | 'inFlight' | 'requests' | 'logDropped' | 'figures'>

/** Calls `send` every second until the process ends. */
export function startHeartbeat(counts: () => TrafficCounts, send: (beat: Beat) => void): void {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs })
  delay.enable()
  let utilization = performance.eventLoopUtilization()
  let cpu = process.cpuUsage()
  let at = performance.now()
  const beat = () => {
    const now = performance.now()
    const used = process.cpuUsage(cpu)
    const { rss, heapUsed } = process.memoryUsage()
    send({
      // The histogram measures the time between its own ticks, so its resolution is subtracted.
      loopDelayMs: round(Math.max(0, delay.percentile(99) / 1e6 - resolutionMs)),
      utilization: round(performance.eventLoopUtilization(utilization).utilization),
      cpuPercent: round((used.user + used.system) / 10 / (now - at)),
      rssBytes: rss,
      heapBytes: heapUsed,
      ...counts(),
    })
    delay.reset()
    utilization = performance.eventLoopUtilization()
    cpu = process.cpuUsage()
    at = now
  }
  setInterval(beat, everyMs).unref()
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
