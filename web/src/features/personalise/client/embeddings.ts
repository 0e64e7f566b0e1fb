// What the network said of the labelled pictures: in memory, and on this device where the person asks for it.
import { batch, effect, signal } from '@preact/signals';
import { type StoredEmbedding, embeddingsOf, forgetEmbeddings, replaceEmbeddings } from '@/shared/head-store';
import type { ModelInfo } from '@/shared/model-info';
import { type Problem, toProblem } from '@/shared/problem';
import { modelState } from '@/worker/client';
import type { LabelledImage } from '../shared/training-set';
import { classes, images, restore } from './collection';
import { settings } from './training-settings';

type Values = Float32Array<ArrayBuffer>;

/** Whether computed embeddings stay on this device; never without the person's wish. */
export const keepEmbeddings = signal(false);
export const keepProblem = signal<Problem | null>(null);

const computed = new Map<string, Values>();
/** The trunk whose kept embeddings were read: before that, nothing of it may be replaced. */
let readFor = '';

const keyOf = (trunkSha256: string, hash: string, views: number) => `${trunkSha256}/${hash}/${views}`;

export function embeddingOf(
  { trunkSha256 }: ModelInfo,
  { hash }: LabelledImage,
  views: number,
): Values | undefined {
  return computed.get(keyOf(trunkSha256, hash, views));
}

export function putEmbedding(
  { trunkSha256 }: ModelInfo,
  { hash }: LabelledImage,
  views: number,
  values: Values,
): void {
  computed.set(keyOf(trunkSha256, hash, views), values);
}

/** Of the present number of views; where a picture has none of these, of those that it has. */
function rowOf(info: ModelInfo, image: LabelledImage, className: string): StoredEmbedding | null {
  for (const views of new Set([settings.peek().views, 8, 4, 1])) {
    const values = embeddingOf(info, image, views);
    if (values === undefined) continue;
    return {
      key: `${keyOf(info.trunkSha256, image.hash, views)}/${image.label}`,
      trunkSha256: info.trunkSha256,
      imageHash: image.hash,
      imageName: image.name,
      label: image.label,
      className,
      views,
      values,
    };
  }
  return null;
}

async function replaceKept(): Promise<void> {
  const model = modelState.peek();
  if (!keepEmbeddings.peek() || model.step !== 'ready' || model.info.trunkSha256 !== readFor) return;
  const named = new Map(classes.peek().map(({ code, name }) => [code, name]));
  const rows = images
    .peek()
    .map((image) => rowOf(model.info, image, named.get(image.label) ?? image.label))
    .filter((row) => row !== null);
  try {
    await replaceEmbeddings(model.info.trunkSha256, rows);
    keepProblem.value = null;
  } catch (error) {
    keepProblem.value = toProblem(error);
  }
}

let lastWrite: Promise<void> = Promise.resolve();

/** What is kept becomes what is in the collection, if anything is to be kept; one write after another. */
export function keepPresent(): Promise<void> {
  lastWrite = lastWrite.then(replaceKept);
  return lastWrite;
}

// A picture that is removed or moved to another kind must not come back as it was.
effect(() => {
  if (images.value.length >= 0 && keepEmbeddings.peek()) void keepPresent();
});

/** Brings back the embeddings that an earlier visit kept. */
export async function restoreKept(info: ModelInfo): Promise<void> {
  try {
    const kept = await embeddingsOf(info.trunkSha256);
    const usable = kept.filter(({ views, values }) => values.length === views * info.channels);
    const [first] = usable;
    readFor = info.trunkSha256;
    if (first === undefined) return await keepPresent();
    batch(() => {
      keepEmbeddings.value = true;
      const { views } = first;
      settings.value = { ...settings.value, views: views === 1 || views === 4 ? views : 8 };
      for (const one of usable) computed.set(keyOf(info.trunkSha256, one.imageHash, one.views), one.values);
      restore(usable.map((one) => ({ ...one, hash: one.imageHash, name: one.imageName })));
    });
  } catch (error) {
    keepProblem.value = toProblem(error);
  }
}

/** Switches the keeping; off also deletes what was kept. */
export async function setKeepEmbeddings(on: boolean): Promise<void> {
  keepEmbeddings.value = on;
  if (on) return keepPresent();
  try {
    await lastWrite;
    await forgetEmbeddings();
    keepProblem.value = null;
  } catch (error) {
    keepProblem.value = toProblem(error);
  }
}
