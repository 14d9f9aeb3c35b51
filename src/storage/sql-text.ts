const opaque = /('(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/)/;

/**
 * Applies a change to the code of an SQL text, leaving string literals and quoted identifiers as they are and
 * turning each comment into one space.
 * @param sql one statement in portable SQL
 * @param change receives each stretch of code and returns its replacement
 */
export function mapCode(sql: string, change: (code: string) => string): string {
  return sql
    .split(opaque)
    .map((piece, index) => {
      if (index % 2 === 0) return change(piece);
      return piece.startsWith('--') || piece.startsWith('/*') ? ' ' : piece;
    })
    .join('');
}

/**
 * Counts the `?` placeholders of an SQL text, not those inside literals or comments.
 * @throws TypeError when a placeholder is numbered or named, which is not portable
 */
export function countPlaceholders(sql: string): number {
  let count = 0;
  mapCode(sql, (code) => {
    if (/\?\d|[$:@][A-Za-z_]/.test(code)) throw new TypeError('placeholders are plain ?, in order');
    count += code.split('?').length - 1;
    return code;
  });
  return count;
}

/** The first keyword of an SQL text, in upper case: `SELECT`, `INSERT`; empty when there is none. */
export function verbOf(sql: string): string {
  return /^\s*([A-Za-z]+)/.exec(mapCode(sql, (code) => code))?.[1]?.toUpperCase() ?? '';
}
