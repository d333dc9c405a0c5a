import { codeOf, messageOf, ServerError } from '../base/errors.ts'

/** An operating fault as one line for people, and one for each problem. Anything else is a bug, and has its stack. */
export function formatError(error: unknown): string {
  if (isOfStoreOrTasks(error)) return `saola: ${error.message}   [${error.code}]\n`
  if (!(error instanceof ServerError)) {
    return `saola: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`
  }
  const problems = error.problems.map(problem => `  ${problem}\n`)
  return `saola: ${error.message}   [${error.code}]\n${problems.join('')}`
}

/** By their codes: only verbs that use the store load it. */
function isOfStoreOrTasks(error: unknown): error is Error & { readonly code: string } {
  if (!(error instanceof Error)) return false
  const prefix = { StoreError: 'STORE_', TaskError: 'TASK_' }[error.name]
  return prefix !== undefined && codeOf(error)?.startsWith(prefix) === true
}
