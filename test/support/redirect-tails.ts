/** What a client can write where a redirect or a rewrite puts a part of its path into another: hosts, lines, headers. */
export const redirectTails: readonly string[] =
  `//evil.example /evil.example /\\evil.example %2f%2fevil.example %5cevil.example /%2fevil.example .//evil.example
  ..//evil.example %2e%2e//evil.example @evil.example http://evil.example //evil.example/%2e%2e x%0d%0aSet-Cookie:%20a=b %0a %00
  \u0000 http:%5c%5cevil.example ;//evil.example %E5%98%8A%E5%98%8DSet-Cookie:x`.split(/\s+/)
