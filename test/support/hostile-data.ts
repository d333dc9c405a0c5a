/** What somebody would put into keys, payloads, names and lines who wants to do harm to whoever looks at them; and what only happens. */

export const image = '<img src=x onerror="window.hurt=1">'

/** Each sets `hurt` of the window that it runs in, or opens a dialog. */
export const scripts: readonly string[] = [
  '<script>window.hurt=1</script>',
  image,
  '<svg/onload=window.hurt=1>',
  '"><iframe srcdoc="<script>parent.hurt=1</script>"></iframe>',
  "'-alert(1)-'",
  'javascript:window.hurt=1',
  '<a href="javascript:window.hurt=1">click</a>',
  '</textarea><script>window.hurt=1</script>',
  '</title></style></template><script>window.hurt=1</script>',
  '{{constructor.constructor("window.hurt=1")()}}',
  '<details open ontoggle=window.hurt=1>',
  '<!--<img src="--><img src=x onerror=window.hurt=1//">',
]

/** Texts that turn, hide, break or stretch what stands around them. */
const oddTexts: readonly string[] = [
  'user:\u202egpj.exe\u202c',
  '\u2066\u2067\u200f\u200b\ufeff',
  'nul\0 bell\u0007 escape\u001b[31mred\u001b[0m',
  'lines\r\nand\ttabs\u2028\u2029',
  'a\u0301\u0302\u0303'.repeat(40),
  '🦌'.repeat(100),
  'مرحبا: שלום',
  '__proto__',
  'constructor',
  'toString',
  '%00%0d%0a../../etc/passwd',
  '\ud800 half',
  'x'.repeat(1_000),
  ' ',
]

export const hostileTexts: readonly string[] = [...scripts, ...oddTexts]

/** No UTF-8. */
export const hostileBytes: readonly Buffer[] = [
  Buffer.from([0xff, 0xfe, 0x00, 0x3c, 0x73]),
  Buffer.concat([Buffer.from('<script>window.hurt=1</script>'), Buffer.from([0xc3, 0x28, 0xed, 0xa0, 0x80])]),
]

/** 1 MB each. */
export const largeTexts: readonly string[] = [
  '<img src=x onerror=window.hurt=1>'.repeat(32_000),
  JSON.stringify({ ['<b>'.repeat(20)]: '\u202e'.repeat(350_000) }),
  'x'.repeat(1024 ** 2),
]
