import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientName, displayText } from './display-text.ts';

describe('text that a stranger chose', () => {
  it('is shown as it is when it is ordinary, in any script', () => {
    for (const name of ['Claude Code', 'Ноутбук', '笔记', 'مفكرة', 'नोट्स', '👩‍💻 Notes', "O'Brien & <Sons>"]) {
      expect(displayText(name, '?')).toBe(name);
    }
  });

  it('loses bidirectional overrides, control and invisible characters', () => {
    expect(displayText('\u202eedualC\u202c', '?')).toBe('edualC');
    expect(displayText('Cl\u200bau\u2066de\u0000\u00ad\u{e0041}\u3164', '?')).toBe('Claude');
    expect(displayText('  a \r\n\t b  ', '?')).toBe('a b');
  });

  it('becomes the fallback when nothing visible is left', () => {
    for (const name of [undefined, '', '   ', '\u200d\u200d', '\u2800'.replace('\u2800', '\u3164'), '\u0301']) {
      expect(displayText(name, 'Unnamed app')).toBe('Unnamed app');
    }
  });

  it('keeps at most three marks on a letter', () => {
    expect(displayText(`a${'\u0301'.repeat(50)}`, '?')).toBe(`a${'\u0301'.repeat(3)}`);
  });

  it('is cut to 80 characters', () => {
    const cut = displayText('W'.repeat(5000), '?');
    expect(cut).toHaveLength(80);
    expect(cut.endsWith('…')).toBe(true);
    const family = '👨‍👩‍👧';
    expect(displayText(family.repeat(80), '?')).toBe(family.repeat(80));
    expect(displayText(family.repeat(81), '?')).toBe(`${family.repeat(79)}…`);
  });

  it('is never longer, never empty and never reorders, whatever is sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const shown = displayText(text, 'fallback');
        expect(shown).not.toBe('');
        expect([...new Intl.Segmenter('en').segment(shown)].length).toBeLessThanOrEqual(80);
        expect(shown).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      }),
    );
  });

  it('is escaped and isolated as a client name', () => {
    expect(String(clientName('<img src=x onerror="a">\'&'))).toBe(
      '<bdi class="name">&lt;img src=x onerror=&quot;a&quot;&gt;&#39;&amp;</bdi>',
    );
  });
});
