import type * as z from 'zod'
import { formsOf } from '../base/templates.ts'
import { type ProgramOptions, programOptions } from '../programs/options.ts'
import { isSection } from './draft.ts'

/** A program as far as it can be read, so that what is wrong with one setting hides nothing that is wrong with another. */
export interface DraftProgram {
  readonly name: string
  /** `programs.redis` */
  readonly where: string
  readonly given: Partial<ProgramOptions>
  /** Settings that the schema refuses: what they are meant to be is not known. */
  readonly refused: ReadonlySet<string>
}

/** Those of a draft that are sections at all. */
export function readPrograms(programs: unknown): DraftProgram[] {
  if (!isSection(programs)) return []
  return Object.entries(programs).flatMap(([name, program]) => (isSection(program) ? [readProgram(name, program)] : []))
}

function readProgram(name: string, program: Readonly<Record<string, unknown>>): DraftProgram {
  return { name, where: `programs.${name}`, ...readSettings<ProgramOptions>(programOptions.shape, program) }
}

/** The settings of something as far as they can be read. */
export function readSettings<Options>(
  shape: Readonly<Record<string, z.ZodType>>,
  given: Readonly<Record<string, unknown>>,
): { given: Partial<Options>; refused: ReadonlySet<string> } {
  const results = Object.entries(shape).map(
    ([key, option]) => [key, option.safeParse(given[key], { jitless: true })] as const,
  )
  return {
    given: Object.fromEntries(
      results.flatMap(([key, { data }]) => (data === undefined ? [] : [[key, data]])),
    ) as Partial<Options>,
    refused: new Set(results.flatMap(([key, { success }]) => (success ? [] : [key]))),
  }
}

/** What becomes of a text for the processes of a program: one text, if it is the same for all. */
export function formsFor({ name, given }: DraftProgram, text: string, env: NodeJS.ProcessEnv): string[] {
  return formsOf(text, { name, env }, given.instances ?? 1)
}
