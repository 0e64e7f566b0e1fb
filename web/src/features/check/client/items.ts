// The pictures of the check view and what has become of each.
import { batch, computed, signal, type Signal } from '@preact/signals';
import type { Rectangle } from '@core';
import type { Problem } from '@/shared/problem';
import { modelState, openShippedModel, reopenShippedModel, worker } from '@/worker/client';
import type { CheckResult } from '../shared/result';

export type ItemState =
  | { step: 'cropping' }
  | { step: 'waiting' }
  | { step: 'running' }
  | { step: 'done'; result: CheckResult }
  | { step: 'failed'; problem: Problem }
  | { step: 'stopped' };

export interface Item {
  readonly id: string;
  readonly name: string;
  readonly file: File;
  /** For <img>; revoked when the item is removed. */
  readonly url: string;
  readonly state: Signal<ItemState>;
  crop: Rectangle | null;
  /** The person asked to see an answer that the model would rather not give. */
  readonly answerAnyway: Signal<boolean>;
}

export const items = signal<readonly Item[]>([]);
export const selectedId = signal<string | null>(null);
export const comparedId = signal<string | null>(null);
export const croppingId = signal<string | null>(null);
export const cropFirst = signal(false);
export const augment = signal(false);

export const selected = computed(() => items.value.find((item) => item.id === selectedId.value) ?? null);
export const compared = computed(() => items.value.find((item) => item.id === comparedId.value) ?? null);
export const cropping = computed(() => items.value.find((item) => item.id === croppingId.value) ?? null);

/** How many pictures are answered but not judged yet. */
const judging = signal(0);

export const counts = computed(() => {
  const states = items.value.map((item) => item.state.value.step);
  const count = (...steps: ItemState['step'][]) => states.filter((step) => steps.includes(step)).length;
  return {
    all: states.length,
    done: count('done'),
    failed: count('failed'),
    busy: count('waiting', 'running') + judging.value,
    stopped: count('stopped'),
  };
});

/** So many are with the worker at once: the next one's way to it costs no time then. */
const inFlight = 2;
const queue: Item[] = [];
const running = new Set<Item>();
/** Of those that run, the ones whose options changed meanwhile. */
const outdated = new Set<Item>();
let next = 1;

export function addFiles(files: readonly File[]): void {
  if (files.length === 0) return;
  const added = files.map((file): Item => ({
    id: `check-${next++}`,
    name: file.name,
    file,
    url: URL.createObjectURL(file),
    state: signal<ItemState>(cropFirst.value ? { step: 'cropping' } : { step: 'waiting' }),
    crop: null,
    answerAnyway: signal(false),
  }));
  batch(() => {
    items.value = [...items.value, ...added];
    selectedId.value ??= added[0]?.id ?? null;
    if (cropFirst.value) croppingId.value ??= added[0]?.id ?? null;
  });
  if (!cropFirst.value) added.forEach(enqueue);
}

/** Checks the picture (again), with the present options. */
export function enqueue(item: Item): void {
  if (queue.includes(item)) return;
  if (running.has(item)) {
    outdated.add(item);
    void worker().abort(item.id);
    return;
  }
  item.state.value = { step: 'waiting' };
  item.answerAnyway.value = false;
  queue.push(item);
  void pump();
}

/** What was cropped: checks it, and asks for the next one's frame. */
export function finishCrop(item: Item, crop: Rectangle | null): void {
  item.crop = crop;
  croppingId.value =
    items.value.find((each) => each !== item && each.state.value.step === 'cropping')?.id ?? null;
  enqueue(item);
}

async function pump(): Promise<void> {
  if (queue.length === 0) return;
  await openShippedModel();
  const state = modelState.value;
  if (state.step === 'failed') {
    for (const item of queue.splice(0)) item.state.value = { step: 'failed', problem: state.problem };
    return;
  }
  while (running.size < inFlight) {
    const item = queue.shift();
    if (item === undefined) return;
    void run(item);
  }
}

async function run(item: Item): Promise<void> {
  running.add(item);
  item.state.value = { step: 'running' };
  const options = { crop: item.crop, augment: augment.value };
  const outcome = await worker().check(item.id, item.file, item.name, options);
  running.delete(item);
  if (outdated.delete(item)) enqueue(item);
  else if (outcome.ok) {
    item.state.value = { step: 'done', result: outcome.value };
    void judge(item, outcome.value);
  } else if (outcome.problem.code === 'aborted') item.state.value = { step: 'stopped' };
  else item.state.value = { step: 'failed', problem: outcome.problem };
  void pump();
}

/** The picture's quality comes after the answer; asking for it also lets the worker forget the picture. */
async function judge(item: Item, result: CheckResult): Promise<void> {
  judging.value += 1;
  const quality = await worker().quality(item.id);
  judging.value -= 1;
  const state = item.state.value;
  if (!quality.ok || state.step !== 'done' || state.result !== result) return;
  item.state.value = { step: 'done', result: { ...result, quality: quality.value } };
}

/** Stops what waits and what runs; results stay. */
export function stopAll(): void {
  batch(() => {
    for (const item of queue.splice(0)) item.state.value = { step: 'stopped' };
    outdated.clear();
    for (const item of running) void worker().abort(item.id);
  });
}

export function resumeAll(): void {
  for (const item of items.value) if (item.state.value.step === 'stopped') enqueue(item);
}

/** What a picture's check ends with where the model, and not the picture, is to blame. */
const ofModel = /^(model-.*|runtime|unknown|no-.*|insecure-page)$/;

/** After a model that could not be opened or that stopped: opens it again and checks what failed for that. */
export function retryModel(): void {
  const again = items.value.filter(({ state: { value } }) => {
    return value.step === 'failed' && ofModel.test(value.problem.code);
  });
  void reopenShippedModel();
  again.forEach(enqueue);
}

export function remove(item: Item): void {
  const place = queue.indexOf(item);
  if (place >= 0) queue.splice(place, 1);
  outdated.delete(item);
  if (running.has(item)) void worker().abort(item.id);
  URL.revokeObjectURL(item.url);
  batch(() => {
    const at = items.value.indexOf(item);
    items.value = items.value.filter((each) => each !== item);
    if (selectedId.value === item.id)
      selectedId.value = (items.value[at] ?? items.value[at - 1] ?? null)?.id ?? null;
    if (comparedId.value === item.id) comparedId.value = null;
    if (croppingId.value === item.id) croppingId.value = null;
  });
}

export function removeAll(): void {
  for (const item of [...items.value]) remove(item);
}
