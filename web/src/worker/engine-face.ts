// The part of the worker's face that every view shares: opening a model, choosing its head, stopping a job.
import type { ModelInfo } from '@/shared/model-info';
import { outcome, type Outcome } from '@/shared/problem';
import { engine } from './engine';

/** Does the work in its turn of the queue and says what is open then. */
function change(work: () => Promise<void>): Promise<Outcome<ModelInfo>> {
  return outcome(() =>
    engine.queue.run('model', async () => {
      await work();
      return engine.info();
    }),
  );
}

export const engineFace = {
  openShipped(base: string, progress: (done: number, total: number) => void): Promise<Outcome<ModelInfo>> {
    return change(() => engine.openShipped(new URL(base), progress));
  },
  /** A file of the user's; the open model stays when it is refused. */
  openOwn(bytes: Uint8Array<ArrayBuffer>, fileName: string): Promise<Outcome<ModelInfo>> {
    return change(() => engine.openOwn(bytes, fileName));
  },
  /** null: the file's own classifier answers again. */
  useHead(headFile: Uint8Array<ArrayBuffer> | null, name: string): Promise<Outcome<ModelInfo>> {
    return change(() => engine.useHead(headFile, name));
  },
  /** Takes a job out of the queue or stops it where it runs. */
  abort(id: string): void {
    engine.queue.abort(id);
  },
};
