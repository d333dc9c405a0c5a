import { repeatOnNode26 } from './support/on-node-26.ts'

repeatOnNode26([
  'edge-ends-hop-by-hop-headers',
  'edge-http2-ends-floods',
  'edge-http2-smuggles-nothing-to-an-upstream',
  'edge-lets-nothing-be-smuggled',
  'edge-static-hides-what-is-outside',
  'edge-tls-is-spoken-and-nothing-else',
])
