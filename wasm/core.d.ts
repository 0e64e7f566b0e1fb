/**
 * The face of DermDistill's core in WebAssembly: everything between the bytes of a picture and the network's input, and
 * between the network's outputs and what is said of them, in the same C++ that the command line runs.
 *
 *   import createCore from "./core.js";
 *   const core = await createCore({ wasmBinary });          // in node; in a page `locateFile` or nothing
 *
 * Conventions
 * - Arrays that go in are copied, arrays that come out are the caller's own; nothing refers to the module's memory.
 * - Objects of a class (Picture, Model, HeadTrainer) live in that memory until `delete()` is called; use them no more
 *   after it. Everything else is a plain JavaScript value.
 * - Every function throws a CoreError and nothing else.
 * - All functions are synchronous; call them in a worker.
 */

export type CoreErrorKind =
  /** not enough of it for what was asked; the same with less may work */
  | "memory"
  /** bytes that are not what they claim to be: no picture, a truncated file, a card with a missing field */
  | "format"
  /** arrays whose sizes do not fit each other or the model */
  | "shape"
  /** a number that is not finite */
  | "numeric"
  /** what was asked for cannot be done: an unknown class, an option out of range, a head of another model */
  | "input"
  /** memory ran out, or a fault of the program */
  | "internal";

/** An Error whose `message` reads "THING: PROBLEM; expected EXPECTED" and can be shown to a person. */
export interface CoreError extends Error {
  name: "CoreError";
  kind: CoreErrorKind;
}

// ---------------------------------------------------------------------------------------------------------- pictures

/** In pixels of the oriented picture; whole numbers, inside it, at least 16 x 16. */
export interface Rectangle {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Fits the constructor of ImageData. */
export interface RgbaPixels {
  width: number;
  height: number;
  data: Uint8ClampedArray;
}

/**
 * One of the eight orientations of a square: `view % 4` quarter turns counter-clockwise, of the picture mirrored left to
 * right first where `view >= 4`. 0 is the picture itself.
 */
export type View = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** Thresholds and what they were calibrated on: core/image/quality.h. */
export type QualityWarning =
  | "blurred"
  | "too-dark"
  | "too-bright"
  | "too-small"
  /** the lesion runs over the picture's border */
  | "lesion-cut-off";

export interface Quality {
  /** Sides of the judged part, in pixels. */
  width: number;
  height: number;
  /** Mean squared Laplacian of luminance over its variance, at a fixed working size; small is blurred. */
  sharpness: number;
  /** Mean luminance, 0 to 1. */
  brightness: number;
  /** Shares of pixels, 0 to 1, that are (nearly) black or white. */
  clippedDark: number;
  clippedBright: number;
  /** Share, 0 to 1, of the one of the four sides that the lesion covers most, by a simple segmentation. */
  borderTouched: number;
  /** Share of the judged part that the lesion covers by it. */
  lesionShare: number;
  warnings: QualityWarning[];
}

/** A decoded picture, upright (EXIF orientation applied), 8-bit RGB, transparent parts laid over white. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /**
   * For display: at most `maxSide` pixels a side (0: as it is), antialiased, proportions kept, opaque. With a crop, that
   * part of the picture.
   */
  pixels(maxSide: number, crop: Rectangle | null): RgbaPixels;
  /**
   * The model's input `image` for one picture: [3, size, size], normalised, bit for bit what training and the command
   * line compute. The crop is cut out before the resize. Throws "input" for a crop that is not inside the picture.
   */
  tensor(preprocessing: Preprocessing, crop: Rectangle | null, view: View): Float32Array;
  quality(crop: Rectangle | null): Quality;
  delete(): void;
}

// ------------------------------------------------------------------------------------------------------- model files

/** How a picture of any shape becomes square. */
export type ResizeRule = "squash" | "crop-shorter-side";

export interface Preprocessing {
  /** Side of the network's input in pixels. */
  size: number;
  mean: [number, number, number];
  std: [number, number, number];
  resize: ResizeRule;
  /** Larger pictures are brought down to so many pixels a side first; 0 or absent: no such step. */
  detail?: number;
}

/** A threshold on a calibrated probability, with what it gave on validation images. */
export interface OperatingPoint {
  /** A class code such as "MEL", or "malignant": the sum over MEL, BCC, AK and SCC. */
  target: string;
  threshold: number;
  sensitivity: number;
  specificity: number;
}

/** A value with its confidence interval; `low` and `high` are null where the data cannot give them. */
export interface Interval {
  value: number | null;
  low: number | null;
  high: number | null;
}

export interface ReliabilityBin {
  /** Confidences in (low, high]. */
  low: number;
  high: number;
  count: number;
  mean_confidence: number;
  /** Share of these images whose top class was right. */
  accuracy: number;
}

/** A receiver operating characteristic, thinned to at most 65 corners; from (0, 0) to (1, 1). */
export interface RocCurve {
  false_positive_rate: number[];
  true_positive_rate: number[];
}

/** What native `evaluate` and `export` write; null where a metric is not defined. Field names are the file's. */
export interface MetricReport {
  images: number;
  groups: number;
  classes: string[];
  accuracy: Interval;
  balanced_accuracy: Interval;
  macro_auc: Interval | null;
  mean_average_precision: Interval | null;
  expected_calibration_error: Interval;
  melanoma_sensitivity: Interval | null;
  melanoma_auc: Interval | null;
  malignant_auc: Interval | null;
  per_class: Record<
    string,
    {
      count: number;
      sensitivity: Interval | null;
      specificity: Interval | null;
      auc: Interval | null;
      average_precision: Interval | null;
      /** Only in cards written since this version. */
      roc?: RocCurve;
    }
  >;
  /** [true class][predicted class], in the order of `classes`. */
  confusion: number[][];
  operating_points: {
    target: string;
    wanted_sensitivity: number | null;
    threshold: number | null;
    sensitivity: Interval | null;
    specificity: Interval | null;
  }[];
  /** Only in cards written since this version, as the next. */
  malignant_roc?: RocCurve;
  reliability?: ReliabilityBin[];
  [more: string]: unknown;
}

/** The JSON of the ONNX metadata entry "dermdistill.card", checked. Field names are the file's. */
export interface ModelCard {
  format_version: number;
  name: string;
  architecture: string;
  width: number;
  classes: string[];
  class_names: string[];
  preprocessing: Preprocessing;
  /** Answers are means over so many views: 1, 2 (and the half turn), 4 (the quarter turns) or 8; 1 in older files. */
  orientations: number;
  temperature: number;
  operating_points: OperatingPoint[];
  metrics: { validation?: MetricReport; test?: MetricReport; [part: string]: unknown };
  training: Record<string, unknown>;
  notices: unknown[];
  out_of_distribution: Record<string, unknown>;
  weights_sha256: string;
  /** Of everything but the classifier; "" in files of older versions (then compute it, see weightsDigestInput). */
  trunk_sha256: string;
}

export type DType =
  "BOOL" | "U8" | "I8" | "I16" | "U16" | "F16" | "BF16" | "I32" | "U32" | "F32" | "F64" | "I64" | "U64";

export interface StoredTensor {
  name: string;
  dtype: DType;
  shape: number[];
  /** Little-endian, row-major. */
  bytes: Uint8Array;
}

export interface TensorFile {
  metadata: Record<string, string>;
  tensors: StoredTensor[];
}

/** A float tensor of the network, as weightsDigestInput() takes it. */
export interface WeightTensor {
  name: string;
  shape: number[];
  values: Float32Array;
}

/**
 * What an ONNX file of this project holds that a Model is made of. Where it is found in the file:
 * - `producer_name` is "dermdistill"; metadata_props has "dermdistill.card" (JSON) and, in newer files,
 *   "dermdistill.embedding_statistics" and "dermdistill.early_statistics" (base64 of safetensors files).
 * - Initialisers in file order: the scalars relu6.min and relu6.max where the network has ReLU6 (no weights), then for
 *   every convolution NAME.weight [out, in/groups, k, k] and NAME.bias [out], last the classifier's: "classifier.1.weight"
 *   [classes, channels] and "classifier.1.bias" [classes] (MobileNetV2), or "fc.weight" and "fc.bias" (ResNet).
 * - Float32 as raw_data, little-endian. In files of `export --half` convolution weights are FLOAT16 under the name
 *   NAME.weight.half, each with a Cast node (to FLOAT) at the beginning of the graph that gives NAME.weight; biases and
 *   the classifier stay float32, so that a new classifier goes into both kinds of file alike.
 *
 * To write a personalised file that the command line accepts, replace: the dims and raw_data of the two classifier
 * tensors; the last dimension of the graph output `logits`; the two metadata entries (personalisedCard() and
 * Model.statistics() give them). Nothing else, and keep the order of everything.
 */
export interface ModelParts {
  /** The text of "dermdistill.card". */
  card: string;
  /** The text of "dermdistill.embedding_statistics", or null where the file has none. */
  statistics: string | null;
  /** The text of "dermdistill.early_statistics", or null where the file has none. */
  earlyStatistics: string | null;
  /** The classifier's weight [classes, channels] and bias [classes]. */
  weight: Float32Array;
  bias: Float32Array;
}

// ------------------------------------------------------------------------------------------------------------ answers

export interface TargetAssessment {
  /** "MEL" or "malignant", or another target of the card. */
  target: string;
  /** The calibrated probability that is compared. */
  probability: number;
  /** The card's points of this target, lowest threshold first (most sensitive first). */
  points: { threshold: number; sensitivity: number; specificity: number; reached: boolean }[];
}

export interface Assessment {
  /** Index of the most probable class. */
  top: number;
  /** Its calibrated probability. */
  confidence: number;
  /**
   * How often the model was right on validation images when it was this sure: the bin of the card's reliability
   * that `confidence` falls in. Null when the card has no bins or this one is of fewer than 10 images.
   */
  rightWhenThisSure: { low: number; high: number; count: number; accuracy: number } | null;
  targets: TargetAssessment[];
}

export interface OutOfDistribution {
  /** Higher is less like the training images: the distance of the early embedding from their mean. */
  score: number;
  /** The share `kept` of validation images lies at or below it. */
  threshold: number;
  /** 0.99, say. */
  kept: number;
  /** score > threshold: the model does not know such images, and its answer should not be shown at first. */
  unlike: boolean;
}

/** A trunk's classifier with its card and embedding statistics. */
export interface Model {
  readonly card: ModelCard;
  /** Length of an embedding, e.g. 1280. */
  readonly channels: number;
  /** Of embeddings by class, which training a head replays. */
  readonly hasStatistics: boolean;
  /** Whether outOfDistribution() has an answer. */
  readonly knowsUnlike: boolean;
  /** The classifier's weight [classes, channels] and bias [classes]. */
  weight(): Float32Array;
  bias(): Float32Array;
  /** "dermdistill.embedding_statistics" of a file with this classifier; null without statistics. */
  statistics(): string | null;
  /** embeddings [n, channels] -> logits [n, classes]. */
  logits(embeddings: Float32Array): Float32Array;
  /** Calibrated: softmax(logits / temperature), [n, classes]. */
  probabilities(logits: Float32Array): Float32Array;
  /** Of one image's calibrated probabilities [classes]. */
  assess(probabilities: Float32Array): Assessment;
  /**
   * Of one image's early_embedding, an output of the network, as the mean over the card's orientations. Null when the
   * card has no score (not calibrated).
   */
  outOfDistribution(earlyEmbedding: Float32Array): OutOfDistribution | null;
  /**
   * Class activation maps of one image: features [channels, height, width] as the model gives them ->
   * [classes, height, width]; map k sums to logit k less bias k.
   */
  activationMaps(features: Float32Array, height: number, width: number): Float32Array;
  /**
   * This trunk with the classifier of a head file (a new Model; this one stays). `trunkSha256` is this model's.
   * Throws "format" for a file that is no head, "input" for a head of another trunk or of classes that do not begin
   * with this model's.
   */
  withHead(headFile: Uint8Array, name: string, trunkSha256: string): Model;
  delete(): void;
}

// ------------------------------------------------------------------------------------------------------ head training

export interface HeadTrainingOptions {
  /** Codes of the new head: this model's classes in their order, then new ones. */
  classes: string[];
  /** In full, as many. */
  classNames: string[];
  /** Whole passes; default 50. */
  epochs?: number;
  /** Of Adam; default 0.001. */
  learningRate?: number;
  /** Images a step; default 64. */
  batch?: number;
  /** Strength of the pull toward the shipped head; default 0.01. */
  pull?: number;
  /** Replayed embeddings an epoch, as a share of the training embeddings; default 1. 0: no replay. */
  replay?: number;
  /** Share of every class's images that is held out, at least one of a class with two or more; default 0.2. */
  heldOut?: number;
  /** A whole number, 0 to 2^53 - 1; the same seed gives the same head; default 1. */
  seed?: number;
}

export interface HeadScore {
  images: number;
  /** Mean negative log likelihood with temperature 1. Classes that the head does not know count as probability 1e-7. */
  loss: number;
  accuracy: number;
  /** Mean sensitivity over the classes that occur. */
  balancedAccuracy: number;
  /** One a class, null where the class has no image. */
  sensitivity: (number | null)[];
  /** Images of each class. */
  counts: number[];
  /** [true class][predicted class]. */
  confusion: number[][];
}

export interface HeadEpoch {
  /** 1 after the first. */
  epoch: number;
  /** Class-weighted, over the epoch's batches (replay included), with the pull. */
  trainingLoss: number;
  /** On held-out images; null without any. */
  heldOutLoss: number | null;
  heldOutBalancedAccuracy: number | null;
  /** On replayed embeddings of the shipped classes that are not trained on; null without statistics. */
  replayLoss: number | null;
  replayBalancedAccuracy: number | null;
}

/**
 * One training of a head, an epoch a call, so that a page can draw curves and stop at any time. The shipped head is not
 * changed. Model and trainer are independent: either may be deleted first.
 */
export interface HeadTrainer {
  readonly epoch: number;
  readonly epochs: number;
  /** Indices into the rows given, of the first row of each held-out image, ascending. */
  heldOut(): Int32Array;
  /** Trains one epoch. Throws "input" when all are done. */
  trainEpoch(): HeadEpoch;
  /** The shipped head and the present one, on held-out images; null without any. */
  heldOutScores(): { before: HeadScore; after: HeadScore } | null;
  /** The same on replayed embeddings of the shipped classes; null without statistics. */
  replayScores(): { before: HeadScore; after: HeadScore } | null;
  weight(): Float32Array;
  bias(): Float32Array;
  /**
   * The present head as a file (safetensors with a card in its metadata), for Model.withHead, the store and export.
   * `trunkSha256` is the model's; `name` is what the user calls it.
   */
  headFile(name: string, trunkSha256: string): Uint8Array;
  delete(): void;
}

/** What a head file says of itself. */
export interface HeadCard {
  format_version: number;
  name: string;
  /** Of the trunk that it belongs to. */
  trunk_sha256: string;
  classes: string[];
  class_names: string[];
  /** How many of the classes are the shipped ones; the rest are new. */
  shipped_classes: number;
  channels: number;
  temperature: number;
  /** Images of each class that it was trained on (not held out), by code. */
  training_images: Record<string, number>;
  held_out_images: Record<string, number>;
  options: Required<Omit<HeadTrainingOptions, "classes" | "classNames">> & { epochs_done: number };
  /** On held-out images, and on replayed embeddings of the shipped classes; null where there were none. */
  held_out: { before: HeadScore; after: HeadScore } | null;
  replayed: { before: HeadScore; after: HeadScore } | null;
}

// ------------------------------------------------------------------------------------------------------------- module

export interface Core {
  /** Of the program, such as "0.1.0". */
  version(): string;

  /** JPEG or PNG bytes; `name` is used in messages only. Throws "format": empty, truncated, another format (named:
   *  HEIC, AVIF, WebP, GIF, TIFF, BMP, PDF, DICOM ...), over 100 megapixels, a side below 16. */
  decodePicture(bytes: Uint8Array, name: string): Picture;
  /** A camera's frame: pixels as ImageData has them (not premultiplied), upright. */
  pictureFromPixels(rgba: Uint8ClampedArray | Uint8Array, width: number, height: number, name: string): Picture;

  /** `name` is used in messages only. Throws "format" naming the field that is missing, wrong or out of range. */
  parseModelCard(json: string, name: string): ModelCard;
  /** Throws "format" for a card or statistics that cannot be read, "shape" when the parts do not fit each other. */
  openModel(parts: ModelParts, name: string): Model;
  /** Throws "format" when the bytes are no head file. */
  parseHeadCard(headFile: Uint8Array, name: string): HeadCard;
  /**
   * embeddings [n, channels], labels [n] (indices into options.classes), images [n]: which image each row is of (rows of
   * one image, such as its rotations, have the same number and label; its first row is the untransformed one). Only
   * first rows are held out and scored. Throws "input" for unknown labels, fewer than two classes in all, options out
   * of range; "shape" for sizes that do not fit; "numeric" for embeddings that are not finite.
   */
  trainHead(
    model: Model,
    embeddings: Float32Array,
    labels: Int32Array,
    images: Int32Array,
    options: HeadTrainingOptions,
  ): HeadTrainer;
  /**
   * The card (JSON text) of `shipped` with the classifier of a head file: its classes and temperature; operating points
   * and validation metrics of the shipped classifier are left out, for they do not hold any more, and
   * training.personalised says what was done.
   * `weightsSha256`: of all tensors with the new classifier, see weightsDigestInput.
   */
  personalisedCard(shipped: Model, headFile: Uint8Array, name: string, weightsSha256: string): string;

  /**
   * The bytes whose SHA-256 (lower-case hex; crypto.subtle.digest) is a card's weights_sha256: for every tensor, in the
   * order of the file's initialisers without relu6.min and relu6.max, its name in UTF-8 (without ".half"), its shape as
   * text such as "[32, 3, 3, 3]", and its values as little-endian float32 (FLOAT16 widened by fromHalf). There is no
   * separator. trunk_sha256 is the same without the classifier's two tensors.
   */
  weightsDigestInput(tensors: WeightTensor[]): Uint8Array;
  /** IEEE half precision; exact. `halves` as stored in raw_data, two bytes each, little-endian. */
  fromHalf(halves: Uint8Array): Float32Array;
  /** To nearest, ties to even; the inverse of fromHalf. */
  toHalf(values: Float32Array): Uint8Array;

  /** Throws "format" for every violation of the format. */
  parseSafetensors(bytes: Uint8Array, name: string): TensorFile;
  serialiseSafetensors(file: TensorFile): Uint8Array;

  /**
   * Metrics of predictions: probabilities [n, classes] (rows sum to 1), labels [n], groups [n] (the lesion of each image;
   * null: every image its own). `samples` of the bootstrap; 0: no intervals.
   */
  computeMetrics(
    classes: string[],
    probabilities: Float32Array,
    labels: Int32Array,
    groups: Int32Array | null,
    samples: number,
  ): MetricReport;

  /**
   * Row-major C [m, n] = op(A) op(B) by one backend, computed `repeats` times (for benchmarks; 1 otherwise). "eigen" is
   * the reference and may be absent from a build; "auto" is what everything else here uses.
   */
  multiply(
    a: Float32Array,
    b: Float32Array,
    m: number,
    n: number,
    k: number,
    transposeA: boolean,
    transposeB: boolean,
    backend: "auto" | "wasm_simd" | "eigen",
    repeats: number,
  ): Float32Array;

  /**
   * One pass of a 3x3 depthwise convolution with padding 1, stride 1 or 2, computed `repeats` times (for benchmarks; 1
   * otherwise). x is [batch, height, width, channels], w [3, 3, channels], dy like the output y. Of (x, w) "forward"
   * makes y, of (dy, w) "backward_data" makes dx, of (x, dy) "backward_weights" makes dw.
   */
  depthwise(
    pass: "forward" | "backward_data" | "backward_weights",
    first: Float32Array,
    second: Float32Array,
    batch: number,
    height: number,
    width: number,
    channels: number,
    stride: number,
    repeats: number,
  ): Float32Array;
}

export interface CreateCoreOptions {
  /** The bytes of core.wasm; where absent it is fetched from beside core.js. Needed in node. */
  wasmBinary?: ArrayBuffer | Uint8Array;
  /** Where to fetch core.wasm from. */
  locateFile?: (file: string) => string;
}

export default function createCore(options?: CreateCoreOptions): Promise<Core>;
