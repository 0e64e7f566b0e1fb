// The second language, accessibility of every view in both languages' and appearances' pages, phone width.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { launch, open, serve, type Site } from '../support/browser';
import { answer, entry, expectClean, fileOf, hand, modelReady } from '../support/check-page';
import { jpegs } from '../support/pictures';

interface AxeResult {
  violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[];
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let site: Site;
let browser: Browser;

beforeAll(async () => {
  [site, browser] = await Promise.all([serve(), launch()]);
});
afterAll(async () => {
  await browser.close();
  site.stop();
});

/** What axe finds wrong with the page as it is now. */
async function violations(page: Page): Promise<string[]> {
  // Through the debugger: the policy allows no script of another source in the page.
  await page.evaluate(axe);
  const result = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run: () => Promise<AxeResult> } }).axe.run(),
  );
  return result.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html }) => `${id}: ${help}: ${html.slice(0, 160)}`),
  );
}

const goto = (page: Page, name: string) => page.evaluate((hash) => (location.hash = hash), `#/${name}`);

describe.each(['light', 'dark'] as const)('axe finds nothing in the %s page', (colorScheme) => {
  test.each([
    ['desktop', { width: 1280, height: 900 }],
    ['phone', { width: 390, height: 844 }],
  ])('on a %s', async (_, viewport) => {
    const watched = await open(browser, site.url, { colorScheme, viewport });
    const { page } = watched;
    await modelReady(page);
    expect(await violations(page)).toEqual([]);

    await hand(page, 'drop', [
      ...jpegs().slice(0, 2).map(fileOf),
      { name: 'note.txt', type: 'text/plain', bytes: Buffer.from('no') },
    ]);
    await entry(page, 'lesion-01.jpg').locator('.entry-state.done, .entry-state.warn').waitFor();
    expect(await violations(page)).toEqual([]);
    const result = await answer(page, 'lesion-00.jpg');
    await result.locator('.targets summary').click();
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Compare with').selectOption({ label: 'lesion-01.jpg' });
    expect(await violations(page)).toEqual([]);
    await entry(page, 'note.txt').click();
    expect(await violations(page)).toEqual([]);
    await entry(page, 'lesion-00.jpg').click();
    await page.getByRole('button', { name: 'Crop and check again' }).first().click();
    await page.getByRole('group', { name: 'Frame' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.locator('.settings summary').click();
    expect(await violations(page)).toEqual([]);
    await page.locator('.settings summary').click();
    await page.locator('.export summary').click();
    await page.getByRole('button', { name: 'Printable page' }).click();
    expect(await violations(page)).toEqual([]);
    for (const view of ['personalise', 'model']) {
      await goto(page, view);
      await page.getByRole('heading', { level: 1 }).locator('visible=true').waitFor();
      await page.waitForTimeout(300);
      expect(await violations(page)).toEqual([]);
    }
    // Nothing is wider than the window.
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(
      0,
    );
    expectClean(watched);
    await watched.context.close();
  });
});

test('the page speaks Japanese where the browser does, English on request, and remembers', async () => {
  const watched = await open(browser, site.url, { locale: 'ja-JP' });
  const { page } = watched;
  await page.getByRole('heading', { name: '病変を調べる' }).waitFor();
  expect(await page.locator('html').getAttribute('lang')).toBe('ja');
  await modelReady(page);
  await hand(page, 'drop', [fileOf(jpegs()[0] ?? '')]);
  const result = page.getByRole('article', { name: 'lesion-00.jpg の結果' });
  await result.locator('.no-answer, .summary').first().waitFor();
  const anyway = result.getByRole('button', { name: 'それでも答えを見る' });
  if ((await anyway.count()) > 0) await anyway.click();
  expect(await result.locator('.finding').textContent()).toContain('モデルの答えは');
  expect(await violations(page)).toEqual([]);
  for (const view of ['personalise', 'model']) {
    await goto(page, view);
    await page.getByRole('heading', { level: 1 }).locator('visible=true').waitFor();
    expect(await violations(page)).toEqual([]);
  }
  await page.locator('#language').selectOption('en');
  await page.reload();
  expect(await page.locator('html').getAttribute('lang')).toBe('en');
  expectClean(watched);
  await watched.context.close();
});

test('every view and every result can be reached with keys alone', async () => {
  const watched = await open(browser, site.url);
  const { page } = watched;
  await modelReady(page);
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.className)).toBe('skip');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
  await hand(page, 'drop', jpegs().slice(0, 2).map(fileOf));
  await entry(page, 'lesion-01.jpg').locator('.entry-state.done, .entry-state.warn').waitFor();
  await entry(page, 'lesion-01.jpg').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('article', { name: 'lesion-01.jpg' }).waitFor();
  await page.getByRole('navigation').getByRole('link', { name: 'Model' }).focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => page.evaluate(() => location.hash)).toBe('#/model');
  await watched.context.close();
});
