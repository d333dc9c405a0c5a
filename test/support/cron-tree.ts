/** Trees with a section `cron`. */
import type { TestContext } from 'node:test'
import { follow } from '../../src/control/client.ts'
import type { CronResult, CronStatus } from '../../src/ipc/status.ts'
import { startTree, type Tree, type TreeOptions } from './tree.ts'
import { until } from './until.ts'

export const cronFiles = { 'app.mjs': 'export default { fetch: () => new Response("hello") }' }

/** The configuration of a small application with these entries. */
export function cronConfig(cron: object): object {
  return { name: 'shop', apps: { web: { app: './app.mjs', listen: 'unix:./web.sock' } }, cron }
}

/** A tree with these entries, when it is ready. */
export function startCronTree(t: TestContext, cron: object, options: TreeOptions = {}): Promise<Tree> {
  return startTree(t, { config: cronConfig(cron), ...options, files: { ...cronFiles, ...options.files } })
}

/** What `status` says of an entry. */
export async function cronStatus(tree: Tree, name: string): Promise<CronStatus> {
  const entry = (await tree.status()).cron?.find(entry => entry.name === name)
  if (!entry) throw new Error(`The tree has no entry ${name}.`)
  return entry
}

/** The same, as soon as it is so. */
export function untilCron(tree: Tree, name: string, isSo: (entry: CronStatus) => boolean): Promise<CronStatus> {
  return until(`cron ${name} is so: ${isSo}`, async () => {
    const entry = await cronStatus(tree, name)
    return isSo(entry) && entry
  })
}

/** Begins a run, as `saola run NAME --detach` does, without a process for it. */
export async function runDetached(tree: Tree, name: string): Promise<void> {
  const told = await Array.fromAsync(follow(tree.controlSocket, 'run', { name, detach: true }))
  const wrong = told.find(({ type }) => type === 'refused')
  if (told.length === 0 || wrong) throw new Error(`${name} was not begun: ${JSON.stringify(told)}`)
}

/** Runs an entry, and waits for its end. */
export async function runToEnd(tree: Tree, name: string): Promise<CronResult> {
  await runDetached(tree, name)
  const { last } = await untilCron(tree, name, status => status.last !== undefined)
  if (!last) throw new Error(`${name} has not run`)
  return last
}

/** A shell command that goes on until a file is there. */
export function untilFile(file: string): string {
  return `echo began; while [ ! -e ${file} ]; do sleep 0.05; done; rm ${file}; echo ended`
}
