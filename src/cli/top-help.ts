/** What the keys of `saola top` do, and what its columns mean. */
import { cut } from './table.ts'

const lines = [
  'Keys',
  '  Up Down PgUp PgDn   choose a process     Esc   choose none',
  '  x                   restart it, after a question',
  '  Tab                 choose an application',
  '  + -                 change the number of workers of what is chosen',
  '  R                   reload: read the configuration again, replace every worker',
  '  n c m r l d         sort by name, CPU, memory, requests, latency, loop delay',
  '  ? q Ctrl-L          this help; quit; draw all of it again',
  '',
  'Columns',
  '  REQ/S               requests a second           SHARE   of those of its application',
  '  ERR/S               responses of 500 and above a second',
  '  P50 P95 P99         so long took 50, 95, 99 % of the requests of the last 15 s at most',
  '  CONN FLIGHT         open connections, requests that are being answered',
  '  DELAY               how late its event loop is; red: how long nothing was heard of it',
]

export function helpLines(width: number): string[] {
  return lines.map(line => cut(line, width))
}

/** For `--help`. */
export const keysText = lines.slice(0, lines.indexOf('')).join('\n')
