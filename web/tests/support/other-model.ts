// The site's model under another trunk: one weight is a little different, and the card's check sum is right again.
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readStudent, readTensors } from '@/shared/onnx-file';
import { hashWeights } from '@/shared/onnx-file-write';
import { webRoot } from './browser';
import { replaced } from './personalise-page';

/** The model file of the built site. */
export function shippedModel(): Buffer {
  const folder = join(process.env['DERMDISTILL_SITE'] ?? resolve(webRoot, 'dist'), 'models');
  const name = readdirSync(folder).find((file) => file.endsWith('.onnx'));
  if (name === undefined) throw new Error(`there is no model in ${folder}`);
  return readFileSync(join(folder, name));
}

export async function otherModel(): Promise<Buffer> {
  const bytes = shippedModel();
  const student = readStudent(bytes);
  const { weightName, biasName } = student.classifier;
  const isTrunk = ({ name, dims }: { name: string; dims: number[] }) =>
    dims.length > 0 && !name.startsWith(weightName) && !name.startsWith(biasName);
  const weight = readTensors(bytes).find(isTrunk);
  if (weight === undefined) throw new Error('the model has no trunk');
  // The least bit of a number.
  weight.raw[0] = (weight.raw[0] ?? 0) ^ 1;
  let changed = replaced(bytes, student.card.weights_sha256, await hashWeights(readStudent(bytes), 'all'));
  if (student.card.trunk_sha256 !== '')
    changed = replaced(changed, student.card.trunk_sha256, await hashWeights(readStudent(bytes), 'trunk'));
  return changed;
}
