/** Which answers are compressed, by what stands in their heads. */
import type { ServerResponse } from 'node:http'
import type { CompressionSettings } from './options.ts'

/** Whether a media type is one of a list in which `*` stands for anything: `text/*`, `application/*+json`. */
export function createTypeTest(types: readonly string[]): (contentType: string) => boolean {
  const patterns = types.map(type => {
    const [before = '', after] = type.toLowerCase().split('*')
    return { before, after }
  })
  const remembered = new Map<string, boolean>()
  const fits = (type: string) =>
    patterns.some(({ before, after }) =>
      after === undefined
        ? type === before
        : type.length >= before.length + after.length && type.startsWith(before) && type.endsWith(after),
    )
  return contentType => {
    const known = remembered.get(contentType)
    if (known !== undefined) return known
    const type = (contentType.split(';')[0] ?? '').trim().toLowerCase()
    // Its events must arrive one by one.
    const result = type === eventStream ? types.includes(eventStream) : fits(type)
    if (remembered.size >= rememberedMax) remembered.clear()
    remembered.set(contentType, result)
    return result
  }
}

const eventStream = 'text/event-stream'
const rememberedMax = 128

/** Whether this answer could be compressed for some client: then caches must know what it depends on. */
export function isCompressible(res: ServerResponse, isType: (contentType: string) => boolean): boolean {
  const { statusCode } = res
  if (statusCode < 200 || statusCode === 204 || statusCode === 205 || statusCode === 206) return false
  const type = res.getHeader('content-type')
  if (typeof type !== 'string' || !isType(type)) return false
  const encoding = res.getHeader('content-encoding')
  if (encoding !== undefined && encoding !== 'identity') return false
  // A part of a representation, and a sum over its bytes, would be wrong (RFC 9110, 14.4; RFC 9530).
  for (const name of bound) if (res.hasHeader(name)) return false
  // RFC 9111, 5.2.2.6.
  return !/(?:^|[,\s])no-transform(?:$|[,\s])/i.test(String(res.getHeader('cache-control') ?? ''))
}

const bound = ['content-range', 'content-digest', 'digest', 'content-md5']

/** Whether the secrets of an answer forbid it. */
export function isSecret(res: ServerResponse, cookies: CompressionSettings['cookies']): boolean {
  return cookies !== 'always' && res.hasHeader('set-cookie')
}

/** What a compressed answer says of itself: another representation, of another length (RFC 9110, 8.8.3.3 and 8.6). */
export function changeHead(res: ServerResponse, encoding: string): void {
  res.setHeader('Content-Encoding', encoding)
  res.removeHeader('Content-Length')
  res.removeHeader('Accept-Ranges')
  weakenTag(res)
}

/** The bytes are not those that a strong tag was made for. */
export function weakenTag(res: ServerResponse): void {
  const tag = res.getHeader('etag')
  if (typeof tag === 'string' && tag.startsWith('"')) res.setHeader('ETag', `W/${tag}`)
}

export function addVary(res: ServerResponse): void {
  const vary = String(res.getHeader('vary') ?? '')
  if (/(?:^|[,\s])(?:\*|accept-encoding)(?:$|[,\s])/i.test(vary)) return
  res.setHeader('Vary', vary === '' ? 'Accept-Encoding' : `${vary}, Accept-Encoding`)
}
