import { resolve } from 'node:path'
import { explainOnce } from '../explain-once.ts'
import type { ImportFolders } from '../folders.ts'
import { countOf, type Imported } from '../imported.ts'
import { ProgramNames } from '../program-name.ts'
import { unreadable } from '../read-source.ts'
import { Report } from '../report.ts'
import { type Entry, entry, type Section, section } from '../source.ts'
import { readGroups } from './groups.ts'
import { type IniSection, nameOf } from './ini.ts'
import { variableOf } from './launch.ts'
import { noteOther } from './other-sections.ts'
import { choosePriorities } from './priorities.ts'
import { type Program, readPrograms } from './program.ts'
import { readSections } from './read-files.ts'
import type { Context } from './section-reader.ts'
import { readSupervisord, type Supervisord } from './supervisord.ts'

/** Where supervisord itself looks, from the current folder. */
export const supervisorFiles = ['supervisord.conf', 'etc/supervisord.conf', 'supervisor.conf']

const programsMax = 1_000

/**
 * Makes a configuration of a supervisord.conf.
 *
 * @throws {ServerError} ERR_IMPORT_UNREADABLE when there is nothing to be had from it.
 */
export function importSupervisor(file: string, { cwd, target }: ImportFolders): Imported {
  const report = new Report()
  const context = { cwd, target, report }
  const sections = readSections(file, cwd, report)
  const own = sections.filter(({ name }) => /^(?:fcgi-)?program:/.test(name))
  if (own.length === 0) throw unreadable(file, 'it has no [program:x]')
  const supervisord = readSupervisord(sections.find(({ name }) => name === 'supervisord') ?? none(file), context)
  const programs = readAll(own, sections, { ...context, supervisord })
  for (const other of sections.filter(({ name }) => !isRead(name))) noteOther(other, context)
  return {
    source: {
      comment: [`From ${file}, by "saola import supervisor".`],
      constants: constantsOf(supervisord, resolve(target)),
      config: section([...supervisord.entries, entry('programs', explainOnce(programs, 'stopMode', stopComment))]),
    },
    notes: report.notes,
    summary: countOf(programs.entries.length, 'program'),
  }
}

function none(file: string): IniSection {
  return { name: 'supervisord', file, line: 1, entries: new Map() }
}

function isRead(name: string): boolean {
  return name === 'supervisord' || /^(?:program|fcgi-program|group):/.test(name)
}

interface Whole extends Context {
  readonly supervisord: Supervisord
}

function readAll(own: readonly IniSection[], sections: readonly IniSection[], context: Whole): Section {
  const { supervisord, report } = context
  const { groupOf, priorityOf } = readGroups(sections, new Set(own.map(nameOf)), context)
  const programs = own.flatMap(ini => readPrograms(ini, { ...context, ...supervisord, groupOf }))
  if (programs.length > programsMax) {
    throw unreadable(own[0]?.file ?? '', `it would be ${programs.length} programs, and ${programsMax} are the most`)
  }
  const groupPriority = ({ program }: Program) => priorityOf.get(groupOf.get(program) ?? '')
  const priorities = choosePriorities(programs.map(each => ({ own: each.priority, group: groupPriority(each) })))
  const names = new ProgramNames()
  return section(
    programs.map((each, index) => {
      const name = names.choose(each.wanted)
      if (name !== each.wanted) {
        report.changed(each.place, `a name has letters, digits, _ and -: it is called ${name}`)
      }
      return entry(name, each.write(priorities[index]))
    }),
  )
}

const stopComment = 'as without stopasgroup; the default, "group", also asks what the program has started'

/** Variables of all programs stand once, before the configuration. */
function constantsOf({ variables }: Supervisord, target: string): Entry[] {
  if (variables.size === 0) return []
  const value = section([...variables].map(([name, text]) => entry(name, variableOf(text, target))))
  return [{ key: 'environment', value }]
}
