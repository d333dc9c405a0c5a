import { durationMsMax } from '../structures/structure.ts'

/** So many milliseconds as the store takes them: whole ones, at least one, at most a hundred years. */
export function lifetimeOf(ms: number): string {
  return `${Math.min(Math.max(1, Math.ceil(ms)), durationMsMax)}ms`
}
