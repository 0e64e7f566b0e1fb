// Personalising on the built site in a real Chromium: a head that is better after than before, and its ways.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { axeViolations } from '../support/axe';
import { launch, nativeBinary, open, runNative, serve, type Site, type Watched } from '../support/browser';
import { answer, entry, expectClean, fileOf, hand, modelReady, probabilities } from '../support/check-page';
import { labelledFolder, labelledPictures, newKind, picturesOf } from '../support/labelled-pictures';
import {
  balancedAccuracy,
  countOf,
  goTo,
  headEvent,
  keep,
  openPersonalise,
  replaced,
  saved,
  stored,
  train,
} from '../support/personalise-page';

let site: Site;
let browser: Browser;
const folder = mkdtempSync(join(tmpdir(), 'dermdistill-personalise-'));
const codeOfNewKind = 'CLEARCELLACA';

beforeAll(async () => {
  labelledPictures();
  [site, browser] = await Promise.all([serve(), launch()]);
});
afterAll(async () => {
  await browser.close();
  site.stop();
  rmSync(folder, { recursive: true });
});

/** Probabilities of one picture as the view "check" shows them. */
async function check(page: Page, path: string): Promise<Record<string, number>> {
  await goTo(page, 'check');
  await modelReady(page);
  const file = fileOf(path);
  await hand(page, 'drop', [file]);
  const values = await probabilities(await answer(page, file.name));
  const one = page.locator('.entry', { hasText: file.name });
  await one.focus();
  await page.getByRole('button', { name: 'Remove all' }).click();
  await entry(page, file.name).waitFor({ state: 'detached' });
  return values;
}

describe('a head of four folders, one of them a new kind', () => {
  let watched: Watched;
  let page: Page;
  let headFile: Buffer;
  let modelFile: Buffer;
  let personalised: Record<string, number>;
  const [picture = ''] = picturesOf(newKind);

  beforeAll(async () => {
    watched = await open(browser, site.url, { viewport: { width: 1280, height: 900 } });
    page = watched.page;
    await openPersonalise(page);
  });
  afterAll(() => watched.context.close());

  test('is better on held-out pictures after than before, and remembers the shipped kinds', async () => {
    await page.locator('[data-testid=pick-folder]').setInputFiles(labelledFolder);
    await expect.poll(() => countOf(page, 'MEL').textContent()).toBe('28');
    expect(await countOf(page, 'NV').textContent()).toBe('28');
    expect(await countOf(page, 'BCC').textContent()).toBe('24');
    expect(await countOf(page, codeOfNewKind).textContent()).toBe('20');

    await train(page);
    const panels = page.locator('.comparison-panel');
    const heldOut = await balancedAccuracy(panels.first());
    const replayed = await balancedAccuracy(panels.nth(1));
    console.log(
      `held out ${heldOut.before} % -> ${heldOut.after} %, shipped kinds ${replayed.before} % -> ${replayed.after} %`,
    );
    expect(heldOut.after).toBeGreaterThan(heldOut.before + 20);
    expect(replayed.after).toBeGreaterThan(replayed.before - 10);
    expect(await panels.first().locator('table.confusion').count()).toBe(2);
    expect(await page.locator('.chart canvas').count()).toBe(2);
    expect(await page.locator('[data-testid=result-summary]').textContent()).toContain('went from');
    // Nothing was stored that nobody asked for.
    expect(await stored(page, 'heads')).toBe(0);
    expect(await stored(page, 'embeddings')).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
  }, 300_000);

  test('answers in the view "check" once it is kept, and no more after undo', async () => {
    await keep(page);
    expect(await stored(page, 'heads')).toBe(1);
    personalised = await check(page, picture);
    expect(personalised[codeOfNewKind]).toBeGreaterThan(0.5);
    await goTo(page, 'personalise');
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => headEvent(page)).toContain('own head is in use');
    expect(Object.keys(await check(page, picture))).not.toContain(codeOfNewKind);
    await goTo(page, 'personalise');
    await page.locator('[data-testid=head] input[type=radio]').click();
    await expect.poll(() => headEvent(page)).toMatch(/is in use/);
    expect(await check(page, picture)).toEqual(personalised);
  });

  test('is saved as a file and as a whole model that the command line runs', async () => {
    await goTo(page, 'personalise');
    const head = page.locator('[data-testid=head]');
    const asHead = await saved(page, () => head.getByRole('button', { name: 'Save head file' }).click());
    expect(asHead.name).toMatch(/\.safetensors$/);
    headFile = asHead.bytes;
    const asModel = await saved(page, () => head.getByRole('button', { name: 'Save whole model' }).click());
    expect(asModel.name).toMatch(/\.onnx$/);
    modelFile = asModel.bytes;
    const binary = nativeBinary();
    if (binary === null) throw new Error('the command line is not built');
    const path = join(folder, 'personalised.onnx');
    writeFileSync(path, asModel.bytes);
    const line = runNative(binary, ['predict', '--model', path, '--json', picture]);
    const native = (JSON.parse(line) as { probabilities: Record<string, number> }).probabilities;
    expect(Object.keys(native).sort()).toEqual(Object.keys(personalised).sort());
    let worst = 0;
    for (const [code, value] of Object.entries(native))
      worst = Math.max(worst, Math.abs(value - (personalised[code] ?? 1)));
    console.log(`page and command line differ by at most ${worst.toExponential(1)}`);
    expect(worst).toBeLessThan(1e-3);
  });

  test('is still in use after a reload, goes back, is deleted and comes back from its file', async () => {
    await page.reload();
    expect(await check(page, picture)).toEqual(personalised);
    await openPersonalise(page);
    await page.locator('[data-testid=head]').waitFor();
    await page.getByRole('button', { name: 'Back to the model’s own head' }).click();
    await expect.poll(() => headEvent(page)).toContain('own head is in use');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await expect.poll(() => page.locator('[data-testid=head]').count()).toBe(0);
    expect(await stored(page, 'heads')).toBe(0);

    await page
      .locator('[data-testid=pick-head]')
      .setInputFiles({ name: 'mine.safetensors', mimeType: '', buffer: headFile });
    await expect.poll(() => headEvent(page)).toMatch(/was opened and is in use/);
    expect(await check(page, picture)).toEqual(personalised);
  });

  test('is refused where it does not fit, and the head in use stays', async () => {
    await goTo(page, 'personalise');
    const trunk = /trunk_sha256[\\": ]+([0-9a-f]{64})/.exec(headFile.toString('latin1'))?.[1] ?? '';
    const other = `${trunk.startsWith('0') ? '1' : '0'}${trunk.slice(1)}`;
    const files: [string, Buffer, RegExp][] = [
      ['other-classes', replaced(headFile, 'MEL', 'XYZ'), /other kinds of lesion/],
      ['other-model', replaced(headFile, trunk, other), /head of another model/],
      ['cut-off', headFile.subarray(0, headFile.length - 1000), /damaged or cut off/],
      ['text', Buffer.from('not a head at all, only some words'), /is not a head file/],
      ['empty', Buffer.alloc(0), /is not a head file/],
    ];
    for (const [name, buffer, message] of files) {
      await page
        .locator('[data-testid=pick-head]')
        .setInputFiles({ name: `${name}.safetensors`, mimeType: '', buffer });
      const problem = page.locator('[data-testid=head-problem]', { hasText: `${name}.safetensors` });
      await problem.waitFor();
      expect(await problem.textContent()).toMatch(message);
      expect(await problem.textContent()).toContain('the head in use stays in use');
    }
    expect(await page.locator('.head-present [type=radio]').isChecked()).toBe(true);
    expect(await page.locator('[data-testid=head]').count()).toBe(1);
    expect(await check(page, picture)).toEqual(personalised);
  });

  test('opens as a whole model in the view "model", and the shipped one comes back', async () => {
    await goTo(page, 'model');
    await page.locator('.figures').waitFor();
    const pick = page.locator('[data-testid=pick-model]');
    await pick.setInputFiles({ name: 'personalised.onnx', mimeType: '', buffer: modelFile });
    await expect
      .poll(() => page.locator('[data-testid=own-model-status]').textContent())
      .toContain('personalised.onnx is open');
    expect(await page.locator('.kinds').textContent()).toContain(newKind);
    expect(await axeViolations(page)).toEqual([]);
    const other = await check(page, picture);
    for (const [code, value] of Object.entries(personalised)) expect(other[code]).toBeCloseTo(value, 4);
    await goTo(page, 'model');
    await page.getByRole('button', { name: 'Back to the model of this site' }).click();
    await expect.poll(() => page.locator('.kinds').textContent()).not.toContain(newKind);
    expectClean(watched);
  });
});

test('kept embeddings outlive a reload, pictures do not, and unticking deletes them', async () => {
  const watched = await open(browser, site.url);
  const { page } = watched;
  await openPersonalise(page);
  const csv = join(folder, 'labels.csv');
  const chosen = [...picturesOf('mel').slice(0, 12), ...picturesOf('Basal_cell_carcinoma').slice(0, 12)];
  const lines = chosen.map(
    (path, i) => `${path.split('/').at(-1)},${i < 12 ? 'mel' : 'Basal cell carcinoma'}`,
  );
  writeFileSync(csv, ['file name,diagnosis', ...lines, 'missing.jpg,mel'].join('\n'));
  await page.locator('[data-testid=pick-table]').setInputFiles([csv, ...chosen]);
  await expect.poll(() => countOf(page, 'BCC').textContent()).toBe('12');
  expect(await page.locator('[data-testid=notices]').textContent()).toContain('missing.jpg');
  await page.getByLabel('Keep what the network said').check();
  await page.locator('.settings-fields summary').click();
  await page.getByLabel('Orientations of each picture').selectOption('4');
  await train(page);
  expect(await stored(page, 'embeddings')).toBe(24);

  await page.reload();
  await openPersonalise(page);
  await expect.poll(() => countOf(page, 'MEL').textContent()).toBe('12');
  expect(await page.locator('[data-testid=bucket-MEL] img').count()).toBe(0);
  await train(page);
  await page.getByLabel('Keep what the network said').uncheck();
  await expect.poll(() => stored(page, 'embeddings')).toBe(0);
  expectClean(watched);
  await watched.context.close();
});

/** Presses a button in the page as soon as it is there: on a fast machine it may be gone before a click from outside. */
async function pressWhenItComes(page: Page, label: string): Promise<void> {
  await page.evaluate((wanted) => {
    const press = () => {
      const button = [...document.querySelectorAll('button')].find(
        (candidate) => candidate.textContent?.trim() === wanted,
      );
      if (button === undefined) return;
      observer.disconnect();
      button.click();
    };
    const observer = new MutationObserver(press);
    observer.observe(document.body, { childList: true, subtree: true, characterData: true });
  }, label);
}

test('training can be stopped while the network looks and while the head learns', async () => {
  const watched = await open(browser, site.url);
  const { page } = watched;
  await openPersonalise(page);
  await page.locator('[data-testid=pick-MEL]').setInputFiles(picturesOf('mel').slice(0, 15));
  await page.locator('[data-testid=pick-NV]').setInputFiles(picturesOf('Melanocytic nevus').slice(0, 15));
  await page.locator('[data-testid=readiness][data-ready=true]').waitFor();
  await pressWhenItComes(page, 'Stop');
  await page.getByRole('button', { name: 'Train a head' }).click();
  await page.getByRole('button', { name: 'Train a head' }).waitFor();
  await page.locator('.run-progress').waitFor({ state: 'detached' });
  expect(await countOf(page, 'MEL').textContent()).toBe('15');
  expect(await page.locator('.comparison').count()).toBe(0);

  await page.locator('.settings-fields summary').click();
  await page.getByLabel('Epochs').fill('1000');
  await pressWhenItComes(page, 'Stop and see how it is');
  await page.getByRole('button', { name: 'Train a head' }).click();
  await page.locator('.comparison').waitFor();
  expect(await page.locator('[data-testid=run-status]').textContent()).toMatch(/Stopped after \d+ epochs/);
  expectClean(watched);
  await watched.context.close();
});

test('doubles, contradictions, foreign files and too few pictures are named, and nothing is lost', async () => {
  const watched = await open(browser, site.url);
  const { page } = watched;
  await openPersonalise(page);
  const readiness = page.locator('[data-testid=readiness]');
  const notices = page.locator('[data-testid=notices]');
  const melanomas = picturesOf('mel').slice(0, 12);
  const nevi = picturesOf('Melanocytic nevus').slice(0, 12);
  await page.locator('[data-testid=pick-MEL]').setInputFiles(melanomas.slice(0, 3));
  await expect.poll(() => readiness.textContent()).toContain('Melanoma has 3 pictures; 2 more are needed.');
  expect(await readiness.textContent()).toContain('17 more pictures are needed in all.');
  expect(await page.getByRole('button', { name: 'Train a head' }).isDisabled()).toBe(true);

  await page.locator('[data-testid=pick-MEL]').setInputFiles(melanomas);
  await expect.poll(() => notices.textContent()).toContain('3 pictures were there already');
  await page.locator('[data-testid=pick-NV]').setInputFiles([...nevi, melanomas[0] ?? '']);
  await expect.poll(() => notices.textContent()).toContain('is there as Melanoma / Melanocytic nevus');
  await page.getByRole('button', { name: 'Keep as Melanoma' }).click();
  await expect.poll(() => countOf(page, 'NV').textContent()).toBe('12');

  // An iPhone's file, a text, a cut-off JPEG.
  const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic'), Buffer.alloc(400)]);
  await page.locator('[data-testid=pick-NV]').setInputFiles([
    { name: 'phone.heic', mimeType: 'image/heic', buffer: heic },
    { name: 'words.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture') },
    { name: 'cut.jpg', mimeType: 'image/jpeg', buffer: readFileSync(nevi[0] ?? '').subarray(0, 2000) },
  ]);
  await expect.poll(() => countOf(page, 'NV').textContent()).toBe('15');
  await train(page);
  const failed = (await page.locator('[data-testid=failed-pictures]').textContent()) ?? '';
  expect(failed).toContain('3 pictures could not be used');
  expect(failed).toMatch(/phone\.heic: This is a HEIC picture/);
  expect(failed).toMatch(/words\.jpg: This file is not a picture/);
  expect(failed).toMatch(/cut\.jpg: This picture file is damaged or cut off/);
  expect(await axeViolations(page)).toEqual([]);

  // A device without room: the head still answers, and the person is told.
  const session = await watched.context.newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, quotaSize: 1 });
  await page.getByRole('button', { name: 'Keep and use this head' }).click();
  const problem = page.locator('[data-testid=head-problem]');
  await problem.waitFor();
  expect(await problem.textContent()).toContain('save it as a file');
  await expect.poll(() => page.locator('[data-testid=head] input').isChecked()).toBe(true);
  await page.getByText('This head is in use until the page is closed').waitFor();
  expect(await page.getByText('is kept and in use').count()).toBe(0);
  const file = await saved(page, () => page.getByRole('button', { name: 'Save head file' }).click());
  expect(file.bytes.length).toBeGreaterThan(10_000);
  expectClean(watched);
  await watched.context.close();
});

test('a dragged folder is taken in, on a phone’s width nothing sticks out, in Japanese too', async () => {
  const watched = await open(browser, site.url, {
    locale: 'ja-JP',
    colorScheme: 'dark',
    viewport: { width: 390, height: 844 },
  });
  const { page } = watched;
  await openPersonalise(page);
  const session = await watched.context.newCDPSession(page);
  const data = { items: [], files: [labelledFolder], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 200, y: 300, data });
  }
  await expect.poll(() => countOf(page, codeOfNewKind).textContent()).toBe('20');
  expect(await countOf(page, 'MEL').textContent()).toBe('28');
  await page.locator('[data-testid=bucket-MEL]').getByRole('button', { name: /一覧/ }).click();
  expect(await axeViolations(page)).toEqual([]);
  const wider = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(await wider()).toBeLessThanOrEqual(0);
  const text = (await page.locator('main').innerText()) + (await page.locator('header').innerText());
  expect(text).toContain('学習する');
  expect(text).not.toMatch(/\b(undefined|NaN|benign|safe)\b/i);
  await goTo(page, 'model');
  await page.locator('.figures').waitFor();
  expect(await axeViolations(page)).toEqual([]);
  expect(await wider()).toBeLessThanOrEqual(0);
  expectClean(watched);
  await watched.context.close();
});
