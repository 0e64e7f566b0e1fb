// A student.onnx with another classifier: every byte that is not the classifier, the shape of `logits`, the card or the
// statistics is copied from the file as it was, and the command line runs the result.
import type { WeightTensor } from '@core';
import {
  CARD_KEY,
  DATA_TYPE,
  GRAPH,
  MODEL,
  STATISTICS_KEY,
  type StudentFile,
  TENSOR,
  readWeights,
} from './onnx-file';
import {
  BYTES,
  VARINT,
  buildMessage,
  concatenate,
  editMessage,
  last,
  readFields,
  text,
} from './onnx-file-fields';

export interface PersonalisedParts {
  /** [classes, channels], row-major; the number of classes may differ from the file's. */
  weight: Float32Array;
  bias: Float32Array;
  /** The JSON of the new card, with the hash of hashWithClassifier() in it. */
  card: string;
  /** Null leaves a file without statistics as it is. */
  statistics: string | null;
}

/** @throws RangeError when the weight does not fit the bias and the file's channels. */
export function writePersonalised(student: StudentFile, parts: PersonalisedParts): Uint8Array<ArrayBuffer> {
  requireFit(student, parts.weight, parts.bias);
  const metadata = new Map([[CARD_KEY, parts.card]]);
  if (parts.statistics !== null) metadata.set(STATISTICS_KEY, parts.statistics);

  const edited = editMessage(student.bytes, (field) => {
    if (field.tag === MODEL.graph) return editGraph(field.content, student, parts);
    if (field.tag !== MODEL.metadata) return undefined;
    const key = text(last(readFields(field.content), 1)?.content ?? new Uint8Array());
    const value = metadata.get(key);
    metadata.delete(key);
    return value === undefined ? undefined : entry(key, value);
  });
  return concatenate([
    edited,
    ...[...metadata].map(([key, value]) => field(MODEL.metadata, entry(key, value))),
  ]);
}

/** SHA-256 over name, shape and values of every weight, the classifier's replaced: a card's weights_sha256. */
export async function hashWithClassifier(
  student: StudentFile,
  weight: Float32Array,
  bias: Float32Array,
): Promise<string> {
  requireFit(student, weight, bias);
  const { weightName, biasName, channels } = student.classifier;
  return digest(
    readWeights(student.bytes).map((tensor) => {
      if (tensor.name === weightName) return { ...tensor, shape: [bias.length, channels], values: weight };
      if (tensor.name === biasName) return { ...tensor, shape: [bias.length], values: bias };
      return tensor;
    }),
  );
}

/** SHA-256 of the file's own weights, all of them or without the classifier. */
export async function hashWeights(student: StudentFile, part: 'all' | 'trunk'): Promise<string> {
  const { weightName, biasName } = student.classifier;
  const weights = readWeights(student.bytes);
  return digest(
    part === 'all' ? weights : weights.filter(({ name }) => name !== weightName && name !== biasName),
  );
}

async function digest(tensors: WeightTensor[]): Promise<string> {
  const encoder = new TextEncoder();
  const bytes = concatenate(
    tensors.flatMap(({ name, shape, values }) => [
      encoder.encode(name),
      encoder.encode(`[${shape.join(', ')}]`),
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    ]),
  );
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function requireFit(student: StudentFile, weight: Float32Array, bias: Float32Array): void {
  const { channels } = student.classifier;
  if (bias.length === 0 || weight.length !== bias.length * channels) {
    throw new RangeError(
      `a classifier of ${weight.length} and ${bias.length} values for ${channels} channels`,
    );
  }
}

function editGraph(graph: Uint8Array, student: StudentFile, parts: PersonalisedParts): Uint8Array {
  const { weightName, biasName, channels } = student.classifier;
  const classes = parts.bias.length;
  return editMessage(graph, (part) => {
    if (part.tag === GRAPH.output) return editLogits(part.content, classes);
    if (part.tag !== GRAPH.initializer) return undefined;
    const name = text(last(readFields(part.content), TENSOR.name)?.content ?? new Uint8Array());
    if (name === weightName) return floatTensor(name, [classes, channels], parts.weight);
    if (name === biasName) return floatTensor(name, [classes], parts.bias);
    return undefined;
  });
}

function floatTensor(name: string, dims: number[], values: Float32Array): Uint8Array {
  return buildMessage((writer) => {
    for (const size of dims) {
      writer.writeTag(TENSOR.dims, VARINT);
      writer.writeVarint(size);
    }
    writer.writeTag(TENSOR.dataType, VARINT);
    writer.writeVarint(DATA_TYPE.float);
    writer.writeTag(TENSOR.name, BYTES);
    writer.writeString(name);
    writer.writeTag(TENSOR.rawData, BYTES);
    writer.writeBytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  });
}

/** ValueInfoProto `logits` [N, classes]: type (2) > tensor_type (1) > shape (2) > its last dim (1) > dim_value (1). */
function editLogits(info: Uint8Array, classes: number): Uint8Array | undefined {
  if (text(last(readFields(info), 1)?.content ?? new Uint8Array()) !== 'logits') return undefined;
  const inside = (
    message: Uint8Array,
    tag: number,
    change: (content: Uint8Array) => Uint8Array,
  ): Uint8Array => editMessage(message, (part) => (part.tag === tag ? change(part.content) : undefined));
  return inside(info, 2, (type) =>
    inside(type, 1, (tensor) =>
      inside(tensor, 2, (shape) => {
        const end = last(readFields(shape), 1)?.end;
        return editMessage(shape, (dim) => (dim.end === end ? dimension(classes) : undefined));
      }),
    ),
  );
}

function dimension(size: number): Uint8Array {
  return buildMessage((writer) => {
    writer.writeTag(1, VARINT);
    writer.writeVarint(size);
  });
}

function entry(key: string, value: string): Uint8Array {
  return buildMessage((writer) => {
    writer.writeTag(1, BYTES);
    writer.writeString(key);
    writer.writeTag(2, BYTES);
    writer.writeString(value);
  });
}

function field(tag: number, content: Uint8Array): Uint8Array {
  return buildMessage((writer) => {
    writer.writeTag(tag, BYTES);
    writer.writeBytes(content);
  });
}
