// The page's side of the worker: starts it, opens the model in it, and says how far that is.
import { signal } from '@preact/signals';
import { proxy, wrap, type Remote } from 'comlink';
import type { ModelInfo } from '@/shared/model-info';
import type { Outcome, Problem } from '@/shared/problem';
import type { WorkerFace } from './main';

export type ModelState =
  | { step: 'fetching'; done: number; total: number }
  | { step: 'starting' }
  | { step: 'ready'; info: ModelInfo }
  | { step: 'failed'; problem: Problem };

export const modelState = signal<ModelState>({ step: 'fetching', done: 0, total: 0 });

let face: Remote<WorkerFace> | null = null;

/** The worker's functions; the first call starts it. */
export function worker(): Remote<WorkerFace> {
  if (face === null) {
    const started = new Worker(new URL('./main.ts', import.meta.url), {
      type: 'module',
      name: 'dermdistill',
    });
    started.addEventListener('error', (event) => {
      modelState.value = { step: 'failed', problem: { code: 'runtime', detail: event.message } };
    });
    face = wrap<WorkerFace>(started);
  }
  return face;
}

let opened: Promise<void> | null = null;

function show(result: Outcome<ModelInfo>): void {
  modelState.value = result.ok
    ? { step: 'ready', info: result.value }
    : { step: 'failed', problem: result.problem };
}

/** Opens the model that ships with the site, once; a failed attempt may be repeated by calling again. */
export function openShippedModel(): Promise<void> {
  opened ??= (async () => {
    modelState.value = { step: 'fetching', done: 0, total: 0 };
    const progress = proxy((done: number, total: number) => {
      modelState.value = done < total ? { step: 'fetching', done, total } : { step: 'starting' };
    });
    const result = await worker().openShipped(document.baseURI, progress);
    show(result);
    if (!result.ok) opened = null;
  })();
  return opened;
}

/** Back from a file of the user's to the model of the site. */
export async function reopenShippedModel(): Promise<void> {
  opened = null;
  await openShippedModel();
}

/** Opens a model file of the user's; what was open stays when it is refused. */
export async function openOwnModel(
  bytes: Uint8Array<ArrayBuffer>,
  fileName: string,
): Promise<Problem | null> {
  const result = await worker().openOwn(bytes, fileName);
  if (!result.ok) return result.problem;
  show(result);
  return null;
}

/** Lets a personalised head answer from now on; null: the file's own. */
export async function useHead(
  headFile: Uint8Array<ArrayBuffer> | null,
  name: string,
): Promise<Problem | null> {
  const result = await worker().useHead(headFile, name);
  if (!result.ok) return result.problem;
  show(result);
  return null;
}
