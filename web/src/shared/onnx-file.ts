// Reads what a student.onnx of this project says of itself: its card, its metadata and its classifier. It reads no
// other ONNX file; the reason is in the OnnxFileError. The counterpart of native/onnx/import.cpp.
import type { ModelCard, ModelParts, WeightTensor } from '@core';
import { OnnxFileError } from './onnx-file-error';
import { type Field, MessageError, last, readFields, text } from './onnx-file-fields';

export { OnnxFileError } from './onnx-file-error';

export const PRODUCER = 'dermdistill';
export const CARD_KEY = 'dermdistill.card';
export const STATISTICS_KEY = 'dermdistill.embedding_statistics';
export const EARLY_STATISTICS_KEY = 'dermdistill.early_statistics';
const HALF_SUFFIX = '.half';
const EARLY_OUTPUT = 'early_embedding';
const NEWEST_CARD = 2;

export const MODEL = { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8, metadata: 14 } as const;
export const GRAPH = { node: 1, initializer: 5, output: 12 } as const;
export const TENSOR = {
  dims: 1,
  dataType: 2,
  name: 8,
  rawData: 9,
  externalData: 13,
  dataLocation: 14,
} as const;
const NODE = { input: 1, output: 2, opType: 4 } as const;
export const DATA_TYPE = { float: 1, half: 10 } as const;

export interface Tensor {
  name: string;
  dims: number[];
  /** ONNX's number: 1 for float32, 10 for float16. */
  dataType: number;
  raw: Uint8Array;
}

export interface Classifier {
  weightName: string;
  biasName: string;
  /** [classes, channels], row-major. */
  weight: Float32Array<ArrayBuffer>;
  /** [classes] */
  bias: Float32Array<ArrayBuffer>;
  channels: number;
}

export interface StudentFile {
  bytes: Uint8Array;
  card: ModelCard;
  /** The card's text as it is in the file. */
  cardText: string;
  metadata: Map<string, string>;
  /** The text of the embedding statistics; null in files without. */
  statistics: string | null;
  /** The same of early embeddings, by which strange pictures are told. */
  earlyStatistics: string | null;
  classifier: Classifier;
}

/** @throws OnnxFileError with the reason why the bytes are not a model of this project. */
export function readStudent(bytes: Uint8Array): StudentFile {
  if (bytes.length === 0) throw new OnnxFileError('empty');
  const model = parse(bytes);
  const graphField = last(model, MODEL.graph);
  if (!graphField || !last(model, MODEL.irVersion) || !last(model, MODEL.opsetImport)) {
    throw new OnnxFileError('not-onnx');
  }
  const producer = last(model, MODEL.producerName);
  const producerName = producer ? text(producer.content) : '';
  if (producerName !== PRODUCER) throw new OnnxFileError('other-producer', producerName);

  const metadata = readMetadata(model);
  const cardText = metadata.get(CARD_KEY);
  if (cardText === undefined) throw new OnnxFileError('no-card');
  const card = checkCard(cardText);
  const graph = parse(graphField.content);
  const classifier = readClassifier(graph);
  if (classifier.bias.length !== card.classes.length) throw new OnnxFileError('broken-card', 'classes');
  if (!outputsOf(graph).includes(EARLY_OUTPUT)) throw new OnnxFileError('before-early-embedding');
  return {
    bytes,
    card,
    cardText,
    metadata,
    statistics: metadata.get(STATISTICS_KEY) ?? null,
    earlyStatistics: metadata.get(EARLY_STATISTICS_KEY) ?? null,
    classifier,
  };
}

/** What the core makes a Model of. */
export function modelParts(student: StudentFile): ModelParts {
  const { weight, bias } = student.classifier;
  const { cardText, statistics, earlyStatistics } = student;
  return { card: cardText, statistics, earlyStatistics, weight, bias };
}

/** The network's weights as floats, in file order; the limits of ReLU6, which are scalars, are none. @throws OnnxFileError */
export function readWeights(bytes: Uint8Array): WeightTensor[] {
  return readTensors(bytes)
    .filter((tensor) => tensor.dims.length > 0)
    .map((tensor) => ({
      name: tensor.name.endsWith(HALF_SUFFIX) ? tensor.name.slice(0, -HALF_SUFFIX.length) : tensor.name,
      shape: tensor.dims,
      values: floatsOf(tensor),
    }));
}

/** Tensors of the graph in file order, without copying their values. @throws OnnxFileError */
export function readTensors(bytes: Uint8Array): Tensor[] {
  const graph = last(parse(bytes), MODEL.graph);
  if (!graph) throw new OnnxFileError('not-onnx');
  return tensorsOf(parse(graph.content));
}

/** The values of a float32 or float16 tensor as floats. @throws OnnxFileError naming the tensor. */
export function floatsOf(tensor: Tensor): Float32Array<ArrayBuffer> {
  const count = tensor.dims.reduce((product, size) => product * size, 1);
  const width = tensor.dataType === DATA_TYPE.half ? 2 : 4;
  const known = tensor.dataType === DATA_TYPE.half || tensor.dataType === DATA_TYPE.float;
  if (!known || tensor.raw.length !== count * width) throw new OnnxFileError('broken-weights', tensor.name);
  const view = new DataView(tensor.raw.buffer, tensor.raw.byteOffset, tensor.raw.byteLength);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++)
    values[i] = width === 2 ? fromHalf(view.getUint16(2 * i, true)) : view.getFloat32(4 * i, true);
  return values;
}

/** IEEE 754 binary16 to number. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function parse(bytes: Uint8Array): Field[] {
  try {
    return readFields(bytes);
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    // A model that was cut off still begins as one: its version, then the producer's name.
    const beginsAsModel = bytes.length > 2 && bytes[0] === 0x08 && bytes[2] === 0x12;
    throw new OnnxFileError(beginsAsModel ? 'cut-off' : 'not-onnx', error.message);
  }
}

function readMetadata(model: Field[]): Map<string, string> {
  const entries = new Map<string, string>();
  for (const field of model) {
    if (field.tag !== MODEL.metadata) continue;
    const entry = parse(field.content);
    entries.set(
      text(last(entry, 1)?.content ?? new Uint8Array()),
      text(last(entry, 2)?.content ?? new Uint8Array()),
    );
  }
  return entries;
}

/** Names of the graph's outputs. */
function outputsOf(graph: Field[]): string[] {
  return graph
    .filter((field) => field.tag === GRAPH.output)
    .map((field) => text(last(parse(field.content), 1)?.content ?? new Uint8Array()));
}

function tensorsOf(graph: Field[]): Tensor[] {
  return graph.filter((field) => field.tag === GRAPH.initializer).map(readTensor);
}

function readTensor(field: Field): Tensor {
  const fields = parse(field.content);
  const name = text(last(fields, TENSOR.name)?.content ?? new Uint8Array());
  if (last(fields, TENSOR.externalData) || last(fields, TENSOR.dataLocation)?.value === 1) {
    throw new OnnxFileError('external-data', name);
  }
  return {
    name,
    dims: fields.filter((each) => each.tag === TENSOR.dims).map((each) => each.value),
    dataType: last(fields, TENSOR.dataType)?.value ?? 0,
    raw: last(fields, TENSOR.rawData)?.content ?? new Uint8Array(),
  };
}

function readClassifier(graph: Field[]): Classifier {
  const nodes = graph.filter((field) => field.tag === GRAPH.node).map(readNode);
  const gemm = nodes.find((node) => node.output === 'logits');
  if (gemm?.type !== 'Gemm' || gemm.inputs.length !== 3) throw new OnnxFileError('unknown-network');

  const tensors = new Map(tensorsOf(graph).map((tensor) => [tensor.name, tensor]));
  const stored = (name = ''): Tensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new OnnxFileError('broken-weights', name);
    return tensor;
  };
  const weight = stored(gemm.inputs[1]);
  const bias = stored(gemm.inputs[2]);
  const [classes = 0, channels = 0] = weight.dims;
  if (weight.dims.length !== 2 || bias.dims.length !== 1 || bias.dims[0] !== classes) {
    throw new OnnxFileError('broken-weights', weight.name);
  }
  return {
    weightName: weight.name,
    biasName: bias.name,
    weight: finite(weight),
    bias: finite(bias),
    channels,
  };
}

function finite(tensor: Tensor): Float32Array<ArrayBuffer> {
  const values = floatsOf(tensor);
  if (!values.every(Number.isFinite)) throw new OnnxFileError('broken-weights', tensor.name);
  return values;
}

function readNode(field: Field): { type: string; inputs: string[]; output: string } {
  const fields = parse(field.content);
  const texts = (tag: number) => fields.filter((each) => each.tag === tag).map((each) => text(each.content));
  return {
    type: texts(NODE.opType)[0] ?? '',
    inputs: texts(NODE.input),
    output: texts(NODE.output)[0] ?? '',
  };
}

/** What the page itself relies on; the core checks the rest. @throws OnnxFileError naming the field. */
function checkCard(cardText: string): ModelCard {
  let card: ModelCard;
  try {
    card = JSON.parse(cardText) as ModelCard;
  } catch {
    throw new OnnxFileError('broken-card', 'JSON');
  }
  const require = (field: string, fits: boolean) => {
    if (!fits) throw new OnnxFileError('broken-card', field);
  };
  require('card', isObject(card));
  require('format_version', Number.isInteger(card.format_version) && card.format_version >= 1);
  if (card.format_version > NEWEST_CARD) throw new OnnxFileError('newer-card', String(card.format_version));
  require('name', typeof card.name === 'string');
  require('classes', isTexts(card.classes) && card.classes.length > 0);
  require('class_names', isTexts(card.class_names) && card.class_names.length === card.classes.length);
  require('preprocessing', isObject(card.preprocessing) && Number.isInteger(card.preprocessing.size));
  require('weights_sha256', typeof card.weights_sha256 === 'string');
  return card;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
