import { workersMax } from '../../base/cpu-count.ts'
import { type Place, Report } from '../report.ts'
import { entry, type Section, section } from '../source.ts'
import { plainOf } from '../text.ts'
import { type IniSection, nameOf } from './ini.ts'
import { type Numbers, withInstance } from './instances.ts'
import { readLaunch } from './launch.ts'
import { readStart, readStop } from './life.ts'
import { readOutput } from './output.ts'
import { type ProgramContext, SectionReader } from './section-reader.ts'
import { noteUnread } from './unread.ts'

/** A `[program:x]`, or one process of it that differs from the others by more than its number. */
export interface Program {
  /** What supervisord calls it. */
  readonly program: string
  readonly place: Place
  /** What it is to be called. */
  readonly wanted: string
  /** Among those of its group. */
  readonly priority: number | undefined
  /** It is written with a priority when that of all programs is known. */
  readonly write: (priority: number | undefined) => Section
}

/** One program, or one for each process where Saola's numbers cannot take the place of supervisord's. */
export function readPrograms(ini: IniSection, context: ProgramContext): Program[] {
  const program = nameOf(ini)
  const reader = new SectionReader(ini, context)
  const numbers = readNumbers(reader)
  if (canBeCounted(ini, numbers, context)) {
    noteNames(program, numbers, reader)
    return [readProgram({ ini, program, numbers, number: undefined }, context)]
  }
  const key = reader.has('numprocs_start') ? 'numprocs_start' : 'numprocs'
  const note = `the number is more than {instance}, which counts from 0: so there are ${numbers.count} programs`
  reader.report.changed(reader.place(key), note)
  return Array.from({ length: numbers.count }, (_, index) =>
    readProgram({ ini, program, numbers, number: numbers.start + index }, context),
  )
}

function readNumbers(reader: SectionReader): Numbers {
  const wanted = reader.integer('numprocs') ?? 1
  const count = Math.min(Math.max(wanted, 1), workersMax)
  if (count !== wanted) reader.report.changed(reader.place('numprocs'), `instances is from 1 to ${workersMax}`)
  return { start: reader.integer('numprocs_start') ?? 0, count }
}

function canBeCounted(ini: IniSection, numbers: Numbers, context: ProgramContext): boolean {
  // Nothing is said here: each value is read again for what it becomes.
  const reader = openReader(
    { ini, program: nameOf(ini), numbers, number: undefined },
    { ...context, report: new Report() },
  )
  const counted = ['command', 'environment', 'directory'].map(key => reader.text(key) ?? [])
  return counted.every(text => withInstance(text, numbers) !== undefined)
}

function noteNames(program: string, { count }: Numbers, reader: SectionReader): void {
  const given = reader.raw('process_name')
  if (given === undefined || (count === 1 && /^%\(program_name\)s$/.test(given))) return
  const names = count === 1 ? `it ${program}:0` : `them ${program}:0 to ${program}:${count - 1}`
  reader.report.changed(reader.place('process_name'), `Saola calls ${names}`)
}

/** Which of the processes of a section. */
interface Which {
  readonly ini: IniSection
  readonly program: string
  readonly numbers: Numbers
  /** supervisord's number of the only one that is meant; else all are. */
  readonly number: number | undefined
}

function openReader({ ini, program, numbers, number }: Which, context: ProgramContext): SectionReader {
  const values = new Map([
    ['program_name', program],
    ['group_name', context.groupOf.get(program) ?? program],
    ['numprocs', String(numbers.count)],
  ])
  if (number !== undefined) values.set('process_num', String(number))
  return new SectionReader(ini, context, {
    values,
    variables: new Map(context.variables),
    hasInstance: number === undefined,
  })
}

function readProgram(which: Which, context: ProgramContext): Program {
  const { program, numbers, number } = which
  const reader = openReader(which, context)
  const own = { ...context, numbers: number === undefined ? numbers : { start: number, count: 1 } }
  const launch = readLaunch(reader, own)
  const life = [...readStart(reader), ...readStop(reader)]
  const { stdout, stderr } = readOutput(reader, own)
  const priority = reader.integer('priority')
  const processName = reader.text('process_name')
  noteUnread(reader)
  return {
    program,
    place: { file: which.ini.file, line: which.ini.line, setting: `[${which.ini.name}]` },
    wanted: number === undefined ? program : ((processName && plainOf(processName)) ?? `${program}-${number}`),
    priority,
    write: assigned =>
      section([...launch, ...life, entry('priority', assigned), entry('stdout', stdout), entry('stderr', stderr)]),
  }
}
