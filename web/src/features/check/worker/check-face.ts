// The check's part of the worker's face.
import { outcome, type Outcome } from '@/shared/problem';
import { engine } from '@/worker/engine';
import type { Quality } from '@core';
import type { CheckOptions, CheckResult } from '../shared/result';
import { checkPicture, qualityOf } from './check-picture';

export const checkFace = {
  /** Checks one picture in its turn; `id` is what abort() takes. */
  check(id: string, file: Blob, name: string, options: CheckOptions): Promise<Outcome<CheckResult>> {
    return outcome(() => engine.queue.run(id, (signal) => checkPicture(id, file, name, options, signal)));
  },
  /** Of a picture that was just checked; asked for once the answer is shown. */
  quality(id: string): Promise<Outcome<Quality | null>> {
    return outcome(() => engine.queue.run(`${id} quality`, () => qualityOf(id)));
  },
};
