// The page and the command line say the same of the same pictures.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { launch, nativeBinary, open, runNative, serve, webRoot } from '../support/browser';
import { allDone, answer, expectClean, fileOf, hand, probabilities } from '../support/check-page';
import { saved } from '../support/personalise-page';
import { jpegs, png } from '../support/pictures';
import { spot } from '../support/png';

interface Exported {
  pictures: {
    file: string;
    maps: {
      values: Record<string, number[]>;
      logits: Record<string, number>;
      bias: Record<string, number>;
    };
  }[];
}

/** Grey, progressive, with a palette, interlaced, of odd sizes, see-through, 16 bits a sample. */
function otherKinds(): ReturnType<typeof fileOf>[] {
  const fixtures = resolve(webRoot, '../tests/image/fixtures');
  const drawn = ['grey.jpg', 'progressive.jpg', 'restart.jpg', 'palette.png', 'interlaced.png'];
  return [
    ...drawn.map((name) => fileOf(join(fixtures, name))),
    { name: 'see-through.png', type: 'image/png', bytes: spot(331, 257, 'rgba') },
    { name: 'sixteen-bits.png', type: 'image/png', bytes: spot(199, 301, 'rgb16') },
  ];
}

interface Prediction {
  image?: string;
  path?: string;
  file?: string;
  probabilities: Record<string, number> | number[];
}

const binary = nativeBinary();

/** The picture with an EXIF segment that says how it lies. */
function turned(jpeg: Buffer, orientation: number): Buffer {
  const tiff = Buffer.from([
    0x4d,
    0x4d,
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    1,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
  ]);
  const payload = Buffer.concat([Buffer.from('Exif\0\0'), tiff]);
  const head = Buffer.alloc(4);
  head.writeUInt16BE(0xffe1, 0);
  head.writeUInt16BE(payload.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, payload, jpeg.subarray(2)]);
}

test.skipIf(binary === null)(
  'probabilities differ by at most 1e-3 from those of "dermdistill predict"',
  async () => {
    if (binary === null) return;
    const folder = mkdtempSync(join(tmpdir(), 'dermdistill-parity-'));
    const site = await serve();
    const browser = await launch();
    try {
      const files = [...jpegs().slice(0, 8), png()].map(fileOf);
      const [pattern] = files;
      for (const orientation of [2, 3, 6, 8])
        if (pattern)
          files.push({
            ...pattern,
            name: `turned-${orientation}.jpg`,
            bytes: turned(pattern.bytes, orientation),
          });
      files.push(...otherKinds());
      for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);

      const models = resolve(webRoot, 'dist/models');
      const model = readdirSync(models).find((name) => name.endsWith('.onnx')) ?? '';
      const card = readFileSync(join(models, 'manifest.json'), 'utf8');
      expect(card).toContain(model);
      const lines = runNative(binary, [
        'predict',
        '--model',
        join(models, model),
        '--json',
        ...files.map(({ name }) => join(folder, name)),
      ])
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Prediction);

      const watched = await open(browser, site.url);
      await hand(watched.page, 'drop', files);
      await allDone(watched.page);
      let largest = 0;
      for (const [place, { name }] of files.entries()) {
        const shown = await probabilities(await answer(watched.page, name));
        const native = lines[place]?.probabilities ?? {};
        for (const [code, value] of Object.entries(native as Record<string, number>)) {
          expect(shown[code], `${name} ${code}`).toBeDefined();
          largest = Math.max(largest, Math.abs((shown[code] ?? 0) - value));
        }
      }
      console.log(
        `largest difference of a probability between page and command line: ${largest.toExponential(2)}`,
      );
      expect(largest).toBeLessThanOrEqual(1e-3);

      // The maps of ONNX Runtime's own features sum to the logit less the bias.
      const { page } = watched;
      await page.locator('.export summary').click();
      const data = await saved(page, () => page.getByRole('button', { name: 'Data (JSON)' }).click());
      const { pictures } = JSON.parse(data.bytes.toString('utf8')) as Exported;
      expect(pictures.map(({ file }) => file)).toEqual(files.map(({ name }) => name));
      let worst = 0;
      for (const { maps } of pictures)
        for (const [code, map] of Object.entries(maps.values)) {
          const wanted = (maps.logits[code] ?? NaN) - (maps.bias[code] ?? NaN);
          const sum = map.reduce((total, value) => total + value, 0);
          worst = Math.max(worst, Math.abs(sum - wanted) / Math.max(1, Math.abs(wanted)));
        }
      console.log(`a map's sum and its logit less bias differ by at most ${worst.toExponential(2)} of it`);
      expect(worst).toBeLessThanOrEqual(1e-4);
      expectClean(watched);
    } finally {
      await browser.close();
      site.stop();
      rmSync(folder, { recursive: true });
    }
  },
);
