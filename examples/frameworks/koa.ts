import { setTimeout as pause } from 'node:timers/promises'
import Koa from 'koa'

const app = new Koa()

app.use(async context => {
  if (context.path === '/') {
    context.body = 'Hello from Koa\n'
  } else if (context.path === '/slow') {
    await pause(1_000)
    context.body = 'A slow hello from Koa\n'
  }
})

export default app
