// The view "model" on the built site in a real Chromium.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { axeViolations } from '../support/axe';
import { launch, open, serve, type Site } from '../support/browser';
import { allDone, answer, expectClean, fileOf, hand, probabilities } from '../support/check-page';
import { goTo, replaced } from '../support/personalise-page';
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

/** The bytes of the model that the site ships. */
async function shipped(): Promise<Buffer> {
  const { file } = (await (await fetch(new URL('models/manifest.json', site.url))).json()) as {
    file: string;
  };
  return Buffer.from(await (await fetch(new URL(`models/${file}`, site.url))).arrayBuffer());
}

/** Opens a model file of the user's and waits until it answers. */
async function openOwn(page: Page, name: string, buffer: Buffer): Promise<void> {
  await page.locator('[data-testid=pick-model]').setInputFiles({ name, mimeType: '', buffer });
  await expect
    .poll(() => page.locator('[data-testid=own-model-status]').textContent())
    .toBe(`${name} is open.`);
}

test.each(['light', 'dark'] as const)(
  'the card is a page, melanoma sensitivity first (%s)',
  async (colorScheme) => {
    const watched = await open(browser, `${site.url}#/model`, { colorScheme });
    const { page } = watched;
    const figures = page.locator('.figures .figure');
    await figures.first().waitFor({ timeout: 60_000 });
    expect(await figures.nth(0).textContent()).toContain('Melanoma sensitivity');
    expect(await figures.nth(1).textContent()).toContain('Balanced accuracy');
    for (const large of [figures.nth(0), figures.nth(1)]) {
      expect(await large.locator('.figure-value').textContent()).toMatch(/^\d+\.\d\s?%$/);
      expect(await large.locator('.range').textContent()).toMatch(/ to /);
    }
    const headings = [
      'How good it is',
      'Who should not use it',
      'Plots',
      'Operating points',
      'What it was trained on',
      'Licence and notices',
    ];
    for (const name of headings)
      expect(await page.getByRole('heading', { name, exact: true }).count()).toBe(1);
    expect(await page.locator('svg.plot').count()).toBe(2);
    expect(await page.locator('table.confusion td').count()).toBeGreaterThan(60);
    expect((await page.locator('.hash code').first().textContent())?.length).toBe(64);
    expect(await page.locator('.facts div', { hasText: 'Knows unlike pictures' }).textContent()).toMatch(
      /yes$/,
    );
    expect(await page.locator('main').innerText()).not.toMatch(/\b(undefined|NaN|benign|safe)\b/i);
    expect(await axeViolations(page)).toEqual([]);
    expectClean(watched);
    await watched.context.close();
  },
);

test('files that are no model of this project are refused with the reason, and the open one stays', async () => {
  const watched = await open(browser, site.url);
  const { page } = watched;
  await goTo(page, 'model');
  await page.locator('.figures').waitFor({ timeout: 60_000 });
  const model = await shipped();
  const renamed = Buffer.from(model);
  renamed.write('dermdistilX', renamed.indexOf('dermdistill'), 'latin1');
  const changed = Buffer.from(model);
  const middle = changed.length >> 1;
  changed[middle] = (changed[middle] ?? 0) ^ 1;
  const old = Buffer.from(model);
  old.write('early_embeddinX', old.lastIndexOf('early_embedding'), 'latin1'); // the graph's output
  const files: [string, Buffer, RegExp][] = [
    ['empty.onnx', Buffer.alloc(0), /The file is empty/],
    ['words.onnx', Buffer.from('these are only words, and no model'), /not a model file/],
    ['cut.onnx', model.subarray(0, middle), /It is cut off/],
    ['other.onnx', renamed, /made by “dermdistilX”, and not by this project/],
    ['changed.onnx', changed, /weights were changed/],
    ['old.onnx', old, /exported by an older version.*Export it again/],
  ];
  for (const [name, buffer, reason] of files) {
    await page.locator('[data-testid=pick-model]').setInputFiles({ name, mimeType: '', buffer });
    const problem = page.locator('[data-testid=own-model-problem]', { hasText: name });
    await problem.waitFor();
    expect(await problem.textContent()).toMatch(reason);
    expect(await problem.textContent()).toContain('The model that was open stays open.');
    expect(await page.locator('[data-testid=own-model-status]').textContent()).toBe(
      'The model of this site is open.',
    );
  }
  expect(await axeViolations(page)).toEqual([]);
  await openOwn(page, 'mine.onnx', model);
  expect(await page.locator('[data-testid=own-model-problem]').count()).toBe(0);
  await page.getByRole('button', { name: 'Back to the model of this site' }).click();
  await expect
    .poll(() => page.locator('[data-testid=own-model-status]').textContent())
    .toBe('The model of this site is open.');
  expectClean(watched);
  await watched.context.close();
});

test('with a model that looks once, a person may ask for eight views', async () => {
  const watched = await open(browser, site.url);
  const { page } = watched;
  await goTo(page, 'model');
  await page.locator('.figures').waitFor({ timeout: 60_000 });
  expect(await page.locator('.facts').first().textContent()).toContain('looks at 8 orientations');
  await openOwn(page, 'once.onnx', replaced(await shipped(), '"orientations": 8', '"orientations": 1'));
  expect(await page.locator('.facts').first().textContent()).not.toContain('orientations');
  await goTo(page, 'check');
  await hand(page, 'drop', [fileOf(jpegs()[0] ?? '')]);
  const result = await answer(page, 'lesion-00.jpg');
  expect(await result.locator('.probability-value').first().textContent()).not.toContain('±');
  const plain = await probabilities(result);
  await page.getByLabel('Look from eight sides').check();
  await page.getByRole('button', { name: 'Crop and check again' }).click();
  await page.getByRole('button', { name: 'Check the whole picture' }).click();
  await allDone(page);
  const again = await answer(page, 'lesion-00.jpg');
  expect(await again.locator('.probability-value').first().textContent()).toContain('±');
  expect(await probabilities(again)).not.toEqual(plain);
  expectClean(watched);
  await watched.context.close();
});
