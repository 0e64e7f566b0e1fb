// The labelled pictures: what is counted twice, what contradicts itself, and whether there are enough to train on.
import type { LabelClass } from './classes';

export interface LabelledImage {
  /** Its own, also for a second copy. */
  id: string;
  /** SHA-256 of the file. */
  hash: string;
  name: string;
  /** Code of its class. */
  label: string;
  /** Null where only its embeddings were kept. */
  file: File | null;
}

/** Fewer pictures of a class than this are refused: two of five are too few to say that anything was learnt. */
export const LEAST_PER_CLASS = 5;
/** Fewer in all are refused. */
export const LEAST_IN_ALL = 20;
/** Fewer of a class than this are trained on, with a word that the figures are rough. */
export const GOOD_PER_CLASS = 20;

export interface Conflict {
  hash: string;
  images: LabelledImage[];
}

/** Pictures that are there under several classes: they are left out until all but one are removed. */
export function conflictsOf(images: readonly LabelledImage[]): Conflict[] {
  const byHash = new Map<string, LabelledImage[]>();
  for (const image of images) byHash.set(image.hash, [...(byHash.get(image.hash) ?? []), image]);
  return [...byHash]
    .filter(([, same]) => new Set(same.map(({ label }) => label)).size > 1)
    .map(([hash, same]) => ({ hash, images: same }));
}

/** Those that can be trained on. */
export function usable(images: readonly LabelledImage[]): LabelledImage[] {
  const left = new Set(conflictsOf(images).map(({ hash }) => hash));
  return images.filter(({ hash }) => !left.has(hash));
}

export interface Readiness {
  /** Classes with pictures but too few of them, and how many are missing. */
  lacking: { code: string; count: number; missing: number }[];
  /** Pictures missing in all. */
  missingInAll: number;
  /** Classes that are trained on and will be judged on very few. */
  few: { code: string; count: number }[];
  /** New classes without any picture: left out of the head. */
  empty: string[];
  ready: boolean;
}

/** A single class is enough where the shipped classes are replayed beside it. */
export function readiness(
  images: readonly LabelledImage[],
  classes: readonly LabelClass[],
  replays: boolean,
): Readiness {
  const counts = new Map(classes.map(({ code }) => [code, 0]));
  const used = usable(images);
  for (const { label } of used) counts.set(label, (counts.get(label) ?? 0) + 1);
  const present = [...counts].filter(([, count]) => count > 0);
  const lacking = present
    .filter(([, count]) => count < LEAST_PER_CLASS)
    .map(([code, count]) => ({ code, count, missing: LEAST_PER_CLASS - count }));
  const missingInAll = Math.max(0, LEAST_IN_ALL - used.length);
  const enoughClasses = present.length >= (replays ? 1 : 2);
  return {
    lacking,
    missingInAll,
    few: present
      .filter(([, count]) => count >= LEAST_PER_CLASS && count < GOOD_PER_CLASS)
      .map(([code, count]) => ({ code, count })),
    empty: classes.filter(({ code, shipped }) => !shipped && counts.get(code) === 0).map(({ code }) => code),
    ready: lacking.length === 0 && missingInAll === 0 && enoughClasses,
  };
}
