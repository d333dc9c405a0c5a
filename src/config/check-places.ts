import { unsetVariables } from '../base/templates.ts'

/** A text with places to be filled, and the setting that it is in: `command`, `env.PATH`. */
export interface PlacedText {
  readonly path: string
  readonly text: string
}

/** Those of a setting that is one text or a list of them. */
export function textsIn(path: string, value: unknown): PlacedText[] {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value]
  return texts.flatMap(text => (typeof text === 'string' ? [{ path, text }] : []))
}

/** Those of settings that are files. */
export function textsInFiles(files: Readonly<Record<string, unknown>>): PlacedText[] {
  return Object.entries(files).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null && 'file' in value ? textsIn(`${key}.file`, value.file) : [],
  )
}

/** Every variable that is used must be there, and its value may not be read as a part of a shell's program. */
export function checkPlaces(
  { where, texts, shell = false }: { where: string; texts: readonly PlacedText[]; shell?: boolean | undefined },
  env: NodeJS.ProcessEnv,
): string[] {
  const problems = texts.flatMap(({ path, text }) => {
    if (path === 'command' && shell && unsetVariables(text, {}).length > 0) {
      const [variable = ''] = unsetVariables(text, {})
      return [`${where}.command expected "$${variable}" for {env.${variable}}: the shell puts the value in safely.`]
    }
    return unsetVariables(text, env).map(
      variable => `${where}.${path} expected the environment variable ${variable}, got none for {env.${variable}}.`,
    )
  })
  return [...new Set(problems)]
}
