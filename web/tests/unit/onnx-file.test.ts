import { PbfWriter } from 'pbf';
import { describe, expect, it } from 'vitest';
import { OnnxFileError, fromHalf, readStudent, readWeights } from '@/shared/onnx-file';
import { hashWeights, hashWithClassifier, writePersonalised } from '@/shared/onnx-file-write';

const CARD = {
  format_version: 1,
  name: 'tiny',
  architecture: 'mobilenet_v2',
  width: 1,
  classes: ['MEL', 'NV'],
  class_names: ['Melanoma', 'Melanocytic nevus'],
  preprocessing: { size: 32, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], resize: 'squash' },
  temperature: 1,
  operating_points: [],
  weights_sha256: '',
};

interface Made {
  producer?: string;
  card?: string | null;
  statistics?: string;
  external?: boolean;
  /** As files were before the early embedding. */
  old?: boolean;
  classifierValues?: number[];
}

function message(write: (writer: PbfWriter) => void): Uint8Array {
  const writer = new PbfWriter();
  write(writer);
  return writer.finish().slice();
}

function texts(pairs: [number, string][]): Uint8Array {
  return message((writer) => {
    for (const [tag, value] of pairs) writer.writeStringField(tag, value);
  });
}

function tensor(name: string, dims: number[], values: number[], type = 1, external = false): Uint8Array {
  const raw = type === 10 ? new Uint16Array(values) : new Float32Array(values);
  return message((writer) => {
    for (const size of dims) writer.writeVarintField(1, size);
    writer.writeVarintField(2, type);
    writer.writeStringField(8, name);
    writer.writeBytesField(9, new Uint8Array(raw.buffer));
    if (external) writer.writeVarintField(14, 1);
  });
}

function output(name: string, size: number): Uint8Array {
  const dim = (write: (writer: PbfWriter) => void) => message(write);
  const shape = message((writer) => {
    writer.writeBytesField(
      1,
      dim((one) => one.writeStringField(2, 'N')),
    );
    writer.writeBytesField(
      1,
      dim((one) => one.writeVarintField(1, size)),
    );
  });
  const tensorType = message((writer) => {
    writer.writeVarintField(1, 1);
    writer.writeBytesField(2, shape);
  });
  return message((writer) => {
    writer.writeStringField(1, name);
    writer.writeBytesField(
      2,
      message((type) => type.writeBytesField(1, tensorType)),
    );
  });
}

/** Three channels, two classes; one float16 weight with its Cast, one scalar, as exports have them. */
function makeModel(made: Made = {}): Uint8Array {
  const { producer = 'dermdistill', card = JSON.stringify(CARD), statistics, external = false } = made;
  const graph = message((writer) => {
    writer.writeBytesField(
      1,
      texts([
        [1, 'conv.weight.half'],
        [2, 'conv.weight'],
        [4, 'Cast'],
      ]),
    );
    writer.writeBytesField(
      1,
      texts([
        [1, 'embedding'],
        [1, 'classifier.1.weight'],
        [1, 'classifier.1.bias'],
        [2, 'logits'],
        [4, 'Gemm'],
      ]),
    );
    writer.writeStringField(2, 'mobilenet_v2');
    writer.writeBytesField(5, tensor('relu6.min', [], [0]));
    writer.writeBytesField(5, tensor('conv.weight.half', [2, 1], [0x3c00, 0xc100], 10));
    writer.writeBytesField(
      5,
      tensor('classifier.1.weight', [2, 3], made.classifierValues ?? [1, 2, 3, 4, 5, 6], 1, external),
    );
    writer.writeBytesField(5, tensor('classifier.1.bias', [2], [0.5, -0.5]));
    writer.writeBytesField(12, output('logits', 2));
    writer.writeBytesField(12, output('embedding', 3));
    if (!made.old) writer.writeBytesField(12, output('early_embedding', 4));
  });
  return message((writer) => {
    writer.writeVarintField(1, 8);
    writer.writeStringField(2, producer);
    writer.writeBytesField(7, graph);
    writer.writeBytesField(
      8,
      message((opset) => opset.writeVarintField(2, 15)),
    );
    if (card !== null)
      writer.writeBytesField(
        14,
        texts([
          [1, 'dermdistill.card'],
          [2, card],
        ]),
      );
    if (statistics)
      writer.writeBytesField(
        14,
        texts([
          [1, 'dermdistill.embedding_statistics'],
          [2, statistics],
        ]),
      );
    writer.writeBytesField(
      14,
      texts([
        [1, 'dermdistill.early_statistics'],
        [2, 'ZWFybHk='],
      ]),
    );
    writer.writeBytesField(
      14,
      texts([
        [1, 'kept'],
        [2, 'as it is'],
      ]),
    );
  });
}

function reasonFor(bytes: Uint8Array): string {
  try {
    readStudent(bytes);
  } catch (error) {
    if (error instanceof OnnxFileError) return error.reason;
    throw error;
  }
  return 'accepted';
}

describe('reading a model file', () => {
  it('finds the card, the statistics and the classifier', () => {
    const student = readStudent(makeModel({ statistics: 'c3RhdHM=' }));
    expect(student.card.classes).toEqual(['MEL', 'NV']);
    expect(student.statistics).toBe('c3RhdHM=');
    expect(student.earlyStatistics).toBe('ZWFybHk=');
    expect(student.classifier.channels).toBe(3);
    expect([...student.classifier.weight]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...student.classifier.bias]).toEqual([0.5, -0.5]);
  });

  it('widens float16 weights and leaves the limits of ReLU6 out', () => {
    const weights = readWeights(makeModel());
    expect(weights.map((weight) => weight.name)).toEqual([
      'conv.weight',
      'classifier.1.weight',
      'classifier.1.bias',
    ]);
    expect([...(weights[0]?.values ?? [])]).toEqual([1, -2.5]);
  });

  it('widens every kind of float16', () => {
    expect(fromHalf(0x0001)).toBe(2 ** -24);
    expect(fromHalf(0x7bff)).toBe(65504);
    expect(fromHalf(0xfc00)).toBe(Number.NEGATIVE_INFINITY);
    expect(fromHalf(0x7e00)).toBeNaN();
  });

  it('says why a file is not ours', () => {
    const model = makeModel();
    expect(reasonFor(new Uint8Array())).toBe('empty');
    expect(reasonFor(new TextEncoder().encode('a text file, and no model at all'))).toBe('not-onnx');
    expect(reasonFor(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13]))).toBe('not-onnx');
    expect(reasonFor(model.subarray(0, 100))).toBe('cut-off');
    expect(reasonFor(makeModel({ producer: 'pytorch' }))).toBe('other-producer');
    expect(reasonFor(makeModel({ card: null }))).toBe('no-card');
    expect(reasonFor(makeModel({ card: '{"format_version": 1' }))).toBe('broken-card');
    expect(reasonFor(makeModel({ card: JSON.stringify({ ...CARD, format_version: 99 }) }))).toBe(
      'newer-card',
    );
    expect(reasonFor(makeModel({ card: JSON.stringify({ ...CARD, class_names: ['one'] }) }))).toBe(
      'broken-card',
    );
    expect(reasonFor(makeModel({ external: true }))).toBe('external-data');
    expect(reasonFor(makeModel({ classifierValues: [1, 2, 3] }))).toBe('broken-weights');
    expect(reasonFor(makeModel({ classifierValues: [1, 2, 3, 4, 5, Number.NaN] }))).toBe('broken-weights');
    expect(reasonFor(makeModel({ old: true }))).toBe('before-early-embedding');
    expect(reasonFor(model)).toBe('accepted');
  });

  it('never breaks in another way, wherever a file is cut or changed', () => {
    const model = makeModel({ statistics: 'c3RhdHM=' });
    for (let length = 0; length < model.length; length++) {
      expect(typeof reasonFor(model.subarray(0, length))).toBe('string');
      const changed = model.slice();
      changed[length] = (changed[length] ?? 0) ^ 0xff;
      expect(typeof reasonFor(changed)).toBe('string');
    }
  });
});

describe('writing a personalised file', () => {
  const student = readStudent(makeModel({ statistics: 'c3RhdHM=' }));

  it('changes nothing when nothing is new', () => {
    const { weight, bias } = student.classifier;
    const same = writePersonalised(student, {
      weight,
      bias,
      card: student.cardText,
      statistics: student.statistics,
    });
    expect([...same]).toEqual([...student.bytes]);
  });

  it('replaces classifier, shape of the logits, card and statistics, and keeps every other byte', () => {
    const card = JSON.stringify({ ...CARD, classes: ['MEL', 'NV', 'X'], class_names: ['a', 'b', 'c'] });
    const weight = new Float32Array([9, 8, 7, 6, 5, 4, 3, 2, 1]);
    const bias = new Float32Array([1, 2, 3]);
    const written = writePersonalised(student, { weight, bias, card, statistics: 'bmV3' });
    const read = readStudent(written);
    expect([...read.classifier.weight]).toEqual([...weight]);
    expect([...read.classifier.bias]).toEqual([...bias]);
    expect(read.card.classes).toEqual(['MEL', 'NV', 'X']);
    expect(read.statistics).toBe('bmV3');
    expect(read.earlyStatistics).toBe('ZWFybHk=');

    const { classifier } = student;
    const back = writePersonalised(read, {
      ...classifier,
      card: student.cardText,
      statistics: student.statistics,
    });
    expect([...back]).toEqual([...student.bytes]);
  });

  it('adds statistics to a file that has none', () => {
    const bare = readStudent(makeModel());
    const { weight, bias } = bare.classifier;
    const written = writePersonalised(bare, { weight, bias, card: bare.cardText, statistics: 'bmV3' });
    expect(readStudent(written).statistics).toBe('bmV3');
  });

  it('refuses a classifier that does not fit', () => {
    const parts = { weight: new Float32Array(4), bias: new Float32Array(2), card: '{}', statistics: null };
    expect(() => writePersonalised(student, parts)).toThrow(RangeError);
  });

  it('hashes the new classifier as the written file has it, and the trunk without it', async () => {
    const weight = new Float32Array(9).fill(0.25);
    const bias = new Float32Array(3);
    const card = JSON.stringify({ ...CARD, classes: ['MEL', 'NV', 'X'], class_names: ['a', 'b', 'c'] });
    const written = readStudent(writePersonalised(student, { weight, bias, card, statistics: null }));
    expect(await hashWithClassifier(student, weight, bias)).toBe(await hashWeights(written, 'all'));
    expect(await hashWeights(written, 'trunk')).toBe(await hashWeights(student, 'trunk'));
    expect(await hashWeights(written, 'all')).not.toBe(await hashWeights(student, 'all'));
  });
});
