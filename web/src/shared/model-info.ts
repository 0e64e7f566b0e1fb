// What the page knows of the model that is open.
import type { ModelCard } from '@core';
import type { Problem } from './problem';

export type ModelSource = 'shipped' | 'own';

export interface ModelInfo {
  source: ModelSource;
  fileName: string;
  bytes: number;
  /** Of the classifier that answers. */
  card: ModelCard;
  /** Of the file as it came. */
  shippedCard: ModelCard;
  channels: number;
  /** Of embeddings by class, which training a head replays. */
  hasStatistics: boolean;
  /** Whether it tells pictures that are unlike its own. */
  knowsUnlike: boolean;
  /** What the user called the personalised head that answers; null: the file's own classifier does. */
  headName: string | null;
  trunkSha256: string;
  threads: number;
  /** Why the model could not be kept for the next visit. */
  notKept: Problem | null;
}
