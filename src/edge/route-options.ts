import * as z from 'zod'

/** Where a rule holds: a path and all below it, by whole segments. */
export function pathPrefix() {
  return z
    .string()
    .max(1024)
    .refine(
      isPlain,
      'expected a path that begins with a slash, without "//", "." and "..", such as "/admin"; written decoded, without escapes',
    )
    .meta({ expected: 'a path such as "/admin"' })
}

/** For which methods; without it, for all. Who names GET means HEAD, too. */
export function methodsOption() {
  return z
    .array(z.string().regex(/^[A-Z][A-Z-]{0,31}$/, 'expected a method in capitals such as "POST"'))
    .min(1)
    .optional()
    .meta({
      change: 'restart',
      expected: 'a list of methods such as ["POST"]',
      description: 'For which methods; for all when unset. `GET` means `HEAD`, too.',
    })
}

/**
 * A path that no canonical one can equal would be a rule that never holds: rules are compared with paths that are decoded, so
 * `/my%20files` would protect nothing.
 */
function isPlain(path: string): boolean {
  return (
    path.startsWith('/') &&
    !path.slice(1).split('/').slice(0, -1).includes('') &&
    !/(?:^|\/)\.{1,2}(?:\/|$)|[\0-\x1f\x7f\\?#%]/.test(path)
  )
}
