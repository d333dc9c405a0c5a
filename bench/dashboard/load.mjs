// `node load.mjs PORT RATE`: so many requests a second over a few connections, until it is ended.
import { openLoop } from '../support/open-loop.mjs'

const [port, perSecond] = process.argv.slice(2).map(Number)
for (;;) await openLoop({ port, perSecond, seconds: 5, connectionsMax: 100 })
