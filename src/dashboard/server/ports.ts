/** What the dashboard needs to look into the store and at tasks; it is given them, and knows neither room. */
import type {
  JobPage,
  JobState,
  JobView,
  KeyPage,
  KeyView,
  StoreInputs,
  StoreView,
  TaskDone,
  TaskInputs,
  TasksView,
  TopicMessage,
} from '../api.ts'

export interface StorePort {
  view(): Promise<StoreView>
  keys(query: { readonly prefix: string; readonly after: string | undefined }): Promise<KeyPage>
  /** Undefined when there is none. */
  key(query: { readonly id: string; readonly after: string | undefined }): Promise<KeyView | undefined>
  set(input: StoreInputs['set']): Promise<void>
  delete(input: StoreInputs['delete']): Promise<void>
  expire(input: StoreInputs['expire']): Promise<void>
  /**
   * Calls `hear` with what is published from now on to topics of this pattern, and `miss` when the connection was broken for a while;
   * returns how to end it.
   */
  listen(pattern: string, hear: (message: TopicMessage) => void, miss: () => void): Promise<() => void>
}

export interface JobQuery {
  readonly state: JobState | undefined
  readonly task: string | undefined
  readonly queue: string | undefined
  readonly after: string | undefined
}

export interface TasksPort {
  view(): Promise<TasksView>
  jobs(query: JobQuery): Promise<JobPage>
  /** Undefined when there is none. */
  job(id: string): Promise<JobView | undefined>
  retry(input: TaskInputs['retry']): Promise<TaskDone>
  cancel(input: TaskInputs['cancel']): Promise<TaskDone>
  remove(input: TaskInputs['remove']): Promise<TaskDone>
  pause(input: TaskInputs['pause']): Promise<TaskDone>
  resume(input: TaskInputs['resume']): Promise<TaskDone>
}
