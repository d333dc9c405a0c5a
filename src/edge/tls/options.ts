import * as z from 'zod'
import {
  addresses,
  browserDurationMsMax,
  choice,
  count,
  duration,
  list,
  path,
  secret,
} from '../../base/option-types.ts'

const pair = z.strictObject({
  cert: path().meta({ change: 'restart', description: 'The certificate and its chain, a PEM file.' }),
  key: path().meta({ change: 'restart', description: 'Its private key, a PEM file.' }),
  names: list(name => name, 'a list of host names')
    .optional()
    .meta({
      change: 'restart',
      description: 'Serve it for these names only; by default for those in the certificate.',
    }),
})

const hstsSection = z.strictObject({
  maxAge: duration(browserDurationMsMax)
    .prefault('180d')
    .meta({ change: 'restart', description: 'How long a browser remembers it; `0` makes it forget.' }),
  includeSubDomains: z
    .boolean()
    .prefault(false)
    .meta({ change: 'restart', description: 'It counts for every name below this one, too.' }),
  preload: z
    .boolean()
    .prefault(false)
    .meta({ change: 'restart', description: 'Agree to stand in the list that browsers are built with.' }),
})

const hsts = z
  .union([z.boolean(), hstsSection])
  .transform(value => (value === true ? hstsSection.parse({}) : value))
  .prefault(false)
  .meta({
    change: 'restart',
    expected: 'true, false or { maxAge, includeSubDomains, preload }',
    description:
      'Tell browsers to use nothing but TLS for this host name, on every port (RFC 6797). Off unless asked for, as in ' +
      'Nginx and Caddy: a browser that was told cannot be told otherwise without TLS.',
  })

const section = z
  .strictObject({
    selfSigned: z.boolean().prefault(false).meta({
      change: 'restart',
      description:
        'A certificate of its own for localhost and the name of this machine, for development; kept in the state folder.',
    }),
    cert: path().optional().meta({ change: 'restart', description: 'The certificate and its chain, a PEM file.' }),
    key: path().optional().meta({ change: 'restart', description: 'Its private key, a PEM file.' }),
    passphrase: secret().optional().meta({ change: 'restart', description: 'Of the private key, if it is encrypted.' }),
    certificates: z
      .array(pair)
      .max(1_000)
      .prefault([])
      .meta({
        change: 'restart',
        expected: 'a list of { cert, key, names }',
        description:
          'Further certificates, chosen by the name that the client asks for (SNI); `cert` is for all other names. A list of ' +
          '`{ cert, key, names }`.',
      }),
    clientCertificate: choice(['none', 'optional', 'required'])
      .prefault('none')
      .meta({
        change: 'restart',
        description:
          'Ask clients for a certificate that `ca` has signed; the application finds it in the headers `Client-Cert` ' +
          '(RFC 9440) and `X-Client-Cert-Subject`, which no client can set.',
      }),
    ca: path().optional().meta({
      change: 'restart',
      description: 'Whose certificates of clients are accepted, a PEM file with one or several.',
    }),
    minVersion: choice(['TLSv1.2', 'TLSv1.3'])
      .prefault('TLSv1.2')
      .meta({ change: 'restart', description: 'The oldest version of TLS that is spoken.' }),
    ciphers: z.string().min(1).optional().meta({
      change: 'restart',
      expected: 'the names of cipher suites, joined by ":"',
      description: 'The cipher suites as OpenSSL writes them; by default only those with forward secrecy and AEAD.',
    }),
    redirect: addresses().default([]).meta({
      change: 'restart',
      description: 'Further addresses, without TLS, that send everybody to TLS with 308: `0.0.0.0:80`.',
    }),
    redirectPort: count({ min: 1, max: 65_535 }).optional().meta({
      change: 'restart',
      description: 'The port to send to; by default that of the first address in `listen` that speaks TLS.',
    }),
    hsts,
    handshakeTimeout: duration()
      .prefault('10s')
      .meta({ change: 'restart', description: 'A client that has not agreed on TLS after this time is cut off.' }),
  })
  .superRefine((tls, context) => {
    const complain = (key: string, message: string) => context.addIssue({ code: 'custom', message, path: [key] })
    if (tls.selfSigned && (tls.cert ?? tls.key)) complain('cert', 'and tls.selfSigned exclude each other. Remove one')
    if (!tls.selfSigned && tls.cert === undefined) complain('cert', 'is needed: the file of the certificate')
    if (!tls.selfSigned && tls.key === undefined)
      complain('key', "is needed: the file of the certificate's private key")
    if (tls.clientCertificate !== 'none' && tls.ca === undefined) {
      complain('ca', 'is needed: it says whose certificates tls.clientCertificate accepts')
    }
    if (tls.clientCertificate === 'none' && tls.ca !== undefined) {
      complain('clientCertificate', 'expected "optional" or "required", as there is tls.ca')
    }
  })

export const tlsOptions = z
  .union([z.literal('self-signed'), section])
  .transform(value => (value === 'self-signed' ? section.parse({ selfSigned: true }) : value))
  .optional()
  .meta({
    expected: '"self-signed" or { cert, key, … }',
    description: 'TLS on all TCP addresses: files, or `"self-signed"` for development.',
  })

export type TlsSettings = Exclude<z.output<typeof tlsOptions>, undefined>
