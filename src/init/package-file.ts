import { isDeepStrictEqual } from 'node:util'
import { addMember } from './json-members.ts'
import type { PlannedFile } from './planned-file.ts'
import type { PackageJson, Project } from './project.ts'

/** package.json with what starts Saola, as far as there is one, and what is to be said about it. */
export interface PlannedPackage {
  readonly file: PlannedFile
  readonly notes: readonly string[]
}

interface Member {
  readonly section: 'scripts' | 'dependencies'
  readonly key: string
  readonly value: string
}

/** Undefined without a package.json. `version` is the one of this Saola. */
export function planPackage({ package: found, packageText }: Project, version: string): PlannedPackage | undefined {
  if (!found || packageText === undefined) return undefined
  const scripts = [scriptFor(found, 'start'), scriptFor(found, 'dev')].filter(script => script !== undefined)
  const hasSaola = 'saola' in found.dependencies || 'saola' in found.devDependencies
  const members: Member[] = [
    ...scripts,
    ...(hasSaola ? [] : [{ section: 'dependencies', key: 'saola', value: `^${version}` } as const]),
  ]
  const text = members.reduce((before, member) => add(before, member), packageText)
  const added = members.map(({ section, key }) => `${section}.${key}`)
  return {
    file: { path: 'package.json', text, added, has: 'has its scripts and saola' },
    notes: notesOf(found, scripts),
  }
}

/** A script of this name that does something else stays: ours gets another name. */
function scriptFor({ scripts }: PackageJson, verb: 'start' | 'dev'): Member | undefined {
  const isOurs = (script: string) => script.includes(`saola ${verb}`)
  const ownName = `saola:${verb}`
  if (Object.values(scripts).some(isOurs) || scripts[ownName] !== undefined) return undefined
  return { section: 'scripts', key: scripts[verb] === undefined ? verb : ownName, value: `saola ${verb}` }
}

function notesOf({ devDependencies }: PackageJson, scripts: readonly Member[]): string[] {
  const renamed = scripts.filter(({ key }) => key.startsWith('saola:')).map(({ key }) => key)
  return [
    ...renamed.map(key => {
      const own = key.replace('saola:', '')
      return `scripts.${own} does something else and stays; "npm run ${key}" runs Saola.`
    }),
    ...('saola' in devDependencies
      ? ['saola is in devDependencies, which an installation for production leaves out: move it to dependencies.']
      : []),
  ]
}

/** One more member, at its place in the text. Should that have gone wrong, the text is written anew. */
function add(text: string, { section, key, value }: Member): string {
  const before = JSON.parse(text.replace(/^\uFEFF/, ''))
  const after = { ...before, [section]: { ...before[section], [key]: value } }
  const edited = addMember(text, [section, key], value)
  try {
    if (isDeepStrictEqual(JSON.parse(edited.replace(/^\uFEFF/, '')), after)) return edited
  } catch {
    // Not JSON any more: the text had something that is not looked for.
  }
  return `${JSON.stringify(after, undefined, 2)}\n`
}
