/** What the site says of the model file that ships with it; everything else is in the file itself. */
export interface ModelManifest {
  /** Beside the manifest; its name changes with its bytes. */
  file: string;
  bytes: number;
  sha256: string;
}
