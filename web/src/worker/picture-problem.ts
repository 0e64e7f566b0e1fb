// Why a file is no picture that can be checked, told from its first bytes and from what the core said.
import { isCoreError, ProblemError, type ProblemCode } from '@/shared/problem';

const heicBrands = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1', 'heif'];

/** "HEIC" and the like for a picture that is neither JPEG nor PNG; null when the bytes are no picture known here. */
export function otherPictureFormat(bytes: Uint8Array): string | null {
  const ascii = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (ascii(4, 8) === 'ftyp') {
    const brand = ascii(8, 12);
    if (heicBrands.includes(brand)) return 'HEIC';
    return brand.startsWith('avi') ? 'AVIF' : null;
  }
  if (ascii(0, 4) === 'RIFF' && ascii(8, 12) === 'WEBP') return 'WebP';
  if (ascii(0, 4) === 'GIF8') return 'GIF';
  if (ascii(0, 4) === 'II*\0' || ascii(0, 4) === 'MM\0*') return 'TIFF';
  if (ascii(0, 2) === 'BM') return 'BMP';
  if (ascii(128, 132) === 'DICM') return 'DICOM';
  if (bytes[0] === 0xff && bytes[1] === 0x0a) return 'JPEG XL';
  return null;
}

function isJpegOrPng(bytes: Uint8Array): boolean {
  const jpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  const png = bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e && bytes[3] === 0x47;
  return jpeg || png;
}

function codeOf(bytes: Uint8Array, message: string): ProblemCode {
  if (bytes.length === 0) return 'empty-file';
  const format = otherPictureFormat(bytes);
  if (format === 'HEIC') return 'heic';
  if (format !== null) return 'unreadable-picture';
  if (!isJpegOrPng(bytes)) return 'not-a-picture';
  if (/expected at most \d+ pixels/.test(message)) return 'picture-too-large';
  if (/expected at least \d+ x \d+/.test(message)) return 'picture-too-small';
  if (/arithmetic|lossless|hierarchical|CMYK|bits a sample|several frames|private variant/.test(message))
    return 'unreadable-picture';
  return 'damaged-picture';
}

/** The core's error about a picture as a problem with its own sentence; other errors as they are. */
export function pictureProblem(error: unknown, bytes: Uint8Array): unknown {
  if (!isCoreError(error) || error.kind !== 'format') return error;
  return new ProblemError(codeOf(bytes, error.message), error.message);
}
