/** Root and nobody, for what only one of them may do. */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { root, type TreeOptions } from './tree.ts'

export const isRoot = process.getuid?.() === 0

/** The user that every system has, by its number on Debian. */
export const nobody = 65_534

/**
 * A test of what only root may do. `tool` is a command that must work for it, too: in some containers not even root may
 * mount. Where it cannot run, it is counted as skipped, and one line says so.
 */
export function testAsRoot(title: string, run: (t: TestContext) => Promise<void>, tool: readonly string[] = []): void {
  test(title, t => {
    const [command, ...args] = tool
    const isPossible = isRoot && (command === undefined || spawnSync(command, args).status === 0)
    if (isPossible) return run(t)
    const reason = isRoot ? `"${tool.join(' ')}" is not permitted here` : 'it needs root'
    console.error(`Not tested, because ${reason}: ${title}.`)
    t.skip(reason)
    return undefined
  })
}

/** What begins the command line of a tree that is not to run as root. Nothing, where nobody is root anyway. */
export const asNobody: readonly string[] = isRoot
  ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--']
  : []

/**
 * The program and Node at places where every user may read them: those of the project, or copies when the project is in
 * somebody's own folder.
 */
export function openProgram(t: TestContext): Pick<TreeOptions, 'node' | 'bin'> {
  if (!isRoot || (isOpen(root) && isOpen(process.execPath))) return {}
  const copy = mkdtempSync(join(tmpdir(), 'saola-program-'))
  t.after(() => rmSync(copy, { recursive: true, force: true }))
  chmodSync(copy, 0o755)
  cpSync(join(root, 'dist'), join(copy, 'dist'), { recursive: true })
  cpSync(join(root, 'package.json'), join(copy, 'package.json'))
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object }
  for (const name of Object.keys(dependencies)) {
    cpSync(join(root, 'node_modules', name), join(copy, 'node_modules', name), { recursive: true, dereference: true })
  }
  cpSync(process.execPath, join(copy, 'node'))
  return { node: join(copy, 'node'), bin: join(copy, 'dist', 'bin.js') }
}

/** Whether others may go into each folder on the way. */
function isOpen(path: string): boolean {
  const mayPass = (statSync(path).mode & 0o001) !== 0
  return mayPass && (path === dirname(path) || isOpen(dirname(path)))
}
