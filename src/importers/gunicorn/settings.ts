import type { NoteKind } from '../report.ts'

/** What becomes of one setting of Gunicorn. */
export interface GunicornSetting {
  /** Its flags on the command line. */
  readonly flags: readonly string[]
  /** The flag has no value. */
  readonly isSwitch?: boolean
  /** The edge does it from now on: edge.ts says how. */
  readonly isOfEdge?: boolean
  /** What has to be said when it is set. What has neither stays as it is, in Gunicorn's own file. */
  readonly note?: readonly [kind: NoteKind, text: string]
}

const hook: GunicornSetting = { flags: [] }
const edge = (...flags: string[]): GunicornSetting => ({ flags, isOfEdge: true })
const own = (...flags: string[]): GunicornSetting => ({ flags })
const ownSwitch = (...flags: string[]): GunicornSetting => ({ flags, isSwitch: true })

const unconfigured =
  "an access log that is configured there goes on, and has the edge for its client: accessLog is the edge's"
const notBehind = 'nothing but the edge speaks to Gunicorn from now on'
const ends = 'Gunicorn only checks, and ends: as a program it would be started again and again. Remove it'

/** Every setting of Gunicorn 26, in the order of its documentation. */
export const gunicornSettings: Readonly<Record<string, GunicornSetting>> = {
  config: own('-c', '--config'),
  bind: edge('-b', '--bind'),
  backlog: edge('--backlog'),
  workers: own('-w', '--workers'),
  worker_class: own('-k', '--worker-class'),
  threads: own('--threads'),
  worker_connections: own('--worker-connections'),
  max_requests: own('--max-requests'),
  max_requests_jitter: own('--max-requests-jitter'),
  timeout: edge('-t', '--timeout'),
  graceful_timeout: edge('--graceful-timeout'),
  keepalive: edge('--keep-alive'),
  limit_request_line: edge('--limit-request-line'),
  limit_request_fields: edge('--limit-request-fields'),
  limit_request_field_size: edge('--limit-request-field_size'),
  reload: {
    flags: ['--reload'],
    isSwitch: true,
    note: ['hint', 'it is for development; "saola restart gunicorn" takes new code'],
  },
  reload_engine: own('--reload-engine'),
  reload_extra_files: own('--reload-extra-file'),
  spew: ownSwitch('--spew'),
  check_config: { flags: ['--check-config'], isSwitch: true, note: ['missing', ends] },
  print_config: { flags: ['--print-config'], isSwitch: true, note: ['missing', ends] },
  preload_app: ownSwitch('--preload'),
  sendfile: ownSwitch('--no-sendfile'),
  reuse_port: ownSwitch('--reuse-port'),
  chdir: own('--chdir'),
  daemon: {
    flags: ['-D', '--daemon'],
    isSwitch: true,
    note: ['missing', 'a program that goes to the background looks as if it had ended. Remove it'],
  },
  raw_env: own('-e', '--env'),
  pidfile: {
    flags: ['-p', '--pid'],
    note: ['changed', 'it stays that of Gunicorn; pidFile at the top is that of Saola'],
  },
  worker_tmp_dir: own('--worker-tmp-dir'),
  user: edge('-u', '--user'),
  group: edge('-g', '--group'),
  umask: own('-m', '--umask'),
  initgroups: ownSwitch('--initgroups'),
  tmp_upload_dir: own(),
  secure_scheme_headers: {
    flags: [],
    note: [
      'hint',
      'the edge tells Gunicorn of TLS by X-Forwarded-Proto: https, and removes it where a client has sent it',
    ],
  },
  forwarded_allow_ips: edge('--forwarded-allow-ips'),
  accesslog: edge('--access-logfile'),
  disable_redirect_access_to_syslog: ownSwitch('--disable-redirect-access-to-syslog'),
  access_log_format: edge('--access-logformat'),
  errorlog: own('--error-logfile', '--log-file'),
  loglevel: { flags: ['--log-level'], note: ['changed', 'it stays that of Gunicorn; log.level is that of Saola'] },
  capture_output: ownSwitch('--capture-output'),
  logger_class: { flags: ['--logger-class'], note: ['changed', unconfigured] },
  logconfig: { flags: ['--log-config'], note: ['changed', unconfigured] },
  logconfig_dict: { flags: [], note: ['changed', unconfigured] },
  logconfig_json: { flags: ['--log-config-json'], note: ['changed', unconfigured] },
  syslog_addr: own('--log-syslog-to'),
  syslog: ownSwitch('--log-syslog'),
  syslog_prefix: own('--log-syslog-prefix'),
  syslog_facility: own('--log-syslog-facility'),
  enable_stdio_inheritance: ownSwitch('-R', '--enable-stdio-inheritance'),
  statsd_host: own('--statsd-host'),
  dogstatsd_tags: own('--dogstatsd-tags'),
  statsd_prefix: own('--statsd-prefix'),
  enable_backlog_metric: ownSwitch('--enable-backlog-metric'),
  proc_name: own('-n', '--name'),
  default_proc_name: own(),
  pythonpath: own('--pythonpath'),
  paste: edge('--paste', '--paster'),
  on_starting: hook,
  on_reload: hook,
  when_ready: hook,
  pre_fork: hook,
  post_fork: hook,
  post_worker_init: hook,
  worker_int: hook,
  worker_abort: hook,
  pre_exec: hook,
  pre_request: hook,
  post_request: hook,
  child_exit: hook,
  worker_exit: hook,
  nworkers_changed: hook,
  on_exit: hook,
  ssl_context: {
    flags: [],
    note: ['missing', "TLS is the edge's: apps.web.tls has versions, ciphers and certificates of clients"],
  },
  proxy_protocol: {
    flags: ['--proxy-protocol'],
    note: [
      'missing',
      'the edge neither reads nor sends it: remove it, as Gunicorn would wait for it, and let the balancer speak HTTP',
    ],
  },
  proxy_allow_ips: { flags: ['--proxy-allow-from'], note: ['missing', notBehind] },
  protocol: edge('--protocol'),
  uwsgi_allow_ips: { flags: ['--uwsgi-allow-from'], note: ['missing', notBehind] },
  keyfile: edge('--keyfile'),
  certfile: edge('--certfile'),
  ssl_version: { flags: ['--ssl-version'], note: ['changed', 'tls.minVersion is "TLSv1.2", or "TLSv1.3"'] },
  cert_reqs: edge('--cert-reqs'),
  ca_certs: edge('--ca-certs'),
  suppress_ragged_eofs: ownSwitch('--suppress-ragged-eofs'),
  do_handshake_on_connect: ownSwitch('--do-handshake-on-connect'),
  ciphers: edge('--ciphers'),
  http_protocols: {
    flags: ['--http-protocols'],
    note: ['changed', 'the edge speaks HTTP/2 where there is TLS, and HTTP/1.1 to Gunicorn'],
  },
  http2_cleartext: { flags: ['--http2-cleartext'], note: ['missing', notBehind] },
  http2_max_concurrent_streams: {
    flags: ['--http2-max-concurrent-streams'],
    note: ['changed', 'edge.http2.streams is the same'],
  },
  http2_initial_window_size: {
    flags: ['--http2-initial-window-size'],
    note: ['changed', 'edge.http2.streamWindowBytes is the same'],
  },
  http2_max_frame_size: { flags: ['--http2-max-frame-size'], note: ['missing', 'the edge takes frames of 16 KB'] },
  http2_max_header_list_size: {
    flags: ['--http2-max-header-list-size'],
    note: ['changed', 'edge.limits.headerBytes is the same'],
  },
  raw_paste_global_conf: own('--paste-global'),
  permit_obsolete_folding: {
    flags: ['--permit-obsolete-folding'],
    isSwitch: true,
    note: ['missing', 'the edge refuses it before'],
  },
  strip_header_spaces: {
    flags: ['--strip-header-spaces'],
    isSwitch: true,
    note: ['missing', 'the edge refuses it before'],
  },
  permit_unconventional_http_method: ownSwitch('--permit-unconventional-http-method'),
  permit_unconventional_http_version: {
    flags: ['--permit-unconventional-http-version'],
    isSwitch: true,
    note: ['missing', 'the edge refuses it before'],
  },
  casefold_http_method: ownSwitch('--casefold-http-method'),
  forwarder_headers: own('--forwarder-headers'),
  header_map: own('--header-map'),
  asgi_loop: own('--asgi-loop'),
  asgi_lifespan: own('--asgi-lifespan'),
  asgi_disconnect_grace_period: own('--asgi-disconnect-grace-period'),
  http_parser: own('--http-parser'),
  root_path: own('--root-path'),
  wsgi_app: edge(),
  dirty_apps: own('--dirty-app'),
  dirty_workers: own('--dirty-workers'),
  dirty_timeout: own('--dirty-timeout'),
  dirty_threads: own('--dirty-threads'),
  dirty_graceful_timeout: own('--dirty-graceful-timeout'),
  on_dirty_starting: hook,
  dirty_post_fork: hook,
  dirty_worker_init: hook,
  dirty_worker_exit: hook,
  control_socket: own('--control-socket'),
  control_socket_mode: own('--control-socket-mode'),
  control_socket_disable: ownSwitch('--no-control-socket'),
}

/** The setting that a flag is of. */
export function settingOfFlag(flag: string): string | undefined {
  return Object.keys(gunicornSettings).find(name => gunicornSettings[name]?.flags.includes(flag))
}
