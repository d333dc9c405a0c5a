import { type Atom, addressOf, durationUs, pathOf, queryOf, statusOf, targetOf } from './entry.ts'
import { escapeJson } from './escape.ts'
import { isoTime } from './time.ts'

/**
 * The 'json' format: one object a line, ASCII only, always with the same names in the same order; what is missing is null,
 * and `requestId` is there when the request has an `x-request-id`.
 *
 * ```json
 * {"time":"2026-11-21T01:20:14.123Z","remote":"127.0.0.1","method":"GET","path":"/","query":"","protocol":"HTTP/1.1",
 *  "status":200,"bytes":5,"durationMs":1.25,"referer":null,"userAgent":"curl/8.5.0","worker":"web:0"}
 * ```
 */
export function jsonAtom(wallMs: () => number): Atom {
  const time = isoTime(wallMs)
  return entry => {
    const { headers, method, httpVersion } = entry.req
    const target = targetOf(entry)
    const id = headers['x-request-id']
    // Put together by hand: JSON.stringify of an object made for it takes several times as long.
    return (
      `{"time":"${time()}","remote":${textOrNull(addressOf(entry))},"method":${textOrNull(method)}` +
      `,"path":${escapeJson(pathOf(target))},"query":${escapeJson(queryOf(target))}` +
      `,"protocol":${escapeJson(`HTTP/${httpVersion}`)},"status":${statusOf(entry)},"bytes":${entry.bytes}` +
      `,"durationMs":${durationUs(entry) / 1000},"referer":${textOrNull(headers.referer)}` +
      `,"userAgent":${textOrNull(headers['user-agent'])},"worker":${escapeJson(entry.worker)}` +
      `${id === undefined ? '' : `,"requestId":${escapeJson(String(id))}`}}`
    )
  }
}

function textOrNull(value: string | undefined): string {
  return value === undefined ? 'null' : escapeJson(value)
}
