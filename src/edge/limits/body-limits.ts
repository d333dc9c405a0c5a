/**
 * The length of a body. One that is announced is refused before anybody reads it (the parser lets no more come than was
 * announced); any other is counted while it comes.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { http } from '../../base/node-http.ts'
import type { EdgeRequest, Step } from '../edge-request.ts'
import type { EdgeSettings } from '../options.ts'
import { readingsOf } from '../readings.ts'
import { cutShort } from '../refusals/cut-short.ts'
import { endAfterAnswer } from '../refusals/end-after-answer.ts'
import { refuse } from '../refusals/refuse.ts'
import { createRouteTable } from '../routes.ts'

/** Refuses bodies above `edge.limits.bodyBytes` with 413 (RFC 9110, 15.5.14). */
export async function createBodyLimits({ limits }: Pick<EdgeSettings, 'limits'>): Promise<Step | undefined> {
  const { bodyBytes, routes } = limits
  if (bodyBytes === 0 && routes.every(route => route.bodyBytes === 0)) return undefined
  const limitOf = createLimitFinder(limits)
  return {
    name: 'body limit',
    run: request => {
      const { req, res, upgrade, bodyBytes: announced } = request
      if (announced === 0 || upgrade) return 'next'
      const limit = limitOf(request)
      if (limit === Number.POSITIVE_INFINITY) return 'next'
      if (announced === undefined) count(req, res, limit)
      else if (announced > limit) {
        refuse(res, 413, 'body')
        return 'done'
      }
      return 'next'
    },
  }
}

type LimitFinder = (request: Pick<EdgeRequest, 'path' | 'rewrite'>) => number

/**
 * The smallest of the limits that a path may be under by its readings, and with a rewrite of those of both paths. Infinity: none.
 * The limit of all is only for what no route is about.
 */
function createLimitFinder({ bodyBytes, routes }: EdgeSettings['limits']): LimitFinder {
  const forAll = bodyBytes || Number.POSITIVE_INFINITY
  if (routes.length === 0) return () => forAll
  const table = createRouteTable(routes)
  const limitOf = (path: string): number | undefined => {
    const found = [...table.find(readingsOf(path), undefined)]
    if (found.every(route => route === undefined)) return undefined
    return Math.min(...found.map(route => (route ? route.bodyBytes || Number.POSITIVE_INFINITY : forAll)))
  }
  return ({ path, rewrite }) => {
    const asked = limitOf(path)
    const served = rewrite?.target && limitOf(rewrite.target.path)
    if (asked === undefined || served === undefined) return asked ?? served ?? forAll
    return Math.min(asked, served)
  }
}

/** A request whose body is counted. */
type CountedRequest = IncomingMessage & { saolaBody?: { left: number; readonly res: ServerResponse } }

/** Nobody has to read it for that, and who reads sees no difference. */
function count(req: CountedRequest, res: ServerResponse, limit: number): void {
  req.saolaBody = { left: limit, res }
  req.push = countedPush
}

/** Through here everything comes that the parser has read of a body. */
function countedPush(this: CountedRequest, chunk: Buffer | null, encoding?: BufferEncoding): boolean {
  const { saolaBody: body } = this
  const { push } = http.IncomingMessage.prototype
  if (!body) return push.call(this, chunk, encoding)
  // Neither the rest nor the end: half a body must not be taken for a whole one.
  if (body.left < 0) return true
  if (chunk !== null) body.left -= chunk.length
  if (body.left >= 0) return push.call(this, chunk, encoding)
  if (body.res.writableEnded) endAfterAnswer(body.res)
  else cutShort(body.res, 413, 'body')
  return true
}
