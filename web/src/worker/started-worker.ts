// A worker whose calls always end: where it fails, what waits for it is answered with why.
import { wrap, type Remote } from 'comlink';
import { toProblem, type Outcome, type Problem } from '@/shared/problem';
import type { WorkerFace } from './main';

type Answer = (value: unknown) => void;

export class StartedWorker {
  readonly face: Remote<WorkerFace>;
  private readonly worker: Worker;
  private readonly waiting = new Set<Answer>();

  /** `failed` is called at most once, when the worker cannot be loaded or stops with an error. */
  constructor(failed: (problem: Problem) => void) {
    this.worker = new Worker(new URL('./main.ts', import.meta.url), {
      type: 'module',
      name: 'dermdistill',
    });
    this.worker.addEventListener(
      'error',
      ({ message }: Partial<ErrorEvent>) => {
        const problem: Problem = { code: 'runtime', detail: message ?? '' };
        failed(problem);
        this.end(problem);
      },
      { once: true },
    );
    this.face = this.answered(wrap<WorkerFace>(this.worker));
  }

  /** Answers everything that still waits with the problem; the worker answers nothing after that. */
  end(problem: Problem): void {
    this.worker.terminate();
    const failure: Outcome<never> = { ok: false, problem };
    for (const answer of this.waiting) answer(failure);
    this.waiting.clear();
  }

  private answered(face: Remote<WorkerFace>): Remote<WorkerFace> {
    return new Proxy(face, {
      get: (target, name) => {
        const call = Reflect.get(target, name) as (...values: unknown[]) => Promise<unknown>;
        return (...values: unknown[]) =>
          new Promise((answer) => {
            this.waiting.add(answer);
            const settle = (value: unknown) => {
              this.waiting.delete(answer);
              answer(value);
            };
            call(...values).then(settle, (error: unknown) =>
              settle({ ok: false, problem: toProblem(error) } satisfies Outcome<never>),
            );
          });
      },
    });
  }
}
