// In which of its eight views a model looks at a picture, and what it says over all of them.
import type { ModelCard, View } from '@core';

export const everyView: readonly View[] = [0, 1, 2, 3, 4, 5, 6, 7];

/** Those that the card asks for: closed under turning, as core/image/view_orientation.h has them. */
export function viewsOf({ orientations }: Pick<ModelCard, 'orientations'>): readonly View[] {
  if (orientations === 2) return [0, 2];
  return everyView.slice(0, orientations);
}

/** The mean of rows of equal length. */
export function meanOf(rows: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const mean = new Float32Array(rows[0]?.length ?? 0);
  for (const row of rows) for (let k = 0; k < mean.length; k++) mean[k] = (mean[k] ?? 0) + (row[k] ?? 0);
  return mean.map((sum) => sum / rows.length);
}
