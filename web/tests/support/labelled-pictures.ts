// Labelled pictures that the shipped model knows nothing of: drawn by "dermdistill synth" with a seed of their own, one
// kind of them under a new name. In folders named like the kinds, made once.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { nativeBinary, runNative, webRoot } from './browser';

const root = resolve(webRoot, 'node_modules/.cache/labelled-pictures');
export const labelledFolder = join(root, 'kinds');
export const newKind = 'Clear cell acanthoma';

/** Which of the drawn kinds are used, under which folder name, and how many. */
const kinds: [string, string, number][] = [
  ['MEL', 'mel', 28],
  ['NV', 'Melanocytic nevus', 28],
  ['BCC', 'Basal_cell_carcinoma', 24],
  ['VASC', newKind, 20],
];

export interface Labelled {
  path: string;
  folder: string;
}

export function labelledPictures(): Labelled[] {
  if (!existsSync(join(root, 'done'))) draw();
  return readdirSync(labelledFolder).flatMap((folder) =>
    readdirSync(join(labelledFolder, folder)).map((name) => ({
      path: join(labelledFolder, folder, name),
      folder,
    })),
  );
}

export function picturesOf(folder: string): string[] {
  return labelledPictures()
    .filter((one) => one.folder === folder)
    .map(({ path }) => path);
}

function draw(): void {
  const binary = nativeBinary();
  if (binary === null) throw new Error('the command line is not built: see tools/quickstart');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  const drawn = join(root, 'synth');
  runNative(binary, ['synth', '--out', drawn, '--images', '400', '--size', '128', '--seed', '77']);
  const [header = '', ...lines] = readFileSync(join(drawn, 'ISIC_2019_Training_GroundTruth.csv'), 'utf8')
    .trim()
    .split('\n');
  const names = header.split(',');
  for (const [code, folder, count] of kinds) {
    const column = names.indexOf(code);
    const images = lines.map((line) => line.split(',')).filter((line) => Number(line[column]) === 1);
    if (images.length < count) throw new Error(`only ${images.length} pictures of ${code} were drawn`);
    mkdirSync(join(labelledFolder, folder), { recursive: true });
    for (const [image = ''] of images.slice(0, count)) {
      const source = join(drawn, 'ISIC_2019_Training_Input', `${image}.jpg`);
      copyFileSync(source, join(labelledFolder, folder, `${image}.jpg`));
    }
  }
  rmSync(drawn, { recursive: true });
  writeFileSync(join(root, 'done'), '');
}
