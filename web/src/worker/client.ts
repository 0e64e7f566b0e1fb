// The page's side of the worker: starts it, opens the model in it, and says how far that is.
import { signal } from '@preact/signals';
import { proxy, type Remote } from 'comlink';
import type { ModelInfo } from '@/shared/model-info';
import type { Outcome, Problem } from '@/shared/problem';
import type { WorkerFace } from './main';
import { StartedWorker } from './started-worker';

export type ModelState =
  | { step: 'fetching'; done: number; total: number }
  | { step: 'starting' }
  | { step: 'ready'; info: ModelInfo }
  | { step: 'failed'; problem: Problem };

export const modelState = signal<ModelState>({ step: 'fetching', done: 0, total: 0 });

let started: StartedWorker | null = null;

/** The worker's functions; the first call starts it, and so does the first after it failed. */
export function worker(): Remote<WorkerFace> {
  started ??= new StartedWorker((problem) => {
    started = null;
    modelState.value = { step: 'failed', problem };
  });
  return started.face;
}

/** ONNX Runtime starts once in a worker's life, whether that works or not: another attempt needs another worker. */
function endAfter(problem: Problem): void {
  if (['model-download', 'model-corrupt', 'model-refused'].includes(problem.code)) return;
  started?.end(problem);
  started = null;
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
    if (result.ok) return;
    opened = null;
    endAfter(result.problem);
  })();
  return opened;
}

/** Back to the model of the site: from a file of the user's, or after a failure. */
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
  if (!result.ok) {
    if (modelState.value.step === 'failed') endAfter(result.problem);
    return result.problem;
  }
  // Nobody has to bring the site's own model any more.
  opened = Promise.resolve();
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
