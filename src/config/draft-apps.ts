import { isSection } from './draft.ts'

/** One application, unchecked. */
export interface DraftApp {
  readonly name: string
  readonly app: Readonly<Record<string, unknown>>
}

/** Those of a draft that are sections at all. */
export function readApps(apps: unknown): DraftApp[] {
  if (!isSection(apps)) return []
  return Object.entries(apps).flatMap(([name, app]) => (isSection(app) ? [{ name, app }] : []))
}
