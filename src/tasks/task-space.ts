/** Where jobs go: the store of the tree, one that was opened, or that of a test. */
import { ServerError } from '../base/errors.ts'
import { engineOf } from '../store/engine-of.ts'
import type { Engine } from '../store/engines/engine.ts'
import type { Store } from '../store/store.ts'
import { StoreError } from '../store/store-error.ts'
import { nowOf } from '../store/structures/structure.ts'
import { store } from '../store/tree-store.ts'
import type { NewJob } from './engine/job.ts'
import { TaskEngine } from './engine/task-engine.ts'
import type { RunnableTask } from './runnable-task.ts'
import { TaskError } from './task-error.ts'

/** What is asked of it while a job is made. */
export interface Place {
  /** Milliseconds since 1970. */
  date(): number
  /** For a test: which tasks there are, that jobs have come, and that one was cancelled. */
  readonly observer?: SpaceObserver | undefined
}

export interface TaskSpace extends Place {
  readonly engine: Engine
  readonly commands: TaskEngine
}

/** A task whose code is in this process. */
export interface ObservedTask extends RunnableTask {
  prepare(space: Place, called: { input: { value: unknown }; options: object }): Promise<NewJob>
}

export interface SpaceObserver {
  meet(task: ObservedTask): void
  find(id: string): ObservedTask | undefined
  enqueued(): Promise<void>
  cancelled(): Promise<void>
}

export function spaceOn(given: Store): TaskSpace {
  const engine = engineOf(given)
  return { engine, commands: new TaskEngine(engine), date: () => Date.now() }
}

/** Milliseconds by which this process waits; a test moves them. */
export function waitingNow({ engine }: TaskSpace): number {
  return nowOf(engine)
}

let ofTree: TaskSpace | undefined
let ofTest: TaskSpace | undefined

/**
 * That of a test, or else of the tree that has started this process.
 *
 * @throws {TaskError} TASK_NO_STORE outside of a tree.
 */
export function currentSpace(): TaskSpace {
  if (ofTest) return ofTest
  ofTree ??= openTreeSpace()
  return ofTree
}

function openTreeSpace(): TaskSpace {
  try {
    return spaceOn(store)
  } catch (cause) {
    if (!(cause instanceof StoreError || cause instanceof ServerError)) throw cause
    const message =
      'This process was not started by Saola, so it has no store for tasks: in a script use openTasks(openStore({ dir })), ' +
      "in a test createTestTasks() of 'saola/testing'."
    throw new TaskError('TASK_NO_STORE', message, { cause })
  }
}

/** From now on all goes to this one; returns what ends that. @throws {TaskError} TASK_ARGUMENT_INVALID when there is one already. */
export function useTestSpace(space: TaskSpace): () => void {
  if (ofTest) {
    const message =
      'createTestTasks was called before the one of another test was closed: await using tasks = createTestTasks().'
    throw new TaskError('TASK_ARGUMENT_INVALID', message)
  }
  ofTest = space
  return () => {
    if (ofTest === space) ofTest = undefined
  }
}
