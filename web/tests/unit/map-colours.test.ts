import { describe, expect, it } from 'vitest';
import { cool, fullColour, mapPixels, warm } from '@/features/check/shared/map-colours';
import type { Maps } from '@/features/check/shared/result';

/** Maps of 2 x 1 places, two values a class. */
const mapsOf = (...values: number[]): Maps => ({
  width: 2,
  height: 1,
  values: Float32Array.from(values),
  logits: new Float32Array(values.length / 2),
  bias: new Float32Array(values.length / 2),
  resize: 'squash',
});

/** Colour and opacity of each place. */
const places = (maps: Maps, index: number) => {
  const pixels = Array.from(mapPixels(maps, index));
  return [pixels.slice(0, 4), pixels.slice(4)];
};

describe('the colours of a class activation map', () => {
  it('are as strong as what speaks for a class, however much speaks against another', () => {
    const maps = mapsOf(2, 1, -6, -1);
    expect(fullColour(maps)).toBe(2);
    const [strong, half] = places(maps, 0);
    expect(strong).toEqual([...warm, 255]);
    expect(half?.slice(0, 3)).toEqual([...warm]);
    expect(half?.[3]).toBeCloseTo(255 * 0.5 ** 1.5, -0.5);
    const [beyond, against] = places(maps, 1);
    expect(beyond).toEqual([...cool, 255]);
    expect(against).toEqual([...cool, half?.[3]]);
  });

  it('have one scale for all classes', () => {
    const maps = mapsOf(1, 0, 4, 0);
    expect(places(maps, 0)[0]?.[3]).toBeLessThan(128);
    expect(places(maps, 1)[0]?.[3]).toBe(255);
  });

  it('do not blow up what is next to nothing', () => {
    const maps = mapsOf(0.01, -8);
    expect(fullColour(maps)).toBe(2);
    expect(places(maps, 0)[0]?.[3]).toBeLessThan(10);
  });

  it('are cool alone, in their own shades, where nothing speaks for any class', () => {
    const [much, little] = places(mapsOf(-4, -1), 0);
    expect(much).toEqual([...cool, 255]);
    expect(little?.slice(0, 3)).toEqual([...cool]);
    expect(little?.[3]).toBeLessThan(128);
  });

  it('draw nothing for an empty map', () => {
    expect(places(mapsOf(0, 0), 0).map((pixel) => pixel[3])).toEqual([0, 0]);
  });
});
