/** Runs one command of Saola to its end, in a folder. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { root } from './tree.ts'

export interface CommandOptions {
  readonly node?: string | undefined
  readonly bin?: string | undefined
  readonly env?: NodeJS.ProcessEnv
}

export interface CommandEnd {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export function runSaola(dir: string, args: readonly string[], options: CommandOptions = {}): CommandEnd {
  const { node = process.execPath, bin = join(root, 'dist', 'bin.js'), env = {} } = options
  const clean = Object.entries(process.env).filter(
    ([name]) => !/^(?:SAOLA_|npm_|NODE_OPTIONS$|PORT$|WEB_CONC)/.test(name),
  )
  const { status, stdout, stderr } = spawnSync(node, [bin, ...args], {
    cwd: dir,
    encoding: 'utf8',
    env: { ...Object.fromEntries(clean), ...env },
    timeout: 120_000,
  })
  return { code: status, stdout, stderr }
}

export interface ProjectOptions {
  /** Path in the folder → text. */
  readonly files: Readonly<Record<string, string>>
  /** What the folder is in; that of temporary files by default. */
  readonly parent?: string
  /** Its name, which is that of the tree where there is no package.json. */
  readonly name?: string
  /** Whether saola is in its node_modules: by default it is. */
  readonly hasSaola?: boolean
  readonly packages?: readonly string[]
}

/** A project of somebody's, gone with the test. */
export function makeProject(
  t: TestContext,
  { files, parent = tmpdir(), name = 'shop', hasSaola = true, packages = [] }: ProjectOptions,
): string {
  const above = realpathSync(mkdtempSync(join(parent, 'saola-project-')))
  t.after(() => rmSync(above, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 }))
  const dir = join(above, name)
  mkdirSync(dir)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  const modules = join(dir, 'node_modules')
  if (hasSaola || packages.length > 0) mkdirSync(modules, { recursive: true })
  if (hasSaola) symlinkSync(root, join(modules, 'saola'))
  for (const each of packages) symlinkSync(join(root, 'node_modules', each), join(modules, each))
  return dir
}
