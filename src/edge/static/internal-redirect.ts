/**
 * Lets an application answer with a file of an internal mount: it decides who may have it, and names it in a header.
 * `X-Accel-Redirect: /protected/a.zip` is a path of a mount, percent-encoded; `X-Sendfile: /srv/files/a.zip` a file in
 * its folder. What the application has written as a body is dropped.
 */
import type { ServerResponse } from 'node:http'
import { type ResponseHook, release } from '../response-hooks.ts'
import type { KeptHeaders } from './answer-file.ts'

/** By which an application names a file. */
export const fileHeaders = ['x-accel-redirect', 'x-sendfile'] as const

/** Of the application's answer these stay; all else describes a body that nobody gets. */
const keptNames = ['Content-Type', 'Content-Disposition', 'Cache-Control', 'Expires', 'Set-Cookie', 'Cache-Status']

export interface NamedFile {
  readonly header: (typeof fileHeaders)[number]
  readonly value: string
  readonly kept: KeptHeaders
}

/** Watches for those headers. `serve` is called when the application has ended its answer, and answers then. */
export function internalRedirectHook(serve: (named: NamedFile) => void): ResponseHook {
  return {
    onHead(res) {
      const header = fileHeaders.find(name => res.hasHeader(name))
      if (!header) return undefined
      const named = { header, value: String(res.getHeader(header)), kept: keptOf(res) }
      return {
        withholdsHead: true,
        write: () => true,
        end: () => {
          release(res)
          serve(named)
        },
      }
    },
  }
}

function keptOf(res: ServerResponse): KeptHeaders {
  return keptNames.flatMap(name => {
    const value = res.getHeader(name)
    return value === undefined ? [] : [[name, Array.isArray(value) ? value : String(value)] as const]
  })
}

/** The path of X-Accel-Redirect, decoded once. Undefined when it is none. */
export function decodePath(value: string): string | undefined {
  const [encoded = ''] = value.split('?', 1)
  if (!encoded.startsWith('/')) return undefined
  try {
    return decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}
