/**
 * Small bodies leave as a text in Latin-1. Node joins a text with the head and hands both to the operating system in one
 * call from the stack; head and Buffer are two pieces, with a request object and a callback.
 */
import type { ServerResponse } from 'node:http'
import { hasHooks } from './response-hooks.ts'

/** With its head it must fit into the 16 KiB that Node has on the stack for a text. */
const textBytesMax = 14 * 1024

/** The same bytes as a text in Latin-1, when they are few: made once for what is sent often. */
export function smallTextOf(body: Buffer): string | undefined {
  return body.length <= textBytesMax ? body.toString('latin1') : undefined
}

/** Bytes that its text will take beside a body of this length. */
export function smallTextBytes(bodyBytes: number): number {
  return bodyBytes <= textBytesMax ? bodyBytes : 0
}

/**
 * Ends an answer, whose head announced the length, with the whole body: by its text where nothing forbids it. A hook gets
 * bytes, and so does the bridge of HTTP/2.
 */
export function endWithBody(res: ServerResponse, body: Buffer, text: string | undefined): void {
  if (text !== undefined && res.req.httpVersionMajor === 1 && !hasHooks(res)) res.end(text, 'latin1')
  else res.end(body)
}
