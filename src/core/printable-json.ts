// What terminals act on beyond the control characters that JSON escapes by itself, and what ends or reorders a line.
const unprintable = /[\u007f-\u009f\u2028\u2029]|\p{Cf}/gu;

/** JSON on one line that is safe to show at a terminal: what a stranger put into a text cannot steer or reorder it. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(unprintable, escaped);
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, unit) => {
    return `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`;
  }).join('');
}
