// PNG files of a kind that no canvas writes: 16 bits a sample, or with transparency of every degree.
import { crc32, deflateSync } from 'node:zlib';

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A brown spot on skin, `width` x `height`; "rgba" becomes transparent toward the right. */
export function spot(width: number, height: number, kind: 'rgba' | 'rgb16'): Buffer {
  const rows: number[] = [];
  for (let y = 0; y < height; y++) {
    rows.push(0);
    for (let x = 0; x < width; x++) {
      const far = Math.hypot((x - width / 2) / width, (y - height / 2) / height);
      const skin = Math.min(1, Math.max(0, (far - 0.2) * 8));
      for (const [lesion, around] of [
        [0.35, 0.86],
        [0.2, 0.68],
        [0.15, 0.58],
      ] as const) {
        const value = Math.round((lesion + (around - lesion) * skin) * (kind === 'rgb16' ? 65535 : 255));
        if (kind === 'rgb16') rows.push(value >> 8);
        rows.push(value & 255);
      }
      if (kind === 'rgba') rows.push(255 - Math.round((200 * x) / width));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = kind === 'rgb16' ? 16 : 8;
  header[9] = kind === 'rgb16' ? 2 : 6;
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.from(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
