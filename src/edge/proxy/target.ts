import type { EdgeRequest } from '../edge-request.ts'

/**
 * What an upstream is asked for: the canonical path, without `prefix` if that is cut off, and the query. Undefined when
 * what is left could be read in two ways: `/api../` must never become `/../`, nor `/api//evil` a host.
 */
export function targetOf(request: EdgeRequest, prefix: string | undefined): string | undefined {
  const path = prefix === undefined || prefix === '' ? request.encodedPath : cutPrefix(request, prefix)
  if (path === undefined || !path.startsWith('/') || path.startsWith('//') || dotSegment.test(path)) return undefined
  return path + request.search
}

const dotSegment = /(^|\/)(\.|%2e){1,2}(\/|$)|[\\?#]/i

/** Both forms of the path have the same segments: as many are cut from the encoded one as the prefix has. */
function cutPrefix({ path, encodedPath }: EdgeRequest, prefix: string): string | undefined {
  const rest = path.slice(prefix.length)
  let at = 0
  for (let segments = prefix.split('/').length - 1; segments > 0 && at >= 0; segments--) {
    at = encodedPath.indexOf('/', at + 1)
  }
  const encodedRest = at < 0 ? '' : encodedPath.slice(at)
  return decoded(encodedRest) === rest ? encodedRest || '/' : undefined
}

/** As the canonical path is: an encoded slash, where those are allowed, stays one. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replace(/%2f/gi, '%252F'))
  } catch {
    return undefined
  }
}
