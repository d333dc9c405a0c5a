/** `saola store serve`: the store alone, as a server of its own, in the foreground. */
import { formatAddress } from '../base/address.ts'
import { messageOf, ServerError } from '../base/errors.ts'
import { createLog, formatJson, formatPretty, type Log, type LogFields, type LogRecord } from '../base/log.ts'
import type { Config } from '../config/config.ts'
import { describeIssues } from '../config/problems.ts'
import { storeOptions } from '../store/options.ts'
import type { OwnerSpec } from '../store/owner/owner-spec.ts'
import { type RunningOwner, runOwner } from '../store/owner/run-owner.ts'
import { checkDoor } from '../store/resp/door.ts'
import { StoreError } from '../store/store-error.ts'
import { doorOf, ownerSpecOf } from './define-store.ts'

export interface ServeStoreOptions {
  readonly version: string
  /** The settings of the section `store` that were given, as a configuration would have them; the folder is absolute. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Lines for programs. */
  readonly json: boolean
}

const threadFile = new URL(import.meta.url.endsWith('.ts') ? './store-sync.ts' : './store-sync.js', import.meta.url)
const interruptedExitCode = 130
/** Events that somebody should look at. */
const troubles = /damaged|failed|wrong|refused|forbidden|closed|trouble|full|replaced/

/**
 * Serves until SIGTERM or SIGINT; then what has come is answered, and the store is closed. A second signal does not wait for that.
 * Resolves with the exit code.
 *
 * @throws {ServerError} ERR_CONFIG_INVALID, ERR_ADDRESS_UNAVAILABLE; ERR_ALREADY_RUNNING when another process has the folder.
 */
export async function serveStore({ version, settings, json }: ServeStoreOptions): Promise<number> {
  const spec = specOf(settings)
  const log = createLog({ write: record => write(record, json) })
  process.title = 'saola: store'
  // Whoever reads the log may leave: the store goes on without a word.
  process.stdout.on('error', () => {})
  const stopped = Promise.withResolvers<NodeJS.Signals>()
  const stop = (signal: NodeJS.Signals) => {
    stopped.resolve(signal)
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(interruptedExitCode))
  }
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, stop)
  process.on('SIGHUP', () => {})
  // Nothing is made in the folder when there is nowhere to listen.
  if (spec.door) await checkDoor(spec.door)
  const owner = await open(spec, log)
  if (!json) process.stdout.write(banner(spec, owner, version))
  log.info('store.ready', { pid: process.pid, dir: spec.dir, bootMs: Math.round(performance.now()) })
  const signal = await stopped.promise
  log.info('store.stopping', { signal, connections: owner.connections })
  await owner.close({ isForGood: true })
  log.info('store.stopped', {})
  return 0
}

function specOf(settings: ServeStoreOptions['settings']): OwnerSpec {
  const result = storeOptions.safeParse(settings, { reportInput: true })
  if (!result.success) {
    const issues = result.error.issues.map(issue => ({ ...issue, path: ['store', ...issue.path] }))
    const problems = describeIssues(issues, new Map())
    throw new ServerError('ERR_CONFIG_INVALID', 'The store cannot be served like this:', { problems })
  }
  const config = { store: result.data } as Pick<Config, 'store'>
  return { ...ownerSpecOf(config), door: doorOf(config) }
}

async function open(spec: OwnerSpec, log: Log): Promise<RunningOwner> {
  const tell = (event: string, fields: Record<string, unknown>) =>
    troubles.test(event) ? log.warn(event, fields as LogFields) : log.info(event, fields as LogFields)
  try {
    return await runOwner(spec, { threadFile, onIdle: () => {}, isKept: () => true, log: tell })
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    const isTaken = error.code === 'STORE_UNAVAILABLE'
    throw new ServerError(isTaken ? 'ERR_ALREADY_RUNNING' : 'ERR_CONFIG_INVALID', messageOf(error), { cause: error })
  }
}

function write(record: LogRecord, json: boolean): void {
  const color = process.stdout.isTTY === true && !process.env.NO_COLOR
  process.stdout.write(`${json ? formatJson(record) : formatPretty(record, { color })}\n`)
}

function banner({ dir, door }: OwnerSpec, { addresses }: RunningOwner, version: string): string {
  const secured = [door?.password === undefined ? 'no password' : 'a password', door?.tls ? 'TLS' : 'no TLS']
  const lines = [
    `Saola ${version} serves the store in ${dir} (pid ${process.pid}, Node ${process.version})`,
    '',
    ...addresses.map(address => `  store    ${formatAddress(address)}   ${secured.join(', ')}`),
    '',
    '  stop     Ctrl-C, or SIGTERM',
    `  look     saola store info --dir ${dir}`,
    '',
  ]
  return `\n${lines.join('\n')}\n`
}
