// A class activation map as colours: warm where the picture speaks for the class, cool where it speaks against it.
import type { CheckResult, Maps } from './result';

export const warm = [229, 92, 20] as const;
export const cool = [36, 104, 214] as const;

/**
 * The value that gets full colour: the most that speaks for any class, one scale for all, so that maps of one picture can
 * be compared. What speaks against a class is often stronger, and would make everything else pale; yet what is next to
 * nothing beside it is not blown up to full colour either.
 */
export function fullColour({ values }: Maps): number {
  let most = 0;
  let least = 0;
  for (const value of values) {
    most = Math.max(most, value);
    least = Math.min(least, value);
  }
  return most > 0 ? Math.max(most, -least / 4) : -least;
}

/** [height, width, 4]; nothing is drawn where the map is zero. */
export function mapPixels(maps: Maps, index: number): Uint8ClampedArray<ArrayBuffer> {
  const count = maps.width * maps.height;
  const scale = fullColour(maps) || 1;
  const pixels = new Uint8ClampedArray(4 * count);
  for (let i = 0; i < count; i++) {
    const value = (maps.values[index * count + i] ?? 0) / scale;
    pixels.set(value >= 0 ? warm : cool, 4 * i);
    // Steeper than the value, so that what speaks most stands out of a map that speaks for the class everywhere.
    pixels[4 * i + 3] = 255 * Math.min(1, Math.abs(value)) ** 1.5;
  }
  return pixels;
}

/** Where on the upright picture the map lies, in shares of its sides. */
export function mapPlace({ width, height, crop, maps }: CheckResult): {
  left: number;
  top: number;
  width: number;
  height: number;
} {
  const part = { ...(crop ?? { left: 0, top: 0, width, height }) };
  if (maps.resize === 'crop-shorter-side') {
    const side = Math.min(part.width, part.height);
    part.left += (part.width - side) / 2;
    part.top += (part.height - side) / 2;
    part.width = part.height = side;
  }
  return {
    left: part.left / width,
    top: part.top / height,
    width: part.width / width,
    height: part.height / height,
  };
}
