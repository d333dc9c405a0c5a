/** Texts with places for what only the one who starts a program knows: `--port 900{instance}`. */
import { ServerError } from './errors.ts'

export interface TemplateValues {
  /** For `{name}`. */
  readonly name?: string | undefined
  /** For `{instance}`: the number of a process among those of its name, from 0. */
  readonly instance?: number | undefined
  /** For `{env.X}`: Saola's own environment, and not that of the program, which may be made of it. */
  readonly env?: Readonly<NodeJS.ProcessEnv> | undefined
}

// A name of the environment as a shell has it: other braces, such as those of JSON, are the program's own.
const places = /\{(?:(name)|(instance)|env\.([A-Za-z_]\w*))\}/g

/**
 * The text with its places filled; those that there is no value for yet stay.
 *
 * ```ts
 * fillTemplate('{env.HOME}/run-{instance}.sock', { instance: 2, env: { HOME: '/srv' } })  // '/srv/run-2.sock'
 * ```
 *
 * @throws {ServerError} ERR_CONFIG_INVALID when a variable of the environment is not set.
 */
export function fillTemplate(text: string, { name, instance, env }: TemplateValues): string {
  return text.replace(places, (place, isName?: string, isInstance?: string, variable?: string) => {
    if (isName) return name ?? place
    if (isInstance) return instance === undefined ? place : String(instance)
    if (env === undefined || variable === undefined) return place
    const value = env[variable]
    if (value === undefined) {
      throw new ServerError(
        'ERR_CONFIG_INVALID',
        `expected the environment variable ${variable}, got none for ${place}`,
      )
    }
    return value
  })
}

/** The variables in a text that the environment does not have. */
export function unsetVariables(text: string, env: Readonly<NodeJS.ProcessEnv>): string[] {
  const variables = [...text.matchAll(places)].flatMap(([, , , variable]) => variable ?? [])
  return [...new Set(variables)].filter(variable => env[variable] === undefined)
}

/** A text of the same kind, for who reads what the places will be part of: `127.0.0.1:900{instance}` has a port. */
export function exampleOf(text: string): string {
  return text.replace(places, '1')
}

/** What a text becomes for so many processes: one text, if it is the same for all of them. */
export function formsOf(text: string, values: TemplateValues, instances: number): string[] {
  const length = text.includes('{instance}') ? instances : 1
  return Array.from({ length }, (_, instance) => fillTemplate(text, { ...values, instance }))
}
