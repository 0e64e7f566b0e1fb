// Times the training of a head in headless Chromium: 1,000 embeddings of 1,280 values, 50 epochs, in a module worker.
// node build/run-ts.mjs bench/head-training.ts; for figures that mean something nothing else may run on the machine.
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import type { Core, HeadEpoch } from '@core';
import { modelParts, readStudent } from '../src/shared/onnx-file.ts';
import { launch, webRoot } from '../tests/support/browser.ts';

const rows = 1000;
const epochs = 50;
const runs = 5;

interface Job {
  card: string;
  statistics: string | null;
  earlyStatistics: string | null;
  weight: number[];
  bias: number[];
  rows: number;
  epochs: number;
  replay: number;
}

interface Taken {
  milliseconds: number;
  last: HeadEpoch;
}

/** Runs inside the worker, where it is sent as text: it may use nothing from out here. */
function trainOnce(core: Core, job: Job): Taken {
  const parts = { ...job, weight: new Float32Array(job.weight), bias: new Float32Array(job.bias) };
  const model = core.openModel(parts, 'bench');
  const { classes, class_names: classNames } = model.card;
  const labels = Int32Array.from({ length: job.rows }, (_, i) => i % classes.length);
  // Every class around a point of its own, as embeddings after ReLU are: not negative.
  let state = 1;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const centres = classes.map(() => Float32Array.from({ length: model.channels }, random));
  const embeddings = new Float32Array(job.rows * model.channels);
  for (let i = 0; i < embeddings.length; i++) {
    const centre = centres[labels[Math.floor(i / model.channels)] ?? 0];
    embeddings[i] = Math.max(0, (centre?.[i % model.channels] ?? 0) + random() - 0.5);
  }
  const images = Int32Array.from({ length: job.rows }, (_, i) => i);
  const began = performance.now();
  const options = { classes, classNames, epochs: job.epochs, replay: job.replay };
  const trainer = core.trainHead(model, embeddings, labels, images, options);
  let last = trainer.trainEpoch();
  while (trainer.epoch < trainer.epochs) last = trainer.trainEpoch();
  const milliseconds = performance.now() - began;
  trainer.delete();
  model.delete();
  return { milliseconds, last };
}

function serveCore(): Promise<Server> {
  const files: Record<string, { type: string; body: string | Buffer }> = {
    '/': { type: 'text/html', body: '<!doctype html><title>Training of a head</title>' },
    '/worker.js': {
      type: 'text/javascript',
      body: `import createCore from './core.js';
const train = ${trainOnce.toString()};
onmessage = async ({ data }) => postMessage(train(await createCore(), data));`,
    },
    '/core.js': { type: 'text/javascript', body: readFileSync(resolve(webRoot, '../wasm/dist/core.js')) },
    '/core.wasm': {
      type: 'application/wasm',
      body: readFileSync(resolve(webRoot, '../wasm/dist/core.wasm')),
    },
  };
  const server = createServer((request, response) => {
    const file = files[request.url ?? ''];
    if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'Content-Type': file.type }).end(file.body);
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

const path = process.env['DERMDISTILL_MODEL'] ?? resolve(webRoot, '../models/student.onnx');
if (!existsSync(path)) throw new Error(`there is no model at ${path}; name one with DERMDISTILL_MODEL=FILE`);
const parts = modelParts(readStudent(readFileSync(path)));
const server = await serveCore();
const browser = await launch();
try {
  const page = await browser.newPage();
  const pageUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await page.goto(pageUrl);
  console.log(`${cpus()[0]?.model ?? ''}, headless Chromium, 1 thread; best and median of ${runs}`);
  for (const replay of parts.statistics === null ? [0] : [0, 1]) {
    const job: Job = {
      ...parts,
      weight: Array.from(parts.weight),
      bias: Array.from(parts.bias),
      ...{ rows, epochs, replay },
    };
    const taken: Taken[] = [];
    for (let i = 0; i <= runs; i++) {
      const one = await page.evaluate(
        (data) =>
          new Promise<Taken>((done, fail) => {
            const worker = new Worker('worker.js', { type: 'module' });
            worker.onmessage = (event) => {
              worker.terminate();
              done(event.data as Taken);
            };
            worker.onerror = (event) => fail(new Error(event.message));
            worker.postMessage(data);
          }),
        job,
      );
      if (i > 0) taken.push(one);
    }
    const times = taken.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
    const what = replay === 0 ? 'without replay' : 'with as many replayed embeddings';
    const last = taken[0]?.last;
    console.log(
      `${rows} embeddings of ${parts.weight.length / parts.bias.length}, ${epochs} epochs, ${what}: ` +
        `best ${times[0]?.toFixed(0)} ms, median ${times[times.length >> 1]?.toFixed(0)} ms (at most 1000 ms); ` +
        `training loss ${last?.trainingLoss.toFixed(3)}, held-out balanced accuracy ${last?.heldOutBalancedAccuracy?.toFixed(3)}`,
    );
  }
} finally {
  await browser.close();
  server.close();
}
