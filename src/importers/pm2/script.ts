/** What PM2 would run an application with. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { basename, extname, resolve } from 'node:path'
import type { Pm2App } from './pm2-app.ts'

export interface Launch {
  /** It is JavaScript or TypeScript, run by Node. */
  readonly isNode: boolean
  /** Flags of Node. */
  readonly flags: readonly string[]
  /** The file, or the command where nothing interprets it. */
  readonly script: string
  /** The command and its arguments. */
  readonly words: readonly string[]
  /** One text for a shell, instead of the words. */
  readonly shell?: string
}

const interpreters: Readonly<Record<string, string>> = {
  '.sh': 'bash',
  '.py': 'python3',
  '.rb': 'ruby',
  '.php': 'php',
  '.pl': 'perl',
  '.coffee': 'coffee',
  '.ls': 'lsc',
}

/** How an application is started. */
export function readLaunch(app: Pm2App): Launch {
  const script = app.text('script') ?? ''
  const args = app.words('args')
  const flags = app.words('node_args')
  if (/\s/.test(script) && !exists(app, script)) return readCommandLine(script)
  const interpreter = interpreterOf(app, script)
  if (interpreter === undefined) return { isNode: false, flags: [], script, words: [script, ...args] }
  const isNode = /^node(?:js)?$/.test(basename(interpreter))
  return { isNode, flags: isNode ? flags : [], script, words: [interpreter, ...flags, script, ...args] }
}

/** PM2 gives what has blanks in it to bash. */
function readCommandLine(script: string): Launch {
  const isPlain = /^[\w@%+:,./=\s-]+$/.test(script) && !/^\w+=/.test(script.trim())
  const words = script.trim().split(/\s+/)
  return { isNode: false, flags: [], script, words, ...(isPlain ? {} : { shell: script }) }
}

/** The interpreter, or undefined where the script is a program itself. */
function interpreterOf(app: Pm2App, script: string): string | undefined {
  const chosen = app.text('exec_interpreter')
  if (chosen === 'none' || app.boolean('execute_command')) return undefined
  if (chosen !== undefined) return chosen.startsWith('node@') ? noteVersion(app) : chosen
  const extension = extname(script)
  if (/^\.tsx?$/.test(extension)) {
    app.report.changed(app.place('script'), 'PM2 runs it by Bun, and Saola by Node, which takes the types off itself')
    return 'node'
  }
  const known = interpreters[extension]
  if (known === 'python3')
    app.report.changed(app.place('script'), 'it runs by python3; PM2 takes python where there is one')
  if (known !== undefined) return known
  if (/^\.[cm]?js$/.test(extension)) return 'node'
  return isProgram(app, script) ? undefined : 'node'
}

function noteVersion(app: Pm2App): string {
  app.report.changed(app.place('exec_interpreter'), 'the node of the PATH is taken; write the path of another one')
  return 'node'
}

/** A name on the PATH such as npm, or a file that is not a text. */
function isProgram(app: Pm2App, script: string): boolean {
  const path = resolve(folderOf(app), script)
  if (!exists(app, script)) return !script.includes('/')
  const start = Buffer.alloc(512)
  try {
    if (!statSync(path).isFile()) return false
    const file = openSync(path, 'r')
    const length = readSync(file, start, 0, start.length, 0)
    closeSync(file)
    return start.subarray(0, length).includes(0)
  } catch {
    // It may not be read: PM2 would give it to Node.
    return false
  }
}

function exists(app: Pm2App, script: string): boolean {
  return statSync(resolve(folderOf(app), script), { throwIfNoEntry: false }) !== undefined
}

/** Where it runs, on this machine. */
export function folderOf(app: Pm2App): string {
  return resolve(app.context.base, app.text('cwd') ?? '.')
}
