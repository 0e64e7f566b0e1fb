// What changes while a head is personalised: pictures come and go, another model is opened, what was kept follows.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { launch, open, serve, type Site, type Watched } from '../support/browser';
import { answer, expectClean, fileOf, hand } from '../support/check-page';
import { labelledPictures, picturesOf } from '../support/labelled-pictures';
import { jpegs } from '../support/pictures';
import { otherModel } from '../support/other-model';
import { countOf, goTo, openPersonalise, stored, train } from '../support/personalise-page';

let site: Site;
let browser: Browser;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  labelledPictures();
  [site, browser] = await Promise.all([serve(), launch()]);
});
afterAll(async () => {
  await browser.close();
  site.stop();
});
beforeEach(async () => {
  watched = await open(browser, site.url);
  page = watched.page;
  await openPersonalise(page);
  await page.locator('[data-testid=pick-MEL]').setInputFiles(picturesOf('mel').slice(0, 12));
  await page.locator('[data-testid=pick-NV]').setInputFiles(picturesOf('Melanocytic nevus').slice(0, 12));
  await page.locator('[data-testid=readiness][data-ready=true]').waitFor();
});
afterEach(() => watched.context.close());

const progress = () => page.locator('.run-progress');

test('pictures that are added while the network looks at others wait for the next training', async () => {
  const more = picturesOf('Basal_cell_carcinoma').slice(0, 6);
  await page.getByRole('button', { name: 'Train a head' }).click();
  await progress().waitFor();
  await page.locator('[data-testid=pick-BCC]').setInputFiles(more);
  await expect.poll(() => countOf(page, 'BCC').textContent()).toBe('6');
  expect(await progress().textContent()).toContain('of 24');
  await page.locator('.comparison').first().waitFor();
  await page.getByRole('button', { name: 'Train again' }).click();
  await expect.poll(() => page.locator('.run-progress').count()).toBe(0);
  await page.locator('.comparison').first().waitFor();
  expectClean(watched);
});

test('another model that is opened meanwhile ends the training, and the next is wholly of that model', async () => {
  const other = await otherModel();
  await goTo(page, 'check');
  const [picture = ''] = jpegs();
  await hand(page, 'drop', [fileOf(picture)]);
  const result = await answer(page, 'lesion-00.jpg');
  expect(await result.locator('[data-testid=older-answer]').count()).toBe(0);
  // The view with the place for a model file is there from now on, behind this one.
  await goTo(page, 'model');
  await goTo(page, 'personalise');
  await page.getByLabel('Keep what the network said').check();
  await page.getByRole('button', { name: 'Train a head' }).click();
  await progress().waitFor();
  await page
    .locator('[data-testid=pick-model]')
    .setInputFiles({ name: 'other.onnx', mimeType: '', buffer: other });
  await page.getByRole('alert').filter({ hasText: 'Another model was opened meanwhile' }).waitFor();
  expect(await page.locator('.comparison').count()).toBe(0);
  await page.getByRole('button', { name: 'Train a head' }).click();
  expect(await progress().textContent()).toContain('of 24');
  await page.locator('.comparison').first().waitFor();

  // What the first model answered says so, on the page and on paper.
  await goTo(page, 'check');
  await result.locator('[data-testid=older-answer]').waitFor();
  await page.locator('.export summary').click();
  await page.getByRole('button', { name: 'Printable page' }).click();
  const report = (await page.locator('.report').textContent()) ?? '';
  expect(report).toContain('Not all of these answers');
  expect(new Set(report.match(/[0-9a-f]{64}/g) ?? []).size).toBe(2);
  expectClean(watched);
});

test('what is kept follows what is removed and moved', async () => {
  await page.getByLabel('Keep what the network said').check();
  await page.locator('.settings-fields summary').click();
  await page.getByLabel('Orientations of each picture').selectOption('1');
  await train(page);
  await expect.poll(() => stored(page, 'embeddings')).toBe(24);
  const bucket = page.locator('[data-testid=bucket-MEL]');
  await bucket.getByRole('button', { name: /^List/ }).click();
  await bucket.locator('.bucket-list button').first().click();
  await expect.poll(() => stored(page, 'embeddings')).toBe(23);
  await bucket.locator('select').first().selectOption('NV');
  await expect.poll(() => countOf(page, 'NV').textContent()).toBe('13');
  await expect.poll(() => stored(page, 'embeddings')).toBe(23);

  await page.reload();
  await openPersonalise(page);
  await expect.poll(() => countOf(page, 'NV').textContent()).toBe('13');
  expect(await countOf(page, 'MEL').textContent()).toBe('10');
  expect(await page.locator('[data-testid=notices]').textContent()).not.toContain('several kinds');

  await page.getByRole('button', { name: 'Remove all pictures' }).click();
  await expect.poll(() => stored(page, 'embeddings')).toBe(0);
  await page.reload();
  await openPersonalise(page);
  await page.locator('[data-testid=readiness]').waitFor();
  expect(await countOf(page, 'NV').textContent()).toBe('0');
  expectClean(watched);
});
