// Measures the built site in headless Chromium and prints a table: node build/run-ts.mjs bench/bench.ts
// For figures that mean something nothing else may run on the machine.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { chromiumPath, launchArguments, serve, webRoot } from '../tests/support/browser.ts';
import { fileOf, hand, modelReady } from '../tests/support/check-page.ts';
import makePictures, { jpegs } from '../tests/support/pictures.ts';

interface Exported {
  pictures: { timing: Record<string, number> }[];
  model: { name: string; preprocessing: { size: number } };
}

const runs = 30;
const warmUp = 5;
const checksAlone = process.argv.includes('--checks');

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const row = (what: string, value: string, target = '') =>
  console.log(`${what.padEnd(58)} ${value.padStart(16)}   ${target}`);
const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(0)} KB`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;
const milliseconds = (time: number) => `${time.toFixed(1)} ms`;

async function visit<T>(
  folder: string,
  url: string,
  work: (page: Page, context: BrowserContext) => Promise<T>,
): Promise<T> {
  const executablePath = chromiumPath() ?? 'chromium';
  const context = await chromium.launchPersistentContext(folder, {
    executablePath,
    args: launchArguments,
    acceptDownloads: true,
  });
  try {
    const page = await context.newPage();
    await page.addInitScript(() => {
      const tasks: number[] = [];
      Object.assign(globalThis, { longTasks: tasks });
      new PerformanceObserver((list) =>
        tasks.push(...list.getEntries().map(({ duration }) => duration)),
      ).observe({
        type: 'longtask',
        buffered: true,
      });
    });
    await page.goto(url);
    return await work(page, context);
  } finally {
    await context.close();
  }
}

async function exportJson(page: Page): Promise<Exported> {
  await page.locator('.export summary').click();
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Data (JSON)' }).click(),
  ]);
  return JSON.parse(readFileSync(await saved.path(), 'utf8')) as Exported;
}

/**
 * Runs inside the page, where it is sent as text: drops the picture again and again, as a person would, and looks at each
 * answer. Nothing outside steers the browser meanwhile, because that would compute on the same cores.
 */
async function dropAgain({ base64, warmUp, all }: { base64: string; warmUp: number; all: number }) {
  const { longTasks } = globalThis as unknown as { longTasks: number[] };
  const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time));
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const target = document.querySelector('main') ?? document.body;
  let longest = 0;
  for (let i = 0; i < all; i++) {
    longTasks.length = 0;
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], `lesion-${i}.jpg`, { type: 'image/jpeg' }));
    target.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
    while (document.querySelectorAll('.entry').length <= i) await pause(1);
    document.querySelectorAll<HTMLElement>('.entry')[i]?.click();
    // Long after the answer, so that waiting for it takes no time from it.
    do await pause(400);
    while (document.querySelector('.desk[aria-busy=false]') === null);
    if (i >= warmUp) longest = Math.max(longest, ...longTasks);
  }
  return longest;
}

async function checks(url: string, threads: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dermdistill-bench-'));
  await visit(folder, url, async (page) => {
    await modelReady(page);
    await page.waitForTimeout(2000);
    const base64 = readFileSync(jpegs()[0] ?? '').toString('base64');
    const longest = await page.evaluate(dropAgain, { base64, warmUp, all: warmUp + runs });
    const { model, pictures } = await exportJson(page);
    const times = pictures.slice(warmUp).map(({ timing }) => timing);
    const of = (step: string) => median(times.map((time) => time[step] ?? Number.NaN));
    const said = (await page.locator('.model-strip').textContent()) ?? '';
    console.log(
      `\n${threads} thread(s): "${/Computes on.*/.exec(said)?.[0]}", ${model.name}, ${model.preprocessing.size} pixels a side`,
    );
    row('ONNX Runtime’s own run', milliseconds(of('network')));
    for (const step of ['decode', 'prepare', 'explain']) row(`  ${step}`, milliseconds(of(step)));
    row('bytes to result with map', milliseconds(of('total')));
    // Check by check, as the machine's pace changes from one to the next.
    const multiples = times.map(({ total = Number.NaN, network = Number.NaN }) => total / network);
    row('  as a multiple of the same check’s run', median(multiples).toFixed(2), 'at most 1.25');
    row('  of the two medians above', (of('total') / of('network')).toFixed(2));
    row(
      'longest task of the main thread during a check',
      longest === 0 ? 'below 50 ms' : milliseconds(longest),
      'at most 50 ms',
    );
  });
  rmSync(folder, { recursive: true });
}

async function warmOpen(url: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dermdistill-bench-'));
  const times: number[] = [];
  for (let i = 0; i < 6; i++) {
    const taken = await visit(folder, 'about:blank', async (page) => {
      const began = performance.now();
      await page.goto(url, { waitUntil: 'commit' });
      await page.locator('[data-testid=pick]').waitFor({ state: 'attached' });
      await hand(page, 'drop', [fileOf(jpegs()[0] ?? '')]);
      await page.locator('.result .summary, .result .no-answer').waitFor();
      const time = performance.now() - began;
      await page.evaluate(() => navigator.serviceWorker.ready);
      await page.waitForTimeout(1500);
      return time;
    });
    if (i > 0) times.push(taken);
  }
  rmSync(folder, { recursive: true });
  row('opening the page to the first result, warm cache', milliseconds(median(times)), 'at most 2500 ms');
}

async function sizes(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dermdistill-bench-'));
  const lines: string[] = [];
  const site = await serve(['--log'], (line) => lines.push(line));
  await visit(folder, site.url, async (page) => {
    await modelReady(page);
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.waitForTimeout(3000);
  });
  site.stop();
  rmSync(folder, { recursive: true });
  let total = 0;
  for (const line of lines) total += Number(/ (\d+)$/.exec(line)?.[1] ?? 0);
  console.log('\nFirst visit, brotli as tools/serve sends it');
  for (const line of lines) {
    const [, path = '', , bytes = '0'] = line.split(' ');
    if (Number(bytes) > 20_000) row(`  ${path}`, kilobytes(Number(bytes)));
  }
  row('all of the first visit, offline use included', megabytes(total), 'at most 9 MB');

  const assets = resolve(webRoot, 'dist/assets');
  const gzipped = (keep: (name: string) => boolean) =>
    readdirSync(assets)
      .filter(keep)
      .reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name)), { level: 9 }).length, 0);
  row('JavaScript without ONNX Runtime, gzip', kilobytes(scripts(assets)), 'at most 150 KB');
  row(
    'WASM core, gzip',
    kilobytes(gzipped((name) => name.startsWith('core-') && name.endsWith('.wasm'))),
    'at most 350 KB',
  );
}

/** Every script but ONNX Runtime's: its glue, and its part of the worker, which is bundled as a chunk of its own. */
function scripts(assets: string): number {
  const names = readdirSync(assets).filter((name) => /\.m?js$/.test(name) && !name.startsWith('ort'));
  const worker = gzipSync(readFileSync(resolve(webRoot, 'dist/sw.js')), { level: 9 }).length;
  return names.reduce(
    (sum, name) => sum + gzipSync(readFileSync(join(assets, name)), { level: 9 }).length,
    worker,
  );
}

await makePictures();
console.log(`${cpus()[0]?.model ?? ''}, ${cpus().length} cores, headless Chromium; median of ${runs}`);
const [isolated, plain] = await Promise.all([serve(), serve(['--no-headers'])]);
try {
  await checks(plain.url, 1);
  await checks(isolated.url, 2);
  if (!checksAlone) await warmOpen(isolated.url);
} finally {
  isolated.stop();
  plain.stop();
}
if (!checksAlone) await sizes();
