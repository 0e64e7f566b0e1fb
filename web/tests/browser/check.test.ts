// The check view on the built site in a real Chromium.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { launch, open, serve, type Site, type Watched } from '../support/browser';
import {
  allDone,
  answer,
  entry,
  expectClean,
  fileOf,
  hand,
  holdModel,
  modelReady,
  pick,
  probabilities,
} from '../support/check-page';
import { jpegs, png } from '../support/pictures';

let site: Site;
let browser: Browser;
let watched: Watched;

// One visitor for all tests: the first visit fetches and compiles megabytes.
beforeAll(async () => {
  [site, browser] = await Promise.all([serve(), launch()]);
  watched = await open(browser, site.url);
  await modelReady(watched.page);
});
afterAll(async () => {
  await browser.close();
  site.stop();
});
beforeEach(() => watched.page.reload());

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const first = () => jpegs().slice(0, 1).map(fileOf);

describe('one picture', () => {
  test.each(['jpeg', 'png'])('a dropped %s is answered with probabilities, words and a map', async (kind) => {
    const { page } = watched;
    const file = kind === 'png' ? fileOf(png()) : first()[0];
    expect(file).toBeDefined();
    if (file === undefined) return;
    await hand(page, 'drop', [file]);
    const result = await answer(page, file.name);
    const values = Object.values(await probabilities(result));
    expect(values.length).toBeGreaterThanOrEqual(2);
    expect(sum(values)).toBeCloseTo(1, 4);
    expect(await result.locator('.finding').textContent()).toContain('The model finds');
    expect(await result.getByText('600 × 450 pixels').count()).toBe(1);
    // The map has colour.
    const drawn = await result.locator('.picture canvas').evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const data = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height).data;
      return data?.some((value, i) => i % 4 === 3 && value > 20) ?? false;
    });
    expect(drawn).toBe(true);
    expectClean(watched);
  });

  test('the map follows the chosen class and the slider', async () => {
    const { page } = watched;
    await hand(page, 'drop', first());
    const result = await answer(page, 'lesion-00.jpg');
    const canvas = result.locator('.picture canvas');
    const pixels = () => canvas.evaluate((each) => (each as HTMLCanvasElement).toDataURL());
    const before = await pixels();
    await result.locator('.probability').last().click();
    await expect.poll(pixels).not.toBe(before);
    await result.getByLabel('Strength of the map').fill('0.2');
    expect(await canvas.evaluate((each) => each.style.opacity)).toBe('0.2');
    expectClean(watched);
  });

  test('a picture that is dropped the moment the page stands is not lost', async () => {
    const { context } = watched;
    const page = await context.newPage();
    // A microtask after the view is in the document comes before its first paint, and before anything put off until then.
    await page.addInitScript((base64) => {
      new MutationObserver((_, observer) => {
        const main = document.querySelector('main');
        if (main === null) return;
        observer.disconnect();
        const dataTransfer = new DataTransfer();
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        dataTransfer.items.add(new File([bytes], 'early.png', { type: 'image/png' }));
        main.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
      }).observe(document, { childList: true, subtree: true });
    }, fileOf(png()).bytes.toString('base64'));
    await page.goto(site.url);
    await answer(page, 'early.png');
    await page.close();
  });

  test('a file that is dropped where no view takes it does not lead away from the page', async () => {
    const { page, context } = watched;
    const folder = mkdtempSync(join(tmpdir(), 'dropped-'));
    const file = join(folder, 'dragged.png');
    writeFileSync(file, fileOf(png()).bytes);
    const browserSession = await context.newCDPSession(page);
    const drag = async () => {
      const data = { items: [], files: [file], dragOperationsMask: 1 };
      for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
        await browserSession.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data });
    };
    await page.goto(`${site.url}#/model`);
    await page.getByRole('heading', { level: 1 }).last().waitFor();
    await drag();
    expect(page.url()).toBe(`${site.url}#/model`);
    await page.evaluate(() => (location.hash = '#/check'));
    await page.locator('.intake').waitFor();
    expect(await page.locator('.entry').count()).toBe(0);
    await drag();
    await answer(page, 'dragged.png');
    expect(context.pages()).toHaveLength(1);
    rmSync(folder, { recursive: true });
  });

  test('a pasted picture is checked and named', async () => {
    const { page } = watched;
    await modelReady(page);
    await hand(page, 'paste', [{ ...fileOf(png()), name: 'image.png' }]);
    await answer(page, 'Pasted picture 1.png');
    expectClean(watched);
  });

  test('the model looks from eight sides, and the answer is their mean with a spread', async () => {
    const { page } = watched;
    await modelReady(page);
    expect(await page.getByLabel('Look from eight sides').count()).toBe(0); // it does so anyway
    await pick(page, first());
    const result = await answer(page, 'lesion-00.jpg');
    expect(sum(Object.values(await probabilities(result)))).toBeCloseTo(1, 4);
    expect(await result.locator('.probability-value').first().textContent()).toMatch(/± \d/);
    expectClean(watched);
  });

  test('a crop made with keys changes what is checked', async () => {
    const { page } = watched;
    await pick(page, first());
    const whole = await probabilities(await answer(page, 'lesion-00.jpg'));
    await page.getByRole('button', { name: 'Crop and check again' }).click();
    const frame = page.getByRole('group', { name: 'Frame' });
    await frame.focus();
    for (let i = 0; i < 8; i++) await page.keyboard.press('Shift+ArrowLeft');
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowRight');
    expect(Number(await page.getByRole('spinbutton', { name: 'Width' }).inputValue())).toBeLessThan(450);
    await page.getByRole('button', { name: 'Check this part' }).click();
    await page.getByText(/^part of \d+ × \d+ pixels$/).waitFor();
    const part = await probabilities(await answer(page, 'lesion-00.jpg'));
    expect(part).not.toEqual(whole);
    expectClean(watched);
  });

  test('the frame comes first where the person asks for it', async () => {
    const { page } = watched;
    await page.getByLabel('Crop before checking').check();
    await pick(page, jpegs().slice(0, 2).map(fileOf));
    for (let i = 0; i < 2; i++) {
      await page.getByRole('dialog', { name: 'Crop the picture' }).waitFor();
      await page.getByRole('button', { name: 'Check this part' }).click();
    }
    await answer(page, 'lesion-01.jpg');
    expect(await page.getByText('part of 450 × 450 pixels').count()).toBe(1);
    expectClean(watched);
  });
});

test('noise gets no answer until it is asked for', async () => {
  const { page } = watched;
  await modelReady(page);
  const bytes = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(300, 200);
    const context = canvas.getContext('2d');
    const image = new ImageData(300, 200);
    let state = 7;
    for (let i = 0; i < image.data.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      image.data[i] = i % 4 === 3 ? 255 : state >>> 24;
    }
    context?.putImageData(image, 0, 0);
    const blob = await canvas.convertToBlob({ type: 'image/png' });
    return Array.from(new Uint8Array(await blob.arrayBuffer()));
  });
  await hand(page, 'drop', [{ name: 'static.png', type: 'image/png', bytes: Buffer.from(bytes) }]);
  await allDone(page);
  expect(await entry(page, 'static.png').textContent()).toContain('No answer');
  await entry(page, 'static.png').click();
  const result = page.getByRole('article', { name: 'static.png' });
  const refusal = result.locator('.no-answer');
  expect(await refusal.textContent()).toMatch(/being unlike them is [\d.,]+; 99\s?% of validation pictures/);
  expect(await result.locator('.summary, .probability').count()).toBe(0);
  await refusal.getByRole('button', { name: 'Show the answer anyway' }).click();
  await result.locator('.summary').waitFor();
  expect(await result.getByText('Do not rely on it').count()).toBe(1);
  expectClean(watched);
});

describe('several pictures', () => {
  test('many at once are all answered, and two are compared', async () => {
    const { page } = watched;
    const files = jpegs().slice(0, 12).map(fileOf);
    await hand(page, 'drop', files);
    await allDone(page);
    expect(await page.locator('.list-head h2').textContent()).toBe('12 pictures');
    await entry(page, 'lesion-00.jpg').click();
    await page.getByLabel('Compare with').selectOption({ label: 'lesion-05.jpg' });
    expect(await page.getByRole('article').count()).toBe(2);
    expectClean(watched);
  });

  test('what was stopped is not checked until the person goes on', async () => {
    const { page } = watched;
    await modelReady(page);
    await hand(page, 'drop', jpegs().map(fileOf));
    await page.getByRole('button', { name: 'Stop' }).click();
    await allDone(page);
    const stopped = await page.locator('.entry-state', { hasText: 'Stopped' }).count();
    expect(stopped).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Go on' }).click();
    await allDone(page);
    expect(await page.locator('.entry-state', { hasText: 'Stopped' }).count()).toBe(0);
    expectClean(watched);
  });

  test('results are exported as a table, as data and as a page', async () => {
    const { page } = watched;
    await hand(page, 'drop', [
      ...jpegs().slice(0, 3).map(fileOf),
      { name: 'a,note.txt', type: 'text/plain', bytes: Buffer.from('no picture') },
    ]);
    await allDone(page);
    const save = async (label: string) => {
      await page.locator('.export summary').click();
      const [saved] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: label }).click(),
      ]);
      return readFileSync(await saved.path(), 'utf8');
    };
    const table = await save('Table (CSV)');
    const lines = table.replace('\ufeff', '').trim().split('\r\n');
    expect(lines.length).toBe(5);
    expect(lines[0]).toMatch(/^file,status,top_class,.*p_MEL.*target_malignant/);
    expect(lines[4]).toMatch(/^"a,note.txt",not-a-picture,/);
    const data = JSON.parse(await save('Data (JSON)')) as {
      pictures: { probabilities?: number[] }[];
      model: { classes: string[] };
    };
    expect(data.pictures.length).toBe(4);
    expect(data.pictures[0]?.probabilities?.length).toBe(data.model.classes.length);

    await answer(page, 'lesion-00.jpg');
    await page.locator('.export summary').click();
    await page.getByRole('button', { name: 'Printable page' }).click();
    expect(await page.locator('.report-entry').count()).toBe(3);
    expect(await page.locator('.report-entry canvas').count()).toBeGreaterThan(0);
    expect(await page.getByText('Weights, SHA-256').count()).toBe(1);
    await page.getByRole('button', { name: 'Back' }).click();
    expect(await page.locator('.entry').count()).toBe(4);
    expectClean(watched);
  });
});

test('the words that a result must not show are nowhere on the page', async () => {
  const { page } = watched;
  await hand(page, 'drop', first());
  await answer(page, 'lesion-00.jpg');
  for (const tab of ['Check', 'Personalise', 'Model']) {
    await page.getByRole('navigation').getByRole('link', { name: tab }).click();
    await page.waitForTimeout(300);
    expect(await page.locator('body').innerText()).not.toMatch(/\b(benign|safe)\b/i);
  }
});

test('a crop that is applied while the picture is being checked is not lost', async () => {
  const context = await browser.newContext({ locale: 'en-GB', serviceWorkers: 'block' });
  const page = await context.newPage();
  const release = await holdModel(context);
  await page.goto(site.url);
  await hand(page, 'drop', [fileOf(jpegs()[0] ?? '')]);
  await page.getByRole('button', { name: 'Crop and check again' }).click();
  await page.locator('.crop-frame').waitFor();
  await page.evaluate(() => {
    const apply = document.querySelector<HTMLButtonElement>('dialog .primary');
    new MutationObserver((_, observer) => {
      if (document.querySelector('.entry-state.busy') === null) return;
      observer.disconnect();
      apply?.click();
    }).observe(document.body, { childList: true, subtree: true, attributes: true, characterData: true });
  });
  release();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await allDone(page);
  const result = await answer(page, 'lesion-00.jpg');
  expect(await result.textContent()).toMatch(/part of 450 × 450 pixels/);
  await context.close();
});
