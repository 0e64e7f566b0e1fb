// Threads where the page is isolated, one otherwise, and the same answer; by the host's headers or by the service worker.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { launch, open, serve, type Site } from '../support/browser';
import {
  answer,
  expectClean,
  fileOf,
  hand,
  holdModel,
  modelReady,
  probabilities,
} from '../support/check-page';
import { jpegs } from '../support/pictures';

let browser: Browser;
let withHeaders: Site;
let withoutHeaders: Site;
let underPath: Site;

beforeAll(async () => {
  [browser, withHeaders, withoutHeaders, underPath] = await Promise.all([
    launch(),
    serve(),
    serve(['--no-headers']),
    serve(['--no-headers', '--under', '/some/where']),
  ]);
});
afterAll(async () => {
  await browser.close();
  for (const site of [withHeaders, withoutHeaders, underPath]) site.stop();
});

async function check(
  page: Page,
): Promise<{ isolated: boolean; threads: string; answer: Record<string, number> }> {
  await modelReady(page);
  await hand(page, 'drop', [fileOf(jpegs()[0] ?? '')]);
  const values = await probabilities(await answer(page, 'lesion-00.jpg'));
  const isolated = await page.evaluate(() => crossOriginIsolated);
  const strip = (await page.locator('.model-strip').textContent()) ?? '';
  return { isolated, threads: /on (\d+) thread/.exec(strip)?.[1] ?? '', answer: values };
}

test('with the host’s headers there are threads, without isolation one, and the answer is the same', async () => {
  const first = await open(browser, withHeaders.url, { serviceWorkers: 'block' });
  const isolated = await check(first.page);
  const second = await open(browser, withoutHeaders.url, { serviceWorkers: 'block' });
  const plain = await check(second.page);
  expect(isolated.isolated).toBe(true);
  expect(Number(isolated.threads)).toBeGreaterThan(1);
  expect(plain.isolated).toBe(false);
  expect(plain.threads).toBe('1');
  for (const [code, probability] of Object.entries(plain.answer))
    expect(isolated.answer[code]).toBeCloseTo(probability, 6);
  expectClean(first);
  expectClean(second);
  await first.context.close();
  await second.context.close();
});

async function controlled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    while (navigator.serviceWorker.controller === null) await new Promise((wait) => setTimeout(wait, 50));
  });
}

test('where the host isolates the page, the switch says so on later visits too', async () => {
  const watched = await open(browser, withHeaders.url);
  const { page } = watched;
  await modelReady(page);
  await controlled(page);
  await page.reload();
  await modelReady(page);
  await page.locator('.settings summary').click();
  await page.getByText('always opened that way by its host').waitFor();
  expect(await page.getByLabel('Use several processor cores').isDisabled()).toBe(true);
  expectClean(watched);
  await watched.context.close();
});

test('a choice that is made before there is a service worker reaches it', async () => {
  const context = await browser.newContext({ locale: 'en-GB' });
  const page = await context.newPage();
  const release = await holdModel(context);
  await page.goto(withoutHeaders.url);
  await page.locator('.settings summary').click();
  await page.getByLabel('Use several processor cores').uncheck();
  release();
  await modelReady(page);
  await controlled(page);
  await page.waitForTimeout(300);
  await page.reload();
  await modelReady(page);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  expect(await page.getByLabel('Use several processor cores').isChecked()).toBe(false);
  await context.close();
});

test.each([
  ['at the root', () => withoutHeaders],
  ['under a path', () => underPath],
])(
  'on a host without headers the service worker isolates the second visit, %s, unless switched off',
  async (_, where) => {
    const watched = await open(browser, where().url);
    const { page } = watched;
    await modelReady(page);
    await controlled(page);
    await page.reload();
    const second = await check(page);
    expect(second.isolated).toBe(true);
    expect(Number(second.threads)).toBeGreaterThan(1);

    await page.locator('.settings summary').click();
    await page.getByLabel('Use several processor cores').uncheck();
    await page.waitForTimeout(300);
    await page.reload();
    const third = await check(page);
    expect(third.isolated).toBe(false);
    expect(third.threads).toBe('1');
    expectClean(watched);
    await watched.context.close();
  },
);
