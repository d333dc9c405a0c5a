/** What a table says of a word of a file: nothing of words such as `constructor`, which every object knows. */
export function lookUp<Value>(table: Readonly<Record<string, Value>>, word: string): Value | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined
}
