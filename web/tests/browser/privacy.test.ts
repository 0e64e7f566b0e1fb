// The policy: what it says, that the page keeps to it, and that these tests would notice if it did not.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { launch, open, serve, webRoot, type Site } from '../support/browser';
import { answer, expectClean, fileOf, hand, modelReady } from '../support/check-page';
import { jpegs } from '../support/pictures';

let site: Site;
let browser: Browser;

beforeAll(async () => {
  [site, browser] = await Promise.all([serve(), launch()]);
});
afterAll(async () => {
  await browser.close();
  site.stop();
});

test.each([
  ['_headers', '_headers'],
  ['the page', 'index.html'],
])('the policy in %s is strict', (_, file) => {
  const text = readFileSync(resolve(webRoot, 'dist', file), 'utf8').replaceAll('&#39;', "'");
  const policy = /default-src[^"\n]*/.exec(text)?.[0] ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/script-src 'self' 'wasm-unsafe-eval'(;|$)/);
  expect(policy).toMatch(/connect-src 'self'(;|$)/);
  expect(policy).toMatch(/worker-src 'self'(;|$)/);
  expect(policy).toMatch(/style-src 'self'(;|$)/);
  expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
});

test('the server sends the headers of _headers', async () => {
  const { headers } = await fetch(site.url);
  expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
  expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
});

test('a whole visit asks only its own origin, breaks no rule, and keeps no picture', async () => {
  const watched = await open(browser, site.url);
  const { page } = watched;
  await modelReady(page);
  await hand(page, 'drop', jpegs().slice(0, 3).map(fileOf));
  await answer(page, 'lesion-02.jpg');
  for (const tab of ['Personalise', 'Model', 'Check'])
    await page.getByRole('navigation').getByRole('link', { name: tab }).click();
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.reload();
  await modelReady(page);
  expectClean(watched);
  const kept = await page.evaluate(async () => {
    const urls: string[] = [];
    for (const name of await caches.keys())
      urls.push(...(await (await caches.open(name)).keys()).map((request) => request.url));
    return { urls, databases: (await indexedDB.databases()).map(({ name }) => name) };
  });
  expect(kept.urls.every((url) => url.startsWith(new URL(site.url).origin))).toBe(true);
  expect(kept.urls.filter((url) => /\.(jpe?g)$/.test(url))).toEqual([]);
  expect(await page.locator('.entry').count()).toBe(0);
  await watched.context.close();
});

/** What comes of a request to another origin and of code from a string, where the browser's own tools do not allow it. */
async function tryForbidden(): Promise<{ fetched: string; evaluated: string[] }> {
  const fetched = await fetch('http://127.0.0.1:9/elsewhere').then(
    () => 'fetched',
    (error: unknown) => String(error),
  );
  const attempt = (work: () => unknown) =>
    new Promise<string>((resolve) =>
      setTimeout(() => {
        try {
          work();
          resolve('ran');
        } catch (error) {
          resolve(error instanceof Error ? error.name : '');
        }
      }),
    );
  const evaluated = [
    await attempt(() => (0, eval)('1 + 1')),
    await attempt(() => Reflect.construct(Function, ['return 1'])),
  ];
  return { fetched, evaluated };
}

async function controlled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    while (navigator.serviceWorker.controller === null) await new Promise((wait) => setTimeout(wait, 50));
  });
}

test.each([
  ['a host that sends them', [], 'block'],
  ['the service worker, on a host that sends them', [], 'allow'],
  ['the service worker, on a host that does not', ['--no-headers'], 'allow'],
] as const)(
  'page and worker reach no other origin and run no code from strings, with headers of %s',
  async (_, options, serviceWorkers) => {
    const host = await serve([...options]);
    try {
      const watched = await open(browser, host.url, { serviceWorkers });
      const { page, violations } = watched;
      await modelReady(page);
      if (serviceWorkers === 'allow') {
        await controlled(page);
        await page.reload();
        await modelReady(page);
      }
      expectClean(watched);
      const inPage = await page.evaluate(tryForbidden);
      expect(inPage.fetched).toContain('TypeError');
      expect(inPage.evaluated).toEqual(['EvalError', 'EvalError']);
      await expect.poll(() => violations.join('\n')).toMatch(/connect-src/);
      violations.length = 0;
      const worker = page.workers().find((one) => one.url().includes('/assets/main-'));
      if (worker === undefined) throw new Error('the worker is not there');
      const inWorker = await worker.evaluate(tryForbidden);
      expect(inWorker.fetched).toContain('TypeError');
      expect(inWorker.evaluated).toEqual(['EvalError', 'EvalError']);
      await expect.poll(() => violations.join('\n')).toMatch(/in a worker: connect-src: http:.*elsewhere/);
      await watched.context.close();
    } finally {
      host.stop();
    }
  },
);

test('the watching notices a request to another origin, an inline script and an eval', async () => {
  const watched = await open(browser, site.url);
  const { page, foreign, violations } = watched;
  await page.evaluate(async () => {
    await fetch('http://127.0.0.1:9/elsewhere').catch(() => undefined);
    const script = document.createElement('script');
    script.textContent = 'globalThis.inlineRan = true';
    document.head.append(script);
  });
  await expect.poll(() => violations.join('\n')).toMatch(/connect-src/);
  await expect.poll(() => violations.join('\n')).toMatch(/script-src/);
  expect(await page.evaluate(() => 'inlineRan' in globalThis)).toBe(false);
  const image = page.evaluate(() => {
    const picture = new Image();
    picture.src = 'http://127.0.0.1:9/elsewhere.png';
  });
  await image;
  await expect.poll(() => violations.join('\n')).toMatch(/img-src/);
  expect(foreign.length + violations.length).toBeGreaterThan(2);
  await watched.context.close();
});
