/** Examples of the documentation, run as they stand there. */
import { writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The address of a module of `src`, by its path there without the ending. */
export const source = (name: string) => pathToFileURL(join(import.meta.dirname, '..', '..', 'src', `${name}.ts`)).href

export interface Example {
  /** Below node_modules, where its imports find the packages. */
  readonly folder: string
  readonly number: number
  readonly code: string
  /** The module that it gets for `saola/store`. */
  readonly stand: string
}

/** Runs to its end; what it imports of Saola is the source. */
export async function runExample({ folder, number, code, stand }: Example): Promise<void> {
  const store = join(folder, `store-${number}.mjs`)
  const example = join(folder, `example-${number}.mjs`)
  writeFileSync(store, stand)
  const imports = code
    .replaceAll("'saola/store'", `'${pathToFileURL(store).href}'`)
    .replace(/'saola\/([a-z-]+)'/g, (_, name) => `'${source(name)}'`)
  writeFileSync(example, stripTypeScriptTypes(imports))
  await import(pathToFileURL(example).href)
}
