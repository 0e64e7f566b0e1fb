// One thing after another: the network and the core hold one thread each, and a person wants the first answer first.
import { ProblemError } from '@/shared/problem';

interface Job {
  id: string;
  controller: AbortController;
  begin: () => void;
}

export class JobQueue {
  private readonly waiting: Job[] = [];
  private running: Job | null = null;

  /** Runs the work when its turn comes. @throws ProblemError "aborted" when it was aborted before or during its turn. */
  async run<T>(id: string, work: (signal: AbortSignal) => Promise<T> | T): Promise<T> {
    const controller = new AbortController();
    const turn = new Promise<void>((begin) => this.waiting.push({ id, controller, begin }));
    this.next();
    await turn;
    try {
      if (controller.signal.aborted) throw new ProblemError('aborted');
      return await work(controller.signal);
    } finally {
      this.running = null;
      this.next();
    }
  }

  /** Takes the job out of the queue, or asks it to stop where it is running; unknown ids are no error. */
  abort(id: string): void {
    if (this.running?.id === id) this.running.controller.abort();
    for (const job of this.waiting) if (job.id === id) job.controller.abort();
    this.next();
  }

  private next(): void {
    if (this.running !== null) return;
    // Aborted jobs go first: they only have to say so.
    const aborted = this.waiting.findIndex((job) => job.controller.signal.aborted);
    const [job] = this.waiting.splice(Math.max(aborted, 0), 1);
    if (job === undefined) return;
    this.running = job;
    job.begin();
  }
}

/** Lets messages in (an abort, say) between two pieces of work. */
export function breathe(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      if (signal.aborted) reject(new ProblemError('aborted'));
      else resolve();
    };
    channel.port2.postMessage(null);
  });
}
