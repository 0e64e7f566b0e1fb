// What the worker holds: the core, and the model that is open with its network and perhaps a personalised head.
// Everything that a view's worker part does with a model goes through here.
import type { Core, Model, ModelCard } from '@core';
import type { ModelInfo, ModelSource } from '@/shared/model-info';
import { presentHead } from '@/shared/head-store';
import { OnnxFileError, modelParts, readStudent, type StudentFile } from '@/shared/onnx-file';
import { hashWeights } from '@/shared/onnx-file-write';
import { ProblemError, type Problem } from '@/shared/problem';
import { fetchShippedModel, type Progress } from './fetch-model';
import { JobQueue } from './job-queue';
import { loadCore } from './load-core';
import { Network, checkBrowser, startRuntime, threads, type NetworkOutput } from './runtime';

/** A model that is ready to answer. */
export interface ActiveModel {
  source: ModelSource;
  fileName: string;
  /** The file as it came, with its own classifier. */
  student: StudentFile;
  /** The classifier of the file. */
  shipped: Model;
  /** The classifier that answers: a personalised one, or `shipped`. */
  model: Model;
  /** Its card, read once: the core makes a new object of a long text each time. */
  card: ModelCard;
  head: { name: string; file: Uint8Array<ArrayBuffer> } | null;
  network: Network;
  /** SHA-256 over everything but the classifier; heads belong to one trunk. */
  trunkSha256: string;
  notKept: Problem | null;
}

export class Engine {
  readonly queue = new JobQueue();
  private current: ActiveModel | null = null;

  core(): Promise<Core> {
    return loadCore();
  }

  /** @throws ProblemError when none is open yet. */
  active(): ActiveModel {
    if (this.current === null) throw new ProblemError('runtime', 'no model is open');
    return this.current;
  }

  /** Fetches and opens the model of the site. */
  async openShipped(base: URL, progress: Progress): Promise<void> {
    await checkBrowser();
    // The core and ONNX Runtime start while the model is on its way.
    const [fetched] = await Promise.all([fetchShippedModel(base, progress), loadCore(), startRuntime()]);
    const next = await this.read(fetched.bytes, fetched.manifest.file, 'shipped');
    await this.replace({ ...next, notKept: fetched.notKept });
  }

  /** Opens a file of the user's. The open model stays when it is refused. @throws OnnxFileError, ProblemError */
  async openOwn(bytes: Uint8Array<ArrayBuffer>, fileName: string): Promise<void> {
    await checkBrowser();
    await this.replace(await this.read(bytes, fileName, 'own'));
  }

  /** Answers with the classifier of a head file from now on; null: with the file's own. @throws CoreError */
  async useHead(headFile: Uint8Array<ArrayBuffer> | null, name: string): Promise<void> {
    const active = this.active();
    const model =
      headFile === null ? active.shipped : active.shipped.withHead(headFile, name, active.trunkSha256);
    const before = active.model;
    active.model = model;
    active.card = model.card;
    active.head = headFile === null ? null : { name, file: headFile };
    if (before !== active.shipped) before.delete();
    await Promise.resolve();
  }

  /** `images` is [count, 3, size, size], as Picture.tensor gives them one after another. */
  run(images: Float32Array, count: number): Promise<NetworkOutput> {
    return this.active().network.run(images, count);
  }

  info(): ModelInfo {
    const { source, fileName, card, head, shipped, trunkSha256, student, notKept } = this.active();
    return {
      source,
      fileName,
      bytes: student.bytes.length,
      card,
      shippedCard: shipped.card,
      channels: shipped.channels,
      hasStatistics: shipped.hasStatistics,
      knowsUnlike: shipped.knowsUnlike,
      headName: head?.name ?? null,
      trunkSha256,
      threads,
      notKept,
    };
  }

  private async read(
    bytes: Uint8Array<ArrayBuffer>,
    fileName: string,
    source: ModelSource,
  ): Promise<ActiveModel> {
    const core = await loadCore();
    const student = readStudent(bytes);
    // The site's own file was checked as a whole when it came.
    if (source === 'own' && (await hashWeights(student, 'all')) !== student.card.weights_sha256)
      throw new OnnxFileError('changed-weights');
    const shipped = core.openModel(modelParts(student), fileName);
    try {
      const network = await Network.open(bytes, shipped.card.preprocessing.size);
      const trunkSha256 = shipped.card.trunk_sha256 || (await hashWeights(student, 'trunk'));
      return {
        source,
        fileName,
        student,
        shipped,
        model: shipped,
        card: shipped.card,
        head: null,
        network,
        trunkSha256,
        notKept: null,
      };
    } catch (error) {
      shipped.delete();
      throw error;
    }
  }

  /** The head that the person last chose for this model; where it cannot be had, the model's own answers. */
  private async useStoredHead(): Promise<void> {
    try {
      const head = await presentHead(this.active().trunkSha256);
      if (head !== null) await this.useHead(head.file, head.name);
    } catch {
      // The view "personalise" says so when it reads the same store.
    }
  }

  private async replace(next: ActiveModel): Promise<void> {
    const before = this.current;
    this.current = next;
    if (before !== null) {
      if (before.model !== before.shipped) before.model.delete();
      before.shipped.delete();
      await before.network.release();
    }
    await this.useStoredHead();
  }
}

export const engine = new Engine();
