/** Which running tree a command means, and the control socket that it answers at. */
import { readdirSync, realpathSync } from 'node:fs'
import net from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { codeOf, ServerError } from '../base/errors.ts'
import { controlSocketOf, stateFolderOf } from '../base/state-folder.ts'
import { suggest } from '../base/suggest.ts'
import { call } from '../control/client.ts'

/** What was said on the command line about the tree that is meant. */
export interface TreeChoice {
  /** `-c`: the configuration that it was started with. */
  readonly config?: string | undefined
  readonly name?: string | undefined
}

/** Where the command was given. */
export interface Surroundings {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

interface RunningTree {
  readonly name: string
  readonly socket: string
}

const statusWaitMs = 3_000

/**
 * The control socket of the tree that is meant: the one that runs here, or the one that `-c` or `--name` chooses. A
 * socket that a dead tree left behind does not count.
 *
 * ```ts
 * const socket = await findTree({ name: 'shop' }, { cwd: process.cwd(), env: process.env })
 * ```
 *
 * @throws {ServerError} ERR_NOT_RUNNING when there is none, ERR_TREE_AMBIGUOUS when there are several.
 */
export async function findTree(choice: TreeChoice, surroundings: Surroundings): Promise<string> {
  const { cwd, env } = surroundings
  const folder = choice.config === undefined ? cwd : dirname(resolve(cwd, choice.config))
  const running = await treesIn(folder, env)
  const meant = await narrow(running, choice, cwd)
  const [tree] = meant
  if (meant.length > 1) throw ambiguous(meant, folder)
  // A configuration can put its socket elsewhere. Reading it takes long, so that comes last.
  const socket = tree?.socket ?? (await configuredSocket(choice, surroundings))
  if (socket === undefined) throw notRunning(choice, folder, running)
  return socket
}

/** The trees whose state folder is in `<folder>/.saola` and that answer. */
async function treesIn(folder: string, env: NodeJS.ProcessEnv): Promise<RunningTree[]> {
  const known = namesIn(join(folder, '.saola')).map(name => ({
    name,
    socket: controlSocketOf(stateFolderOf(folder, name), env),
  }))
  const answers = await Promise.all(known.map(({ socket }) => isLive(socket)))
  return known.filter((_, index) => answers[index])
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(entry => entry.name)
      .sort()
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return []
    throw new ServerError('ERR_CONTROL_UNREACHABLE', `Cannot look into ${folder} (${codeOf(error)}).`, { cause: error })
  }
}

/** Does anybody listen? A socket that may not be opened is somebody's: then the call itself says what is wrong. */
function isLive(socketPath: string): Promise<boolean> {
  return new Promise(done => {
    const socket = net.connect({ path: socketPath })
    socket.once('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.once('error', error => done(!['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].includes(codeOf(error) ?? '')))
  })
}

async function narrow(running: readonly RunningTree[], choice: TreeChoice, cwd: string): Promise<RunningTree[]> {
  if (choice.name !== undefined) return running.filter(({ name }) => name === choice.name)
  if (choice.config === undefined) return [...running]
  // The tree itself is asked, and not the file: that may have been renamed inside, or be wrong by now.
  const file = realPathOf(resolve(cwd, choice.config))
  const statuses = await Promise.all(
    running.map(({ socket }) => call(socket, 'status', {}, { timeoutMs: statusWaitMs }).catch(() => undefined)),
  )
  return running.filter((_, index) => {
    const configFile = statuses[index]?.configFile
    return configFile !== undefined && realPathOf(configFile) === file
  })
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    // It is gone; its name can still be compared.
    return path
  }
}

async function configuredSocket({ config, name }: TreeChoice, { cwd, env }: Surroundings): Promise<string | undefined> {
  try {
    const { findConfigFile } = await import('../config/find-file.ts')
    const file = config ?? findConfigFile(cwd)
    if (file === undefined) return undefined
    const { loadConfig } = await import('../config/load.ts')
    const loaded = await loadConfig({ cwd, file, flags: { name }, env, mode: 'start' })
    const { socket } = loaded.config.control
    return (await isLive(socket)) ? socket : undefined
  } catch {
    // A configuration that cannot be read tells of no tree; "saola check" says what is wrong with it.
    return undefined
  }
}

function ambiguous(trees: readonly RunningTree[], folder: string): ServerError {
  const problems = trees.map(({ name }) => `--name ${name}`)
  return new ServerError('ERR_TREE_AMBIGUOUS', `${trees.length} trees run in ${folder}. Choose one:`, { problems })
}

function notRunning({ config, name }: TreeChoice, folder: string, running: readonly RunningTree[]): ServerError {
  const names = running.map(tree => tree.name)
  if (name !== undefined && names.length > 0) {
    const meant = suggest(name, names)
    const hint = meant ? `did you mean ${meant}?` : `there is ${names.join(', ')}.`
    return new ServerError('ERR_NOT_RUNNING', `No tree "${name}" runs in ${folder}, ${hint}`)
  }
  const what = name !== undefined ? `No tree "${name}" runs in` : 'No tree runs in'
  const from = config !== undefined && name === undefined ? ` with ${config}` : ''
  const other = config === undefined ? ', or choose the folder of another one with -c FILE' : ''
  return new ServerError('ERR_NOT_RUNNING', `${what} ${folder}${from}. Start one with "saola start"${other}.`)
}
