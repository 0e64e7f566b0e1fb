// How the next head is trained, and what it is called.
import { signal } from '@preact/signals';

export interface Settings {
  epochs: number;
  learningRate: number;
  pull: number;
  replay: number;
  heldOut: number;
  seed: number;
  /** 1, 4 (turned) or 8 (turned and mirrored). */
  views: 1 | 4 | 8;
}

export const defaults: Settings = {
  epochs: 50,
  learningRate: 0.001,
  pull: 0.01,
  replay: 1,
  heldOut: 0.2,
  seed: 1,
  views: 8,
};

export const settings = signal<Settings>(defaults);
/** What the person calls the head that is trained next. */
export const headName = signal('');
