import { describe, expect, it } from 'vitest';
import { styles } from './styles.ts';

const [light = '', dark = ''] = [...styles.matchAll(/:root \{([^}]*)\}/g)].map(([, block]) => block);

function colours(block: string): Map<string, string> {
  return new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]));
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** @see WCAG 2.2, "contrast ratio" */
function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const textPairs = [
  ...['ground', 'glow', 'card', 'well'].flatMap((ground) => [
    ['text', ground],
    ['quiet', ground],
    ['accent', ground],
    ['accent-strong', ground],
  ]),
  ['on-accent', 'accent'],
  ['on-accent', 'accent-strong'],
  ['accent-strong', 'accent-soft'],
  ['danger', 'card'],
  ['danger', 'danger-soft'],
  ['warning', 'warning-soft'],
];

describe.each([
  ['light', colours(light)],
  ['dark', colours(dark)],
])('in the %s scheme', (_scheme, palette) => {
  it.each(textPairs)('%s is readable on %s', (text = '', ground = '') => {
    expect(contrast(palette.get(text) ?? '', palette.get(ground) ?? '')).toBeGreaterThanOrEqual(4.5);
  });

  it.each([
    ['control', 'card'],
    ['control', 'well'],
  ])('the border %s stands out on %s', (border, ground) => {
    expect(contrast(palette.get(border) ?? '', palette.get(ground) ?? '')).toBeGreaterThanOrEqual(3);
  });
});

describe('the style sheet', () => {
  it('loads nothing and cannot end its element', () => {
    expect(styles).not.toMatch(/url\(|@import|<\//);
  });
});
