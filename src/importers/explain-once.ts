import { type Entry, entry, isSection, type Section, section } from './source.ts'

/** Puts a comment to the first of the sections that have this key: what stands in nearly all of them is explained once. */
export function explainOnce(sections: Section, key: string, comment: string): Section {
  let isExplained = false
  const explain = (each: Entry): Entry => {
    if (each.key !== key || isExplained) return each
    isExplained = true
    return { ...each, comment }
  }
  return section(
    sections.entries.map(({ key: name, value }) =>
      entry(name, isSection(value) ? section(value.entries.map(explain)) : value),
    ),
  )
}
