/** What the edge in front of Gunicorn does from now on. */
import { formatSize } from '../../base/units.ts'
import { entry, type Section, section, sectionOf, type Value } from '../source.ts'
import { plainOf, settingOf, type Text } from '../text.ts'
import type { GivenSettings } from './given.ts'

const backlogDefault = 2048
const headerBytesDefault = 16_384

/** The application `web`, which has no code of its own. */
export function edgeApplication(given: GivenSettings, name: string): Section {
  const backlog = given.count('backlog')
  return section([
    entry('listen', readListen(given)),
    entry('backlog', backlog === backlogDefault ? undefined : backlog),
    entry('keepAlive', given.duration('keepalive')),
    entry(
      'user',
      readAccount(given, 'user'),
      given.has('user') ? 'as Gunicorn, which changes to it itself' : undefined,
    ),
    entry('group', readAccount(given, 'group')),
    entry('dependsOn', [name]),
    entry('edge', readEdge(given, name)),
    entry('tls', readTls(given)),
    ...accessLogEntries(given),
  ])
}

/** Gunicorn's default, 127.0.0.1:8000 or $PORT, is Saola's. */
function readListen(given: GivenSettings): Value | undefined {
  const addresses = (given.texts('bind') ?? []).map(readAddress)
  const [only] = addresses
  if (addresses.length === 1 && only === '127.0.0.1:8000') return undefined
  return addresses.length < 2 ? only : addresses
}

function readAddress(text: Text): Value {
  const [first = '', ...rest] = text
  const begin =
    typeof first === 'string'
      ? first
          .trim()
          .replace(/^tcp:\/\//, '')
          .replace(/^unix:\/\/(?=\/)/, 'unix:')
      : first
  const whole: Text = [begin, ...rest]
  const isHost =
    typeof begin === 'string' && !/^(?:unix:|fd:)/.test(begin) && !/:(?:\d+)?$/.test(begin) && rest.length === 0
  return settingOf(isHost ? [...whole, ':8000'] : whole)
}

function readAccount(given: GivenSettings, name: 'user' | 'group'): Value | undefined {
  const value = given.get(name)?.value
  return value?.kind === 'number' ? value.value : given.text(name)
}

function readEdge(given: GivenSettings, name: string): Section {
  return section([
    entry('trust', readTrust(given)),
    entry('paths', readPaths(given)),
    entry('limits', readLimits(given), 'Gunicorn has no limit for a body; the default of bodyBytes is "1MB"'),
    entry('proxy', sectionOf({ '/': readUpstream(given, name) })),
  ])
}

/** Who may say where a request comes from. */
function readTrust(given: GivenSettings): Value | undefined {
  const setting = given.get('forwarded_allow_ips')
  const binds = (given.texts('bind') ?? [['127.0.0.1']]).map(text => plainOf(text) ?? '')
  const isUnix = binds.some(bind => bind.startsWith('unix:'))
  if (!setting) {
    // Gunicorn believes its own machine; and nobody else reaches an address that is only open to that.
    const isLocal = binds.some(bind => /^(?:tcp:\/\/)?(?:127\.|localhost|\[::1\])/.test(bind))
    return isUnix ? ['unix'] : isLocal ? ['loopback'] : undefined
  }
  const texts = given.texts('forwarded_allow_ips')?.map(text => plainOf(text))
  if (texts?.includes(undefined)) {
    given.report.skipped(
      setting.place,
      'edge.trust is a list of addresses, and has to be written into the configuration',
    )
    return undefined
  }
  const addresses =
    texts
      ?.flatMap(text => (text ?? '').split(','))
      .map(address => address.trim())
      .filter(Boolean) ?? []
  if (addresses.includes('*')) {
    given.report.changed(
      setting.place,
      'everybody is believed, so any client can say where it comes from: name the balancers instead',
    )
    return ['0.0.0.0/0', '::/0', ...(isUnix ? ['unix'] : [])]
  }
  const isLoopback = addresses.length > 0 && addresses.every(address => /^(?:127\.0\.0\.1|::1)$/.test(address))
  return [...(isLoopback ? ['loopback'] : addresses), ...(isUnix ? ['unix'] : [])]
}

function readPaths(given: GivenSettings): Section | undefined {
  const bytes = given.count('limit_request_line')
  if (bytes === undefined) return undefined
  const setting = given.get('limit_request_line')
  if (bytes === 0) {
    if (setting) given.report.changed(setting.place, 'there is always a limit: edge.paths.maxBytes is 8 KB')
    return undefined
  }
  if (setting) given.report.changed(setting.place, 'edge.paths.maxBytes is about the path and the query alone')
  return sectionOf({ maxBytes: sizeOf(bytes) })
}

function readLimits(given: GivenSettings): Section | undefined {
  const fields = given.count('limit_request_fields')
  const size = given.count('limit_request_field_size')
  const setting = given.get('limit_request_field_size')
  if (setting) given.report.changed(setting.place, 'edge.limits.headerBytes is about all fields of a request together')
  const isLarge = typeof size === 'number' && size > headerBytesDefault
  return section([
    entry('headers', typeof fields === 'number' ? Math.min(fields, 1_000) : fields),
    entry('headerBytes', isLarge ? sizeOf(size) : undefined),
    entry('bodyBytes', 0),
  ])
}

/** Where requests go, and how long an answer may take: at least as long as Gunicorn's own workers may. */
function readUpstream(given: GivenSettings, name: string): Value {
  const to = `program:${name}`
  const timeout = given.get('timeout')?.value
  const firstByte = given.duration('timeout')
  const isShort = timeout === undefined || (timeout.kind === 'number' && timeout.value > 0 && timeout.value <= 60)
  return isShort || firstByte === undefined ? to : (sectionOf({ to, timeouts: sectionOf({ firstByte }) }) ?? to)
}

const certificateNeeds = ['none', 'optional', 'required']

function readTls(given: GivenSettings): Section | undefined {
  const cert = given.path('certfile')
  const key = given.path('keyfile')
  if (cert === undefined && key === undefined) return undefined
  const needs = given.get('cert_reqs')?.value
  const clientCertificate = needs?.kind === 'number' ? certificateNeeds[needs.value] : undefined
  return sectionOf({
    cert: cert ?? key,
    key: key ?? cert,
    clientCertificate: clientCertificate === 'none' ? undefined : clientCertificate,
    ca: given.path('ca_certs'),
    ciphers: given.text('ciphers'),
  })
}

/** The default of Gunicorn is Apache's `combined`. */
const formatDefault = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'

function accessLogEntries(given: GivenSettings) {
  const setting = given.get('accesslog')
  if (!setting) return [entry('accessLog', false, 'Gunicorn had none')]
  const file = given.path('accesslog')
  const plainFormat = given.plain('access_log_format')
  const format = plainFormat === formatDefault ? 'combined' : (given.text('access_log_format') ?? 'combined')
  if (file === undefined) return []
  const isFile = file !== '-'
  const rotation = isFile ? ', and rotated at 50 MB: maxBytes and backups' : ''
  given.report.changed(setting.place, `it is written by the edge, which sees the clients${rotation}`)
  return [entry('accessLog', isFile ? sectionOf({ file, format }) : format)]
}

/** Bytes as a person writes them. */
function sizeOf(bytes: Value): Value {
  return typeof bytes === 'number' && bytes % 1_024 === 0 ? formatSize(bytes) : bytes
}
