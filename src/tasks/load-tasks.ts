/** Finds the tasks of a folder: each module in it is imported, and what it exports is looked at. */
import { readdirSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { messageOf } from '../base/errors.ts'
import { loadModule } from '../base/load-module.ts'
import { quoted } from '../base/printable.ts'
import { Task } from './define-task.ts'
import { schedulesAmong } from './schedule/declared-schedule.ts'
import { TaskError } from './task-error.ts'

/** What the modules of a folder of tasks export. */
export interface LoadedTasks {
  /** By their ids, in the order of their files; then those that no module exports, but a schedule runs. */
  readonly tasks: ReadonlyMap<string, Task<unknown, unknown>>
  /** Everything that the modules export and is no task, such as schedules. */
  readonly others: readonly unknown[]
  /** What is probably a mistake, as sentences. */
  readonly warnings: readonly string[]
}

const endings = /\.(?:ts|mts|js|mjs)$/
const leftOut = /^[_.]|\.(?:test|spec)\.(?:ts|mts|js|mjs)$|\.d\.m?ts$/
const filesMax = 10_000

/**
 * The tasks of all modules in a folder and those in it, in the order of their names. Left out are tests (`.test.ts`, `.spec.ts`), files
 * and folders that begin with `_` or `.`, and node_modules. A task without an id is named after its file, `db/migrate.ts`
 * → `db:migrate`, and when it is not its default export, after that, too: `db:migrate:users`.
 *
 * @throws {TaskError} TASK_MODULE_FAILED for a folder that cannot be read or a module that throws, which is named; TASK_DUPLICATE for two
 *   tasks of one id, with both files.
 */
export async function loadTasks(dir: string): Promise<LoadedTasks> {
  const root = resolve(dir)
  const tasks = new Map<string, Task<unknown, unknown>>()
  const files = new Map<string, string>()
  const others: unknown[] = []
  const hidden: [Task<unknown, unknown>, string][] = []
  const warnings: string[] = []
  const modules = findModules(root)
  if (modules.length === 0) warnings.push(`${quoted(root)} has no module of tasks: nothing is run.`)
  for (const file of modules) {
    const found = Object.entries(await importNamed(join(root, file), file))
    const ours = nameTasks(file, found)
    for (const task of ours) addTask(task, file, { tasks, files })
    const rest = found.map(([, value]) => value).filter(value => !(value instanceof Task))
    others.push(...rest)
    for (const { task } of schedulesAmong(rest)) if (task instanceof Task) hidden.push([task, file])
    if (ours.length === 0) warnings.push(withoutTask(file, rest))
  }
  // Its schedule is enough to know it. One without a name is told when the schedule begins: nothing can enqueue it.
  for (const [task, file] of hidden) if (task.hasId) addTask(task, file, { tasks, files })
  return { tasks, others, warnings: warnings.filter(Boolean) }
}

interface Found {
  readonly tasks: Map<string, Task<unknown, unknown>>
  readonly files: Map<string, string>
}

function addTask(task: Task<unknown, unknown>, file: string, { tasks, files }: Found): void {
  const before = files.get(task.id)
  if (before !== undefined && tasks.get(task.id) !== task) throw duplicate(task.id, before, file)
  if (before !== undefined) return
  tasks.set(task.id, task)
  files.set(task.id, file)
}

/** Their paths within the folder, sorted. */
function findModules(root: string): string[] {
  try {
    const entries = readdirSync(root, { recursive: true, withFileTypes: true })
    return entries
      .filter(entry => entry.isFile() || entry.isSymbolicLink())
      .map(entry => relative(root, join(entry.parentPath, entry.name)))
      .filter(isModule)
      .sort()
      .slice(0, filesMax)
  } catch (cause) {
    const message = `The folder of the tasks cannot be read: ${root} (${messageOf(cause)}). Make it, or change tasks.dir.`
    throw new TaskError('TASK_MODULE_FAILED', message, { cause })
  }
}

function isModule(path: string): boolean {
  const steps = path.split(sep)
  return endings.test(path) && steps.every(step => !leftOut.test(step) && step !== 'node_modules')
}

async function importNamed(path: string, file: string): Promise<Record<string, unknown>> {
  try {
    return await loadModule(path)
  } catch (cause) {
    const message = `The file of tasks ${quoted(file)} cannot be imported: ${messageOf(cause)}`
    throw new TaskError('TASK_MODULE_FAILED', message, { cause })
  }
}

/** The tasks among the exports; those without an id have one then. */
function nameTasks(file: string, found: readonly (readonly [string, unknown])[]): Task<unknown, unknown>[] {
  const unnamed = found.filter(([, value]) => value instanceof Task && !value.hasId)
  const isAlone = new Set(unnamed.map(([, task]) => task)).size === 1
  const base = file.replace(endings, '').split(sep).join(':')
  for (const [name, task] of unnamed) {
    if (task instanceof Task && !task.hasId)
      task.nameAfterFile(isAlone || name === 'default' ? base : `${base}:${name}`)
  }
  return found.flatMap(([, value]) => (value instanceof Task ? [value] : []))
}

function duplicate(id: string, before: string, file: string): TaskError {
  const where =
    before === file ? `${quoted(file)} defines two` : `${quoted(before)} and ${quoted(file)} both define one`
  return new TaskError('TASK_DUPLICATE', `Two tasks have the id ${quoted(id)}: ${where}. Give one of them another.`)
}

/** A file of schedules has no task, and is right. */
function withoutTask(file: string, exports: readonly unknown[]): string {
  if (exports.some(value => typeof value === 'object' && value !== null && 'rules' in value)) return ''
  return `${quoted(file)} exports no task: export what defineTask returns, or begin its name with "_".`
}
