import { readyPathOf } from '../canonical/host-rule.ts'
import type { EdgeRequest } from '../edge-request.ts'
import { isBelow } from '../path-prefix.ts'
import type { EdgeServices } from '../services.ts'
import type { OverloadSettings } from './options.ts'

const exemptDefault = ['/healthz']

/**
 * Whether a request asks how the application is: whoever gets no answer to that takes it out of service. By the path that was
 * asked for, as it is: neither a rewrite nor another spelling makes a check of health.
 */
export function createExemption(
  overload: OverloadSettings | undefined,
  services: Pick<EdgeServices, 'readyPath'>,
): (request: Pick<EdgeRequest, 'path'>) => boolean {
  const paths = overload?.exempt ?? exemptDefault
  const ready = readyPathOf(services)
  return ({ path }) => {
    // Itself, and nothing below it: it may be `/`.
    if (path === ready) return true
    for (const exempt of paths) if (isBelow(exempt, path)) return true
    return false
  }
}
