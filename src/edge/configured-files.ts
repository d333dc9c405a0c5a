/** Files that a configuration names, looked at before anybody serves by them. */
import { access, constants, stat } from 'node:fs/promises'
import { codeOf, messageOf } from '../base/errors.ts'
import { checkUsersFile } from './access/users.ts'
import { checkPage } from './error-pages/error-pages.ts'
import type { EdgeSettings } from './options.ts'

/** What is wrong with the file or folder of an option. */
export interface FileProblem {
  /** Below `edge`. */
  readonly path: readonly PropertyKey[]
  /** `expected a file of users, got "/etc/users" (there is no such file)` */
  readonly message: string
}

type Settings = Pick<EdgeSettings, 'access' | 'errorPages' | 'rateLimit' | 'static'>

interface Look {
  readonly path: readonly PropertyKey[]
  readonly file: string
  readonly what: string
  /** @throws {Error} why it cannot be used. */
  check(file: string): Promise<void>
}

/** Without these files no worker starts. A module is not run: that is for the workers to do. */
export function findFileProblems({ access: rules, errorPages, rateLimit }: Settings): Promise<readonly FileProblem[]> {
  const users = rules.flatMap(({ basic }, index): Look[] =>
    basic?.file === undefined
      ? []
      : [
          {
            path: ['access', index, 'basic', 'file'],
            file: basic.file,
            what: 'a file of users',
            check: checkUsersFile,
          },
        ],
  )
  const { intercept: _, ...files } = errorPages
  const pages = Object.entries(files).map(
    ([status, file]): Look => ({ path: ['errorPages', status], file: String(file), what: 'a page', check: checkPage }),
  )
  const modules = rateLimit.flatMap(({ key }, index): Look[] =>
    typeof key === 'object' && 'module' in key
      ? [{ path: ['rateLimit', index, 'key', 'module'], file: key.module, what: 'a module', check: checkFile }]
      : [],
  )
  return look([...users, ...pages, ...modules])
}

/** Until these folders are there, nothing is found in them. A deployment may make them later. */
export function findFolderProblems({ static: mounts }: Settings): Promise<readonly FileProblem[]> {
  return look(
    Object.entries(mounts).map(
      ([at, { dir }]): Look => ({ path: ['static', at, 'dir'], file: dir, what: 'a folder', check: checkFolder }),
    ),
  )
}

async function look(looks: readonly Look[]): Promise<readonly FileProblem[]> {
  const found = looks.map(async ({ path, file, what, check }) => {
    const reason = await check(file).then(
      () => undefined,
      error => reasons[codeOf(error) ?? ''] ?? messageOf(error),
    )
    return reason === undefined ? [] : [{ path, message: `expected ${what}, got ${JSON.stringify(file)} (${reason}).` }]
  })
  return (await Promise.all(found)).flat()
}

async function checkFile(file: string): Promise<void> {
  if (!(await stat(file)).isFile()) throw new Error('it is none')
  await access(file, constants.R_OK)
}

async function checkFolder(folder: string): Promise<void> {
  if (!(await stat(folder)).isDirectory()) throw new Error('it is none')
  await access(folder, constants.R_OK | constants.X_OK)
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of its path is no folder',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
}
