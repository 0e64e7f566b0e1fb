// Shows the network a picture in several views, one after another, so that a stop is heard between them.
import type { ModelCard, Picture, Rectangle, View } from '@core';
import { engine } from './engine';
import { breathe } from './job-queue';
import type { NetworkOutput } from './runtime';

export async function* looksAt(
  picture: Picture,
  { preprocessing }: ModelCard,
  crop: Rectangle | null,
  views: readonly View[],
  signal: AbortSignal,
  clock?: { begin: () => void; prepared: () => void },
): AsyncGenerator<NetworkOutput & { view: View }> {
  for (const [place, view] of views.entries()) {
    if (place > 0) await breathe(signal);
    clock?.begin();
    const image = picture.tensor(preprocessing, crop, view);
    clock?.prepared();
    yield { ...(await engine.run(image, 1)), view };
  }
}
