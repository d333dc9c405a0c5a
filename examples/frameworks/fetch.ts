// What Bun, Deno and Cloudflare Workers take, too: a function from Request to Response.
import { setTimeout as pause } from 'node:timers/promises'

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/') return new Response('Hello from fetch\n')
    if (pathname !== '/slow') return new Response('Not found\n', { status: 404 })
    await pause(1_000)
    return new Response('A slow hello from fetch\n')
  },
}
