// The command line is the judge of what onnx-file-write.ts writes. Skipped where there is no model or no binary.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StudentFile, readStudent } from '@/shared/onnx-file';
import { hashWeights, hashWithClassifier, writePersonalised } from '@/shared/onnx-file-write';

const root = resolve(import.meta.dirname, '../../..');
const model = process.env['DERMDISTILL_MODEL'] ?? resolve(root, 'models/student.onnx');
const program = process.env['DERMDISTILL_BINARY'] ?? resolve(root, 'build/release/bin/dermdistill');
const folder = mkdtempSync(join(tmpdir(), 'dermdistill-onnx-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function predict(file: string, image: string): Record<string, number> {
  const line = execFileSync(program, ['predict', '--model', file, '--json', image], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
  return (JSON.parse(line) as { probabilities: Record<string, number> }).probabilities;
}

describe.skipIf(!existsSync(model) || !existsSync(program))('the command line', { timeout: 120_000 }, () => {
  let student: StudentFile;
  beforeAll(() => {
    student = readStudent(readFileSync(model));
    const options = ['--out', join(folder, 'set'), '--images', '40', '--size', '64', '--seed', '3'];
    execFileSync(program, ['synth', ...options], { stdio: 'pipe' });
  }, 120_000);
  const image = join(folder, 'set/ISIC_2019_Training_Input', 'SYN_0000001.jpg');

  it('has written the hash that is computed here', async () => {
    expect(await hashWeights(student, 'all')).toBe(student.card.weights_sha256);
  });

  it('runs a personalised file with another number of classes', async () => {
    const { channels } = student.classifier;
    // The shipped classes in reverse and a new one that its bias makes certain.
    const classes = [...student.card.classes].reverse().concat('NEW');
    const weight = new Float32Array(classes.length * channels);
    const bias = new Float32Array(classes.length);
    student.card.classes.forEach((_, row) => {
      const place = student.card.classes.length - 1 - row;
      weight.set(student.classifier.weight.subarray(row * channels, (row + 1) * channels), place * channels);
      bias[place] = student.classifier.bias[row] ?? 0;
    });
    bias[classes.length - 1] = 500;
    const card = {
      ...student.card,
      classes,
      class_names: [...student.card.class_names].reverse().concat('A new one'),
      operating_points: [],
      weights_sha256: await hashWithClassifier(student, weight, bias),
    };
    const file = join(folder, 'personalised.onnx');
    const parts = { weight, bias, card: JSON.stringify(card), statistics: null };
    writeFileSync(file, writePersonalised(student, parts));
    const probabilities = predict(file, image);
    expect(Object.keys(probabilities).sort()).toEqual([...classes].sort());
    expect(probabilities['NEW']).toBeGreaterThan(0.999);

    // With the old bias of the new class gone, the answer is the shipped one.
    bias[classes.length - 1] = -500;
    card.weights_sha256 = await hashWithClassifier(student, weight, bias);
    writeFileSync(file, writePersonalised(student, { ...parts, card: JSON.stringify(card) }));
    const personalised = predict(file, image);
    const shipped = predict(model, image);
    for (const code of student.card.classes) expect(personalised[code]).toBeCloseTo(shipped[code] ?? -1, 5);
  });

  it('refuses a file whose classifier was changed without its hash', () => {
    const bias = new Float32Array(student.classifier.bias.length).fill(1);
    const file = join(folder, 'changed.onnx');
    const { weight } = student.classifier;
    writeFileSync(
      file,
      writePersonalised(student, { weight, bias, card: student.cardText, statistics: null }),
    );
    expect(() => predict(file, image)).toThrow(/SHA-256/);
  });
});
