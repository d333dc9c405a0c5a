/** What requests about tasks wait for: names that no key has, as they begin like those of a database that there is not. */
const prefix = '\0\xfftask'

function named(kind: string, name: string): Buffer {
  return Buffer.from(`${prefix} ${kind} ${name}`, 'utf8')
}

/** Something is ready in it, which nobody was woken for yet. */
export function queueName(queue: string): Buffer {
  return named('queue', queue)
}

/** The job has changed, and had this version before. */
export function versionName(id: string, version: number): Buffer {
  return named('version', `${version} ${id}`)
}

/** There is something to say to the worker, or its session is over. */
export function ordersName(worker: string): Buffer {
  return named('orders', worker)
}

/** A job of the worker has ended, for a claim that may not begin anything beside it. */
export function companyName(worker: string): Buffer {
  return named('company', worker)
}

/** A session of it has begun. */
export function enterName(worker: string): Buffer {
  return named('enter', worker)
}
