// An ONNX file run as the page runs it, against what the engine said of the same images; tools/compare-runtimes calls it:
// node build/run-ts.mjs bench/compare-runtimes.ts MODEL.onnx PREDICTIONS.csv LIMIT THREADS [--json]
import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as ort from 'onnxruntime-web';
import Papa from 'papaparse';
import type { Core, CreateCoreOptions, Interval, MetricReport, Model } from '@core';
import { modelParts, readStudent } from '../src/shared/onnx-file.ts';
import { meanOf, viewsOf } from '../src/shared/views-of-picture.ts';

/** What the engine said of an image: a line of `dermdistill evaluate --predictions`. */
interface Row {
  image: string;
  label: number;
  lesion: string;
  file: string;
  probabilities: Float32Array;
}

interface Difference {
  largest: number;
  mean: number;
}

interface Figures {
  melanoma_auc: Interval | null;
  balanced_accuracy: Interval;
  accuracy: Interval;
}

interface Result {
  model: string;
  images: number;
  same_class: number;
  share_of_same_class: number;
  /** Less the mean of an image's logits, which probabilities do not tell. */
  logits: Difference;
  probabilities: Difference;
  engine: Figures;
  onnx_runtime: Figures;
  versions: { engine: string; onnx_runtime: string };
  other_class: { image: string; engine: string; onnx_runtime: string }[];
}

const wantedShare = 0.999;
const bootstrapSamples = 1000;

function fail(message: string): never {
  console.error(`error: ${message}`);
  process.exit(2);
}

async function loadCore(): Promise<Core> {
  const folder = resolve(import.meta.dirname, '../../wasm/dist');
  const url = pathToFileURL(resolve(folder, 'core.js')).href;
  const { default: create } = (await import(/* @vite-ignore */ url)) as {
    default: (options: CreateCoreOptions) => Promise<Core>;
  };
  return create({ wasmBinary: readFileSync(resolve(folder, 'core.wasm')) });
}

function readRows(file: string, classes: string[]): Row[] {
  const { data, errors } = Papa.parse<string[]>(readFileSync(file, 'utf8').trimEnd());
  const [error] = errors.filter(({ code }) => code !== 'UndetectableDelimiter');
  if (error) fail(`${file}: ${error.message}`);
  const [columns = [], ...lines] = data;
  const wanted = ['image', 'label', 'lesion_id', 'file', ...classes];
  if (columns.join() !== wanted.join())
    fail(`${file} has the columns ${columns.join()}; expected ${wanted.join()}, those of the model`);
  if (lines.length === 0) fail(`${file} names no image`);
  return lines.map(([image = '', label = '', lesion = '', path = '', ...rest]) => {
    const probabilities = Float32Array.from(rest, Number);
    const known = classes.indexOf(label);
    if (known < 0 || probabilities.length !== classes.length || !probabilities.every((p) => p >= 0 && p <= 1))
      fail(`${file}: ${image} has no label and probabilities of the model's classes`);
    return { image, label: known, lesion, file: path, probabilities };
  });
}

/** `limit` of them, spread over the whole; 0: all. */
function spread<T>(values: T[], limit: number): T[] {
  if (limit === 0 || limit >= values.length) return values;
  return Array.from({ length: limit }, (_, i) => values[Math.floor((i * values.length) / limit)] as T);
}

const top = (values: Float32Array) => values.indexOf(Math.max(...values));

function lessMean(values: number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

/** Logits less their mean, out of calibrated probabilities. */
function logitsOf(probabilities: Float32Array, temperature: number): number[] {
  const least = 2 ** -126;
  return lessMean(Array.from(probabilities, (p) => temperature * Math.log(Math.max(p, least))));
}

class Differences {
  private sum = 0;
  private count = 0;
  private most = 0;
  add(a: ArrayLike<number>, b: ArrayLike<number>): void {
    for (let i = 0; i < a.length; i++) {
      const difference = Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN));
      this.most = Math.max(this.most, difference);
      this.sum += difference;
      this.count++;
    }
  }
  get result(): Difference {
    return { largest: this.most, mean: this.sum / this.count };
  }
}

/** By the code that judges models everywhere else, with intervals by lesion. */
function figures(core: Core, classes: string[], rows: Row[], probabilities: Float32Array[]): Figures {
  const lesions = new Map<string, number>();
  const groups = rows.map(({ image, lesion }) => {
    const name = lesion === '' ? `image ${image}` : `lesion ${lesion}`;
    const group = lesions.get(name) ?? lesions.size;
    lesions.set(name, group);
    return group;
  });
  const all = new Float32Array(rows.length * classes.length);
  probabilities.forEach((values, i) => all.set(values, i * classes.length));
  const labels = Int32Array.from(rows, ({ label }) => label);
  const report: MetricReport = core.computeMetrics(
    classes,
    all,
    labels,
    Int32Array.from(groups),
    bootstrapSamples,
  );
  const { melanoma_auc, balanced_accuracy, accuracy } = report;
  return { melanoma_auc, balanced_accuracy, accuracy };
}

/** The logits of a picture, by the code of the page and in its order: decode, resize, network. */
async function logitsByRuntime(
  core: Core,
  model: Model,
  session: ort.InferenceSession,
  row: Row,
): Promise<Float32Array> {
  const picture = core.decodePicture(new Uint8Array(readFileSync(row.file)), row.file);
  const { preprocessing } = model.card;
  const rows: Float32Array[] = [];
  for (const view of viewsOf(model.card)) {
    const image = picture.tensor(preprocessing, null, view);
    const input = new ort.Tensor('float32', image, [1, 3, preprocessing.size, preprocessing.size]);
    const data = (await session.run({ image: input }, ['logits']))['logits']?.data;
    if (!(data instanceof Float32Array) || !data.every(Number.isFinite))
      fail(`${row.file}: ONNX Runtime gives no finite logits`);
    rows.push(data);
  }
  picture.delete();
  return meanOf(rows);
}

function progress(done: number, of: number): void {
  if (!process.stderr.isTTY && done % 500 !== 0 && done !== of) return;
  process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}ONNX Runtime: ${done} of ${of} images`);
  if (!process.stderr.isTTY || done === of) process.stderr.write('\n');
}

async function compare(modelFile: string, csv: string, limit: number, threads: number): Promise<Result> {
  const bytes = readFileSync(modelFile);
  const core = await loadCore();
  const model = core.openModel(modelParts(readStudent(bytes)), modelFile);
  const { classes, temperature } = model.card;
  const rows = spread(readRows(csv, classes), limit);
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
  });

  const logits = new Differences();
  const probabilities = new Differences();
  const byRuntime: Float32Array[] = [];
  const others: Result['other_class'] = [];
  const name = (values: Float32Array) => classes[top(values)] ?? '';
  for (const row of rows) {
    const raw = await logitsByRuntime(core, model, session, row);
    const values = model.probabilities(raw);
    logits.add(lessMean(Array.from(raw)), logitsOf(row.probabilities, temperature));
    probabilities.add(values, row.probabilities);
    byRuntime.push(values);
    if (top(values) !== top(row.probabilities))
      others.push({ image: row.image, engine: name(row.probabilities), onnx_runtime: name(values) });
    progress(byRuntime.length, rows.length);
  }
  await session.release();
  const same = rows.length - others.length;
  const byEngine = rows.map((row) => row.probabilities);
  return {
    model: basename(modelFile),
    images: rows.length,
    same_class: same,
    share_of_same_class: same / rows.length,
    logits: logits.result,
    probabilities: probabilities.result,
    engine: figures(core, classes, rows, byEngine),
    onnx_runtime: figures(core, classes, rows, byRuntime),
    versions: { engine: core.version(), onnx_runtime: ort.env.versions.web ?? ort.env.versions.common },
    other_class: others,
  };
}

function cell(interval: Interval | null): string {
  const text = (value: number | null | undefined) => value?.toFixed(4) ?? '-';
  if (interval === null || interval.low === null) return text(interval?.value);
  return `${text(interval.value)} (${text(interval.low)} to ${text(interval.high)})`;
}

function print(result: Result): void {
  const { versions, images, same_class: same, share_of_same_class: share } = result;
  const small = ({ largest, mean }: Difference) =>
    `differ by at most ${largest.toExponential(1)}, ${mean.toExponential(1)} in the mean`;
  const line = (title: string, text: string) => console.log(`  ${title.padEnd(26)} ${text}`);
  const row = (title: string, key: keyof Figures) =>
    line(title, `${cell(result.engine[key]).padEnd(28)} ${cell(result.onnx_runtime[key])}`);
  console.log(`${result.model}: ${images} images`);
  line('same most probable class', `${(100 * share).toFixed(2)} % (${same} of ${images})`);
  line('logits less their mean', small(result.logits));
  line('probabilities', small(result.probabilities));
  line('', `${`dermdistill ${versions.engine}`.padEnd(28)} ONNX Runtime Web ${versions.onnx_runtime}`);
  row('melanoma AUC', 'melanoma_auc');
  row('balanced accuracy', 'balanced_accuracy');
  row('accuracy', 'accuracy');
  console.log('  in brackets: 95 % intervals by lesion');
  for (const { image, engine, onnx_runtime } of result.other_class.slice(0, 10))
    console.log(`  ${image}: ${engine} by dermdistill, ${onnx_runtime} by ONNX Runtime`);
}

const [modelFile, csv, limit, threads, format] = process.argv.slice(2);
if (modelFile === undefined || csv === undefined) fail('called by tools/compare-runtimes; see its --help');
const result = await compare(modelFile, csv, Number(limit), Number(threads));
if (format === '--json') console.log(JSON.stringify(result));
else print(result);
if (result.share_of_same_class < wantedShare) {
  console.error(
    `error: ${result.images - result.same_class} of ${result.images} images get another class; expected 99.9 % to agree`,
  );
  process.exitCode = 1;
}
