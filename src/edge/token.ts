/** What names of headers, cookies and directives are made of (RFC 9110, 5.6.2), for a class of a regular expression. */
export const tokenLetters = "!#$%&'*+\\-.^_`|~0-9A-Za-z"
export const lowerTokenLetters = tokenLetters.replace('A-Z', '')

export const token = new RegExp(`^[${tokenLetters}]+$`)
