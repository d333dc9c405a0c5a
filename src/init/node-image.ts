import { join } from 'node:path'
import { type Project, readIfThere } from './project.ts'

/** What Saola itself needs. */
const versionMin = { major: 24, minor: 15 } as const

export interface NodeImage {
  /** `24`, `24.18.1`: what stands in `node:24-slim`. */
  readonly version: string
  readonly note?: string
}

/** The Node of an image: what the project's files ask for, if Saola runs on it. */
export function nodeImageOf({ folder, package: found }: Project): NodeImage {
  const files = ['.nvmrc', '.node-version'].map(name => [name, readIfThere(join(folder, name))] as const)
  const asked = [...files, ['engines.node', found?.engines.node] as const].find(([, text]) => text?.trim())
  const [where = '', text = ''] = asked ?? []
  // `lts/*`, `node` and ranges without a number leave it open.
  const [, major, minor, patch] = /(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(text) ?? []
  const standard = String(versionMin.major)
  if (major === undefined) return { version: standard }
  const isRange = where === 'engines.node' && !/^\s*[v=]?\s*\d+\.\d+\.\d+\s*$/.test(text)
  const isOld =
    Number(major) < versionMin.major ||
    (Number(major) === versionMin.major && minor !== undefined && Number(minor) < versionMin.minor)
  if (isOld && isRange) return { version: standard }
  if (isOld) {
    const needed = `${versionMin.major}.${versionMin.minor}`
    return {
      version: standard,
      note: `${where} asks for Node ${text.trim()}; Saola needs ${needed}, so the image has ${standard}.`,
    }
  }
  return { version: isRange || minor === undefined ? major : [major, minor, patch].filter(Boolean).join('.') }
}
