// The check's part of the worker's face.
import { outcome, type Outcome } from '@/shared/problem';
import { engine } from '@/worker/engine';
import type { CheckOptions, CheckResult } from '../shared/result';
import { checkPicture } from './check-picture';

export const checkFace = {
  /** Checks one picture in its turn; `id` is what abort() takes. */
  check(id: string, file: Blob, name: string, options: CheckOptions): Promise<Outcome<CheckResult>> {
    return outcome(() => engine.queue.run(id, (signal) => checkPicture(file, name, options, signal)));
  },
};
