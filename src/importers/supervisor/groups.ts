import { type IniSection, nameOf } from './ini.ts'
import { type Context, SectionReader } from './section-reader.ts'
import { noteUnread } from './unread.ts'

export interface Groups {
  /** The group of a program. */
  readonly groupOf: ReadonlyMap<string, string>
  /** The priority of a group. */
  readonly priorityOf: ReadonlyMap<string, number>
}

const priorityDefault = 999

/** `[group:x]`: Saola has none, but supervisord starts and stops programs in their order. */
export function readGroups(sections: readonly IniSection[], programs: ReadonlySet<string>, context: Context): Groups {
  const groupOf = new Map<string, string>()
  const priorityOf = new Map<string, number>()
  for (const section of sections.filter(({ name }) => name.startsWith('group:'))) {
    const group = nameOf(section)
    const reader = new SectionReader(section, context)
    priorityOf.set(group, reader.integer('priority') ?? priorityDefault)
    const members = (reader.plain('programs') ?? '').split(',').map(member => member.trim())
    const names = members.length < 2 ? members.join() : `${members.slice(0, -1).join(', ')} and ${members.at(-1)}`
    const note = `there are no groups: "saola restart" and "saola stop" take one name, and here they are ${names}`
    reader.report.missing(reader.place('programs'), note)
    for (const member of members.filter(Boolean)) {
      if (!programs.has(member)) reader.report.skipped(reader.place('programs'), `there is no program ${member}`)
      else if (groupOf.has(member)) noteSecond(reader, member)
      else groupOf.set(member, group)
    }
    noteUnread(reader, ['programs', 'priority'])
  }
  return { groupOf, priorityOf }
}

function noteSecond(reader: SectionReader, member: string): void {
  reader.report.changed(
    reader.place('programs'),
    `${member} is in two groups, and supervisord starts it twice; here it is one`,
  )
}
