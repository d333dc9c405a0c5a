import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { messageOf, ServerError } from '../../base/errors.ts'
import type { Step } from '../edge-request.ts'
import type { EdgeSettings } from '../options.ts'
import { answerShortly, isRefused, type Page, type PageFinder, takesOnlyJson, usePages } from '../refusals/refuse.ts'
import { addResponseHook, type HeadFacts, type ResponseHook, release } from '../response-hooks.ts'
import type { EdgeServices } from '../services.ts'
import { checkFile, WatchedFile } from '../watched-file.ts'

const bytesMax = 256 * 1024
const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  htm: 'text/html; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  json: 'application/problem+json',
}

/** Of the application's answer, these are about the body that is not sent, or about who sends it how far. */
const bodyHeaders = new Set(['etag', 'last-modified', 'accept-ranges', 'transfer-encoding', 'cache-control', 'expires'])

/**
 * The step for `edge.errorPages`: what the edge answers itself has these bodies, and with `intercept` also the errors of the
 * application and of upstreams.
 *
 * @throws {ServerError} ERR_CONFIG_INVALID when a page cannot be read, or is above 256 KB.
 */
export async function createErrorPages(settings: EdgeSettings, services: EdgeServices): Promise<Step | undefined> {
  const { intercept, ...files } = settings.errorPages
  const entries = Object.entries(files)
  if (entries.length === 0) return undefined
  const pages = new Map(
    await Promise.all(entries.map(async ([key, file]) => [key, await openPage(String(file), services)] as const)),
  )
  const find: PageFinder = (status, req) => {
    const page = (pages.get(String(status)) ?? pages.get(`${Math.floor(status / 100)}xx`))?.value
    // Whoever reads answers by a program gets what it can read.
    return page && page.type !== types.json && takesOnlyJson(req) ? undefined : page
  }
  const hook: ResponseHook = { onHead: (res, head) => replace(res, head, find) }
  return {
    name: 'error pages',
    run: ({ res }) => {
      usePages(res, find)
      if (intercept) addResponseHook(res, hook)
      return 'next'
    },
  }
}

/** @throws {Error} why a page cannot be used. */
export function checkPage(file: string): Promise<void> {
  return checkFile(file, { bytesMax, parse: text => text })
}

async function openPage(file: string, { clock, log }: EdgeServices): Promise<WatchedFile<Page>> {
  const type = types[file.slice(file.lastIndexOf('.') + 1).toLowerCase()] ?? 'text/plain; charset=utf-8'
  const parse = (text: string): Page => ({ type, body: Buffer.from(text) })
  try {
    return await WatchedFile.open(file, { bytesMax, parse, clock, log })
  } catch (cause) {
    const message = `edge.errorPages: the page ${file} cannot be read (${messageOf(cause)}).`
    throw new ServerError('ERR_CONFIG_INVALID', message, { cause })
  }
}

/** An answer that programs read, or that says more than its status, stays as it is. */
function replace(
  res: ServerResponse,
  { length, hasBody }: HeadFacts,
  find: PageFinder,
): ReturnType<ResponseHook['onHead']> {
  const status = res.statusCode
  if (status < 400 || isRefused(res)) return undefined
  const type = res.getHeader('content-type')
  const isHtml = typeof type === 'string' && /^text\/html\b/i.test(type)
  const isEmpty = type === undefined && (length === 0 || !hasBody)
  if (!(isHtml || isEmpty) || !find(status, res.req)) return undefined
  const headers = keptHeaders(res)
  return {
    withholdsHead: true,
    write: () => true,
    end: () => {
      release(res)
      answerShortly(res, status, headers)
    },
  }
}

function keptHeaders(res: ServerResponse): OutgoingHttpHeaders {
  const kept = Object.entries(res.getHeaders()).filter(
    ([name]) => !name.startsWith('content-') && !bodyHeaders.has(name),
  )
  return Object.fromEntries(kept)
}
