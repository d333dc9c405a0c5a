// Those who are compared: each is `{ name, pids, add, addMany, clear, startWorker, close }`, on a server of its own.
import { openBullmq, startRedis } from './task-peers.mjs'
import { startSaola } from './task-saola.mjs'

/** BullMQ on a redis-server without persistence beside Saola with its own store on the disk. */
export async function withEmbedded(work) {
  const redis = await startRedis()
  const contenders = [openBullmq(redis), await startSaola()]
  try {
    return await work(contenders)
  } finally {
    await Promise.allSettled(contenders.map(each => each.close()))
    await redis.stop()
  }
}

/** Both on the same redis-server, by TCP. */
export async function withRedis(work) {
  const redis = await startRedis()
  const contenders = [openBullmq(redis, { viaTcp: true }), await startSaola({ redis })]
  try {
    return await work(contenders)
  } finally {
    await Promise.allSettled(contenders.map(each => each.close()))
    await redis.stop()
  }
}
