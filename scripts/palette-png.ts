import { crc32, deflateSync, inflateSync } from 'node:zlib';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * Re-encodes a screenshot with at most 256 colours, the most frequent ones: a fraction of the size, no visible loss on
 * flat pages.
 * @throws Error for anything but an 8-bit RGB PNG without interlacing, which is what Chromium writes
 */
export function withPalette(png: Buffer): Buffer {
  const { width, height, pixels } = decode(png);
  const counts = new Map<number, number>();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const palette = [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 256)
    .map(([colour]) => colour);
  const nearest = new Map([...counts.keys()].map((colour) => [colour, nearestIndex(colour, palette)]));

  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = nearest.get(pixels[y * width + x] ?? 0) ?? 0;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]))),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function decode(png: Buffer): { width: number; height: number; pixels: Uint32Array } {
  const width = png.readUInt32BE(16);
  const height = png.readUInt32BE(20);
  if (!png.subarray(24, 29).equals(Buffer.from([8, 2, 0, 0, 0]))) throw new Error('not an 8-bit RGB PNG');
  const data: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const raw = inflateSync(Buffer.concat(data));
  const stride = width * 3;
  const lines = Buffer.alloc(stride * height);
  const pixels = new Uint32Array(width * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)] ?? 0;
    for (let i = 0; i < stride; i++) {
      const left = i < 3 ? 0 : (lines[y * stride + i - 3] ?? 0);
      const up = y === 0 ? 0 : (lines[(y - 1) * stride + i] ?? 0);
      const corner = i < 3 || y === 0 ? 0 : (lines[(y - 1) * stride + i - 3] ?? 0);
      lines[y * stride + i] = (raw[y * (stride + 1) + 1 + i] ?? 0) + predict(filter, left, up, corner);
    }
    for (let x = 0; x < width; x++) pixels[y * width + x] = lines.readUIntBE(y * stride + x * 3, 3);
  }
  return { width, height, pixels };
}

/** @see PNG specification, §9.2 */
function predict(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4: {
      const [dLeft, dUp, dCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
      if (dLeft <= dUp && dLeft <= dCorner) return left;
      return dUp <= dCorner ? up : corner;
    }
    default:
      return 0;
  }
}

function nearestIndex(colour: number, palette: readonly number[]): number {
  let best = 0;
  let distance = Number.POSITIVE_INFINITY;
  for (const [index, candidate] of palette.entries()) {
    const squares = [16, 8, 0].map((shift) => (((colour >> shift) & 255) - ((candidate >> shift) & 255)) ** 2);
    const candidateDistance = squares.reduce((sum, square) => sum + square, 0);
    if (candidateDistance < distance) [best, distance] = [index, candidateDistance];
  }
  return best;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
