/**
 * What `security: true` sets where the application has not: the set of the OWASP HTTP Headers Cheat Sheet and Secure Headers
 * Project, without what only the application can know (`default-src` and the like of its policy, Cross-Origin-Embedder-Policy) and
 * without Strict-Transport-Security, which goes with `tls`.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Content-Security-Policy': "base-uri 'self'; object-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-site',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'X-Permitted-Cross-Domain-Policies': 'none',
}

/** What tells strangers which program answers. */
export const tellingHeaders: readonly string[] = ['Server', 'X-Powered-By', 'X-AspNet-Version', 'X-AspNetMvc-Version']
