// Why a file is not one of this project's models. The page turns the reason into a sentence in the user's language.

export type NotOurModel =
  | 'empty'
  | 'not-onnx'
  | 'cut-off'
  | 'other-producer'
  | 'no-card'
  | 'broken-card'
  | 'newer-card'
  | 'unknown-network'
  | 'before-early-embedding'
  | 'external-data'
  | 'broken-weights'
  | 'changed-weights';

export class OnnxFileError extends Error {
  override readonly name = 'OnnxFileError';

  /** `detail` is the name of the other program, the field, the tensor: whatever the reason is about. */
  constructor(
    readonly reason: NotOurModel,
    readonly detail = '',
  ) {
    super(`not a model of this project: ${reason}${detail && ` (${detail})`}`);
  }
}
