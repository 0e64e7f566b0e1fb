// After the first visit: without a network, with a damaged cache, with no room, with a new version.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { launch, open, serve, webRoot, type Site, type Watched } from '../support/browser';
import { answer, expectClean, fileOf, hand, modelReady, probabilities } from '../support/check-page';
import { jpegs } from '../support/pictures';

let browser: Browser;
let site: Site;
let watched: Watched;
const log: string[] = [];

/** What the server was asked for, of the model. */
const served = () => log.filter((line) => line.includes('.onnx'));

beforeAll(async () => {
  [site, browser] = await Promise.all([serve(['--log'], (line) => log.push(line)), launch()]);
});
afterAll(async () => {
  await browser.close();
  site.stop();
});
beforeEach(async () => {
  log.length = 0;
  watched = await open(browser, site.url);
});
afterEach(async () => {
  await watched.context.close();
});

const picture = () => fileOf(jpegs()[0] ?? '');

async function serviceWorkerActive(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    while (registration.active?.state !== 'activated') await new Promise((wait) => setTimeout(wait, 50));
  });
}

test('everything works without a network after the first visit', async () => {
  const { page } = watched;
  await modelReady(page);
  await serviceWorkerActive(page);
  await hand(page, 'drop', [picture()]);
  const before = await probabilities(await answer(page, 'lesion-00.jpg'));
  const host = site;
  host.stop();
  try {
    await page.reload();
    await modelReady(page);
    await hand(page, 'drop', [picture()]);
    expect(await probabilities(await answer(page, 'lesion-00.jpg'))).toEqual(before);
    for (const tab of ['Personalise', 'Model']) {
      await page.getByRole('navigation').getByRole('link', { name: tab }).click();
      await page.getByRole('heading', { level: 1 }).locator('visible=true').waitFor();
    }
    expectClean(watched);
  } finally {
    site = await serve(['--log'], (line) => log.push(line));
  }
});

async function keptModel(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const cache = await caches.open('dermdistill-model');
    const [request] = await cache.keys();
    return request?.url ?? '';
  });
}

test('the model is fetched once, and again when the kept one is damaged', async () => {
  const { page } = watched;
  await modelReady(page);
  await page.reload();
  await modelReady(page);
  const first = served().length;
  expect(first).toBe(1);
  expect(await keptModel(page)).toMatch(/models\/student-.*\.onnx$/);
  await page.reload();
  await modelReady(page);
  expect(served().length).toBe(first);

  await page.evaluate(async () => {
    const cache = await caches.open('dermdistill-model');
    const [request] = await cache.keys();
    if (request === undefined) throw new Error('nothing is kept');
    const bytes = new Uint8Array(await (await cache.match(request))!.arrayBuffer());
    bytes[bytes.length >> 1]! ^= 255;
    await cache.put(request, new Response(bytes));
  });
  await page.reload();
  await modelReady(page);
  expect(served().length).toBe(first + 1);
  await hand(page, 'drop', [picture()]);
  await answer(page, 'lesion-00.jpg');
  expectClean(watched);
});

test('with no room the model works, and the page says that it is not kept', async () => {
  await watched.context.close();
  const context = await browser.newContext();
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', {
    origin: new URL(site.url).origin,
    quotaSize: 100_000,
  });
  await page.goto(site.url);
  await modelReady(page);
  expect(await page.locator('.model-strip').textContent()).toContain('no room left');
  await hand(page, 'drop', [picture()]);
  await answer(page, 'lesion-00.jpg');
  await context.close();
});

test('a model that cannot be fetched is said, and tried again on request', async () => {
  await watched.context.close();
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  await context.route('**/*.onnx', (route) => route.abort());
  await page.goto(site.url);
  const strip = page.locator('.model-strip.failed');
  await strip.waitFor();
  expect(await strip.textContent()).toContain('could not be fetched');
  await hand(page, 'drop', [picture()]);
  await page.locator('.entry-state.problem').waitFor();
  await context.unroute('**/*.onnx');
  await strip.getByRole('button', { name: 'Try again' }).click();
  await modelReady(page);
  await answer(page, 'lesion-00.jpg');
  await context.close();
});

test('a model that is not the manifest’s is refused', async () => {
  await watched.context.close();
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  await context.route('**/*.onnx', async (route) => {
    const response = await route.fetch();
    const body = await response.body();
    body[1000] = (body[1000] ?? 0) ^ 1;
    await route.fulfill({ response, body });
  });
  await page.goto(site.url);
  await page.locator('.model-strip.failed').waitFor();
  expect(await page.locator('.model-strip').textContent()).toContain('not the one that this site ships');
  await context.close();
});

test('a new version is announced and taken on request', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dermdistill-site-'));
  const dist = join(folder, 'dist');
  cpSync(resolve(webRoot, 'dist'), dist, { recursive: true });
  const other = await serve(['--dist', dist]);
  const visit = await open(browser, other.url);
  try {
    const { page } = visit;
    await modelReady(page);
    await serviceWorkerActive(page);
    await page.reload();
    await modelReady(page);
    expect(await page.locator('.banner').count()).toBe(0);

    const file = join(dist, 'sw.js');
    writeFileSync(file, `${readFileSync(file, 'utf8')}\n// newer\n`);
    for (const ending of ['br', 'gz']) rmSync(`${file}.${ending}`);
    other.stop();
    const again = await serve(['--dist', dist, '--port', new URL(other.url).port]);
    try {
      await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
      await page.getByRole('button', { name: 'Reload now' }).waitFor();
      await Promise.all([
        page.waitForEvent('load'),
        page.getByRole('button', { name: 'Reload now' }).click(),
      ]);
      await modelReady(page);
      expect(await page.locator('.banner').count()).toBe(0);
      expectClean(visit);
    } finally {
      again.stop();
    }
  } finally {
    await visit.context.close();
    rmSync(folder, { recursive: true });
  }
});
