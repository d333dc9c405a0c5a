/** What rooms write into Saola's own log, for docs/reference/events.md. */

export interface LogEvent {
  readonly level: 'info' | 'warn' | 'error'
  /** Beside those that every line of a worker has. */
  readonly fields: readonly string[]
  /** When it is written, and what to do about it. */
  readonly meaning: string
}

/** By name: small words with hyphens, from the room to what has happened. */
export type LogEvents = Readonly<Record<string, LogEvent>>

/** A table of docs/reference/events.md. */
export function renderLogEvents(events: LogEvents): string[] {
  const rows = Object.entries(events).map(([name, { level, fields, meaning }]) => {
    return `| \`${name}\` | ${level} | ${fields.map(field => `\`${field}\``).join(', ')} | ${meaning} |`
  })
  return ['| event | level | fields | meaning |', '|---|---|---|---|', ...rows]
}
