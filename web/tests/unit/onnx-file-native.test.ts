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

  // Other classes need embedding statistics of them, which the core makes: tests/browser/personalise.test.ts.
  it('runs a file with another classifier', async () => {
    const { classes } = student.card;
    const weight = student.classifier.weight.slice();
    const bias = student.classifier.bias.slice();
    const last = classes.at(-1) ?? '';
    bias[classes.length - 1] = 500;
    const file = join(folder, 'personalised.onnx');
    const write = async () => {
      const card = { ...student.card, weights_sha256: await hashWithClassifier(student, weight, bias) };
      const parts = { weight, bias, card: JSON.stringify(card), statistics: student.statistics };
      writeFileSync(file, writePersonalised(student, parts));
    };
    await write();
    expect(predict(file, image)[last]).toBeGreaterThan(0.999);

    bias.set(student.classifier.bias);
    await write();
    const shipped = predict(model, image);
    const again = predict(file, image);
    for (const code of classes) expect(again[code]).toBeCloseTo(shipped[code] ?? -1, 5);
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
