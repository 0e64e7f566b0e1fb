// A worker or a model that does not start, and what a person does about it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { launch, serve, type Site } from '../support/browser';
import { answer, entry, fileOf, hand, modelReady } from '../support/check-page';
import { goTo } from '../support/personalise-page';
import { shippedModel } from '../support/other-model';
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

const picture = () => fileOf(jpegs()[0] ?? '');

test.each([
  ['the worker’s script', '**/assets/main-*.js'],
  ['the program of ONNX Runtime', '**/assets/ort-*.wasm'],
  ['the program of the core', '**/assets/core-*.wasm'],
])('without %s the page says so, and "Try again" checks what waited', async (_, address) => {
  const context = await browser.newContext({ locale: 'en-GB', serviceWorkers: 'block' });
  const page = await context.newPage();
  let refused = 0;
  await context.route(address, (route) => {
    refused += 1;
    return route.abort();
  });
  await page.goto(site.url);
  const strip = page.locator('.model-strip.failed');
  await strip.waitFor();
  expect(refused).toBeGreaterThan(0);
  await hand(page, 'drop', [picture()]);
  await entry(page, picture().name).locator('.entry-state.problem').waitFor();
  await strip.waitFor();
  await context.unroute(address);
  await strip.getByRole('button', { name: 'Try again' }).click();
  await modelReady(page);
  await answer(page, picture().name);
  await context.close();
});

test('a model of one’s own stays open where the site’s own could not be fetched', async () => {
  const context = await browser.newContext({ locale: 'en-GB', serviceWorkers: 'block' });
  const page = await context.newPage();
  await context.route('**/*.onnx', (route) => route.abort());
  await page.goto(site.url);
  await page.locator('.model-strip.failed').waitFor();
  await goTo(page, 'model');
  await page
    .locator('[data-testid=pick-model]')
    .setInputFiles({ name: 'own.onnx', mimeType: '', buffer: shippedModel() });
  const status = page.locator('[data-testid=own-model-status]');
  await expect.poll(() => status.textContent()).toContain('own.onnx is open');
  await goTo(page, 'check');
  await hand(page, 'drop', [picture()]);
  await answer(page, picture().name);
  await goTo(page, 'personalise');
  await goTo(page, 'model');
  expect(await status.textContent()).toContain('own.onnx is open');
  await context.close();
});

test('a view whose code cannot be fetched says so and comes on request', async () => {
  const context = await browser.newContext({ locale: 'en-GB', serviceWorkers: 'block' });
  const page = await context.newPage();
  await context.route('**/assets/personalise-*.js', (route) => route.abort());
  await page.goto(site.url);
  await modelReady(page);
  await page.evaluate(() => (location.hash = '#/personalise'));
  const said = page.getByRole('alert').filter({ hasText: 'This view could not be shown' });
  await said.waitFor();
  await context.unroute('**/assets/personalise-*.js');
  await said.getByRole('button', { name: 'Try again' }).click();
  await page.locator('[data-testid=bucket-MEL]').waitFor();
  expect(await said.count()).toBe(0);
  await context.close();
});
