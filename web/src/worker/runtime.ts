// ONNX Runtime Web: from our own origin, with threads where the page is isolated.
import * as ort from 'onnxruntime-web/wasm';
import glueUrl from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { simd } from 'wasm-feature-detect';
import { ProblemError } from '@/shared/problem';

/** More threads than this gain nothing on a network of this size. */
const mostThreads = 4;

export const threads = self.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, mostThreads) : 1;

ort.env.wasm.numThreads = threads;
ort.env.wasm.wasmPaths = {
  mjs: new URL(glueUrl, import.meta.url).href,
  wasm: new URL(wasmUrl, import.meta.url).href,
};
ort.env.logLevel = 'error';

/** @throws ProblemError when this browser cannot run the model at all. */
export async function checkBrowser(): Promise<void> {
  if (typeof WebAssembly !== 'object') throw new ProblemError('no-webassembly');
  if (!(await simd())) throw new ProblemError('no-simd');
  if (typeof crypto.subtle === 'undefined') throw new ProblemError('insecure-page');
}

/** A network of one Identity: the smallest file that a session opens. */
const smallest = Uint8Array.from(
  atob('CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCAhAN'),
  (character) => character.charCodeAt(0),
);

/** Compiles ONNX Runtime and starts its threads while the model is still on its way. Opening the model says what fails. */
export async function startRuntime(): Promise<void> {
  try {
    await (await ort.InferenceSession.create(smallest, { executionProviders: ['wasm'] })).release();
  } catch {
    // Tried again with the model.
  }
}

/** What the network says of a batch. */
export interface NetworkOutput {
  /** [count, classes] by the file's own classifier. */
  logits: Float32Array;
  /** [count, channels] */
  embedding: Float32Array;
  /** [count, early channels] */
  earlyEmbedding: Float32Array;
  /** [count, channels, height, width] */
  features: Float32Array;
  height: number;
  width: number;
}

export class Network {
  private constructor(
    private readonly session: ort.InferenceSession,
    private readonly size: number,
  ) {}

  /** @throws ProblemError when ONNX Runtime refuses the file. */
  static async open(bytes: Uint8Array, size: number): Promise<Network> {
    try {
      const session = await ort.InferenceSession.create(bytes, {
        executionProviders: ['wasm'],
        graphOptimizationLevel: 'all',
      });
      return new Network(session, size);
    } catch (error) {
      throw new ProblemError('runtime', error instanceof Error ? error.message : String(error));
    }
  }

  /** `images` is [count, 3, size, size]. */
  async run(images: Float32Array, count: number): Promise<NetworkOutput> {
    const input = new ort.Tensor('float32', images, [count, 3, this.size, this.size]);
    let outputs: ort.InferenceSession.ReturnType;
    try {
      outputs = await this.session.run({ image: input });
    } catch (error) {
      throw new ProblemError('runtime', error instanceof Error ? error.message : String(error));
    }
    const floats = (name: string) => {
      const tensor = outputs[name];
      if (tensor === undefined || !(tensor.data instanceof Float32Array))
        throw new ProblemError('model-refused', `the network has no output "${name}" of floats`);
      return { data: tensor.data, dims: tensor.dims };
    };
    const features = floats('features');
    return {
      logits: floats('logits').data,
      embedding: floats('embedding').data,
      earlyEmbedding: floats('early_embedding').data,
      features: features.data,
      height: features.dims[2] ?? 1,
      width: features.dims[3] ?? 1,
    };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
