import { type Html, html } from './markup.ts';

const maximumCharacters = 80;
// Control, format (bidirectional overrides among them), private-use, unassigned and invisible characters, and two symbols
// that are blank; the joiners and variation selectors that ordinary scripts and emoji need stay.
const invisible =
  /[[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]--[\u200c\u200d\ufe0e\ufe0f]]/gv;
const stackedMarks = /(\p{M}{3})\p{M}+/gu;
const visible = /[\p{L}\p{N}\p{P}\p{S}]/u;

/**
 * Text that a stranger chose, made fit to show beside our own words: no control, bidirectional or invisible characters,
 * single spaces, no towers of combining marks, at most 80 characters.
 * @param fallback shown where nothing visible is left
 */
export function displayText(text: string | undefined, fallback: string): string {
  const cleaned = (text ?? '')
    .slice(0, 4096)
    .replace(/\s+/g, ' ')
    .replace(invisible, '')
    .replace(stackedMarks, '$1')
    .trim();
  if (!visible.test(cleaned)) return fallback;
  if (cleaned.length <= maximumCharacters) return cleaned;
  const characters = graphemes(cleaned);
  if (characters.length <= maximumCharacters) return cleaned;
  return `${characters
    .slice(0, maximumCharacters - 1)
    .join('')
    .trimEnd()}…`;
}

/** A client's name for the page: cleaned, and isolated so that its direction cannot reorder our words. */
export function clientName(name: string | undefined): Html {
  return html`<bdi class="name">${displayText(name, 'Unnamed app')}</bdi>`;
}

// Made for the first long name: it takes two megabytes.
let segmenter: Intl.Segmenter | undefined;

function graphemes(text: string): string[] {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}
