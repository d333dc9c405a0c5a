/**
 * A systemd of its own, as process 1 of namespaces of its own: units run under it as on a real machine, sandbox, watchdog and
 * sockets included, and all that they have started is gone when the test is over. Needs root, and a kernel that lets it mount.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { until } from './until.ts'

/** What must work for it: `testAsRoot` takes it. */
export const systemdTool = [
  'unshare',
  '-fpmuiC',
  '--mount-proc',
  'sh',
  '-c',
  'mount --make-rprivate / && mount -t tmpfs t /run',
]

/** Where a unified hierarchy is mounted, or may be. */
const cgroupFolders = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup']

/** Units that others name, and that a machine has. */
const targets = ['sysinit', 'basic', 'shutdown', 'sockets', 'network-online', 'multi-user', 'test']

const program = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'].find(existsSync) ?? 'systemd'

export interface CommandResult {
  readonly code: number
  readonly text: string
}

export class NestedSystemd {
  /** Its units are looked for here, and only here. */
  readonly unitDir: string
  readonly #pid: number

  constructor(unitDir: string, pid: number) {
    this.unitDir = unitDir
    this.#pid = pid
  }

  systemctl(...words: readonly string[]): CommandResult {
    const args = ['-t', String(this.#pid), '-a', 'systemctl', '--no-pager', ...words]
    const { status, stdout, stderr } = spawnSync('nsenter', args, { encoding: 'utf8', timeout: 60_000 })
    return { code: status ?? 1, text: `${stdout}${stderr}`.trim() }
  }

  /** What it says of a unit: `show('shop.service', 'Result')`. */
  show(unit: string, property: string): string {
    return this.systemctl('show', unit, '--value', '-p', property).text
  }
}

/** Starts one with these units, and ends it with the test. */
export async function startSystemd(t: TestContext, units: Readonly<Record<string, string>>): Promise<NestedSystemd> {
  const unitDir = mkdtempSync(join(tmpdir(), 'saola-units-'))
  const cgroup = makeCgroup()
  t.after(() => rmSync(unitDir, { recursive: true, force: true }))
  for (const name of targets) writeFileSync(join(unitDir, `${name}.target`), `[Unit]\nDescription=${name}\n`)
  for (const [path, text] of Object.entries(units)) {
    mkdirSync(join(unitDir, path, '..'), { recursive: true })
    writeFileSync(join(unitDir, path), text)
  }
  const child = spawn('sh', ['-c', outer, 'sh', cgroup, program], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH, container: 'saola-test', SYSTEMD_UNIT_PATH: unitDir },
  })
  const end = () => endTree(child, cgroup)
  t.after(end)
  process.once('exit', () => child.kill('SIGKILL'))
  const pid = await until('systemd is forked', () => firstChildOf(child.pid))
  const systemd = new NestedSystemd(unitDir, pid)
  await until('systemd answers', () => systemd.systemctl('is-active', 'test.target').text === 'active')
  return systemd
}

// In a part of the hierarchy of its own, and with that alone mounted: nothing of the machine's own groups is touched.
const outer = `echo $$ > "$1/cgroup.procs" && exec unshare -fpmuiC --kill-child --mount-proc sh -c '
mount --make-rprivate / && mount -t tmpfs tmpfs /run && umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
exec "$0" --system --unit=test.target --log-target=null --show-status=no' "$2"`

function makeCgroup(): string {
  const root = cgroupFolders.find(folder => existsSync(join(folder, 'cgroup.procs'))) ?? cgroupFolders[1] ?? ''
  const folder = join(root, `saola-test-${process.pid}-${++started}`)
  mkdirSync(folder)
  return folder
}

let started = 0

function firstChildOf(pid: number | undefined): number | undefined {
  const path = `/proc/${pid}/task/${pid}/children`
  const [first] = existsSync(path) ? readFileSync(path, 'utf8').trim().split(' ') : []
  return Number(first) || undefined
}

/** Process 1 of its namespace takes all others with it. */
async function endTree(child: ChildProcess, cgroup: string): Promise<void> {
  child.kill('SIGKILL')
  await until(
    'all of its processes are gone',
    () => readFileSync(join(cgroup, 'cgroup.procs'), 'utf8') === '' && removeGroups(cgroup),
  )
}

/** Whether they were empty. */
function removeGroups(folder: string): boolean {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !removeGroups(join(folder, entry.name))) return false
    }
    rmdirSync(folder)
    return true
  } catch {
    // Its last process is still about to end.
    return false
  }
}
