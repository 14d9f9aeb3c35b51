import fc from 'fast-check';

const codePoint = (value: number) => String.fromCodePoint(value < 0xd800 ? value : value + 0x800);

/**
 * Well-formed text of any code points, half of them ASCII with its control characters. Starts at once, unlike the unit
 * `binary` of fast-check.
 */
export function anyText(constraints: {
  readonly minLength?: number;
  readonly maxLength: number;
}): fc.Arbitrary<string> {
  const unit = fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0x10_f7ff })).map(codePoint);
  return fc.string({ ...constraints, unit });
}
