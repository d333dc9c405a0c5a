import type { Report } from '../report.ts'
import type { IniSection } from './ini.ts'
import { type Context, SectionReader } from './section-reader.ts'

interface Other {
  readonly sections: RegExp
  /** What is said once, at the section. */
  readonly section?: string
  /** What is said at single keys. */
  readonly keys?: Readonly<Record<string, string>>
}

const socket = 'the control socket is for the user of Saola alone, so it needs none'

/** Sections that nothing of the configuration comes from. */
const others: readonly Other[] = [
  {
    sections: /^unix_http_server$/,
    section: 'Saola has a control socket of its own, in .saola; "saola status" finds it by the folder',
    keys: { username: socket, password: socket, chown: 'the control socket is for the user of Saola alone' },
  },
  {
    sections: /^inet_http_server$/,
    keys: {
      port: '"saola status", "saola top" and "saola logs" show a tree, also over SSH',
      username: 'there is no port to protect',
      password: 'there is no port to protect',
    },
  },
  { sections: /^supervisorctl$/, section: '"saola status", "stop", "restart" and "logs" find the tree by its folder' },
  { sections: /^rpcinterface:/, section: 'instead of XML-RPC, commands of saola print JSON with --json' },
  { sections: /^(?:include|DEFAULT)$/ },
]

/** What listeners that are often used do, and how it is done here. */
const listeners: readonly { readonly command: RegExp; readonly text: string }[] = [
  { command: /\bmemmon\b/, text: 'recycle.memory.soft of a program restarts it above a size' },
  { command: /\bhttpok\b/, text: 'health: { http } of a program restarts it when it does not answer' },
  {
    command: /\b(?:crashmail|crashmailbatch|fatalmailbatch|crashsms)\b/,
    text: '"saola events" prints each change of a state as JSON',
  },
]

const otherListeners = '"saola events" prints each change of a state as JSON, which a program can read from it'

/** Says what becomes of a section that holds no program. */
export function noteOther(section: IniSection, context: Context): void {
  const reader = new SectionReader(section, context)
  const place = { file: section.file, line: section.line, setting: `[${section.name}]` }
  if (section.name.startsWith('eventlistener:')) return noteListener(reader, context.report)
  const other = others.find(({ sections }) => sections.test(section.name))
  if (!other) return context.report.skipped(place, 'no section of supervisord has this name')
  if (other.section !== undefined) context.report.missing(place, other.section)
  for (const [key, text] of Object.entries(other.keys ?? {})) {
    if (reader.has(key)) context.report.missing(reader.place(key), text)
  }
}

function noteListener(reader: SectionReader, report: Report): void {
  const command = reader.raw('command') ?? ''
  const text = listeners.find(({ command: pattern }) => pattern.test(command))?.text ?? otherListeners
  const { file, line, name } = reader.section
  report.missing({ file, line, setting: `[${name}]` }, text)
}
