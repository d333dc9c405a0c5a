// `node plain.mjs`: what everybody writes first. Also what PM2 and Watt run, and what Saola takes over.
import { createServer } from 'node:http'
import handler from './handler.mjs'

const server = createServer(handler)
// As long as Saola's, so that nobody closes connections that the others keep.
server.keepAliveTimeout = 65_000
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
