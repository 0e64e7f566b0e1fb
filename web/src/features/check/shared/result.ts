// What the worker answers for one picture; plain data, so that it crosses to the page and into an export.
import type { Assessment, OutOfDistribution, Quality, Rectangle, ResizeRule } from '@core';

export interface CheckOptions {
  /** In pixels of the upright picture; null: all of it. */
  crop: Rectangle | null;
  /** Looks at the eight orientations of the picture, whatever the model's card says, and takes the mean. */
  augment: boolean;
}

export interface Maps {
  width: number;
  height: number;
  /** [classes, height, width]; each sums to its class's logit less its bias. */
  values: Float32Array;
  /** Logits of the view that the maps are of, and the classifier's bias: [classes]. */
  logits: Float32Array;
  bias: Float32Array;
  /** How the picture was made square, which says where the map lies on it. */
  resize: ResizeRule;
}

/** Milliseconds. */
export interface Timing {
  decode: number;
  prepare: number;
  network: number;
  /** Probabilities, assessment, maps. */
  explain: number;
  total: number;
}

export interface CheckResult {
  /** Of the upright picture. */
  width: number;
  height: number;
  crop: Rectangle | null;
  /** Codes and full names in the order of the probabilities. */
  classes: { code: string; name: string }[];
  /** Calibrated, of the mean of the views' logits. */
  probabilities: number[];
  /** Standard deviation over the views; null with one. */
  spread: number[] | null;
  assessment: Assessment;
  /** Null when the model cannot tell. */
  unlike: OutOfDistribution | null;
  /** Comes after the answer: see qualityOf() in the worker. Null until then. */
  quality: Quality | null;
  maps: Maps;
  timing: Timing;
  model: { name: string; weightsSha256: string; head: string | null };
}
