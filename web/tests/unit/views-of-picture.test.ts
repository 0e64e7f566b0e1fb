import { describe, expect, it } from 'vitest';
import { everyView, meanOf, viewsOf } from '@/shared/views-of-picture';

describe('the views of a picture', () => {
  it('are as many as the card asks for, and a set closed under turning', () => {
    expect(viewsOf({ orientations: 1 })).toEqual([0]);
    expect(viewsOf({ orientations: 2 })).toEqual([0, 2]);
    expect(viewsOf({ orientations: 4 })).toEqual([0, 1, 2, 3]);
    expect(viewsOf({ orientations: 8 })).toEqual(everyView);
  });

  it('are answered with their mean', () => {
    expect(Array.from(meanOf([Float32Array.of(1, 2), Float32Array.of(3, -4)]))).toEqual([2, -1]);
    expect(meanOf([])).toHaveLength(0);
  });
});
