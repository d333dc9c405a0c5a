/** Root and nobody, for what only one of them may do. */
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { root, type TreeOptions } from './tree.ts'

export const isRoot = process.getuid?.() === 0

/** The user that every system has, by its number on Debian. */
export const nobody = 65_534

/**
 * A test that needs root. Without it, it is counted as skipped, and one line says so; with CI=true that is a failure.
 */
export function testAsRoot(title: string, run: (t: TestContext) => Promise<void>): void {
  test(title, t => {
    if (isRoot) return run(t)
    if (process.env.CI === 'true') throw new Error('Needs root, and with CI=true a test that cannot run is a failure.')
    console.error(`Not tested, because it needs root: ${title}.`)
    t.skip('needs root')
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
