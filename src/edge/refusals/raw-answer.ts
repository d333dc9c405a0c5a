import { http } from '../../base/node-http.ts'

/** An answer of HTTP/1.1 as bytes, for where there is no response object to write it; the connection ends with it. */
export function rawAnswer(status: number, text: string): string {
  return (
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
    `Cache-Control: no-store\r\nContent-Length: ${text.length}\r\n\r\n${text}`
  )
}
