// Protocol-buffer messages as lists of fields with their byte ranges, so that a few fields can be replaced and every
// other byte of the file stays as it was. Numbers of the fields: onnx.proto, github.com/onnx/onnx.
import { PbfReader, PbfWriter } from 'pbf';

export const VARINT = 0;
export const BYTES = 2;

export interface Field {
  tag: number;
  wire: number;
  /** The whole field, with its tag. */
  start: number;
  end: number;
  /** Of a BYTES field: its content. */
  content: Uint8Array;
  /** Of a VARINT field. */
  value: number;
}

/** The bytes are no protocol-buffer message, or a part of one. */
export class MessageError extends Error {}

const EMPTY = new Uint8Array(0);

/** Every field of a message in file order. @throws MessageError where the bytes end too early or make no sense. */
export function readFields(message: Uint8Array): Field[] {
  const reader = new PbfReader(message);
  const fields: Field[] = [];
  while (reader.pos < message.length) {
    const start = reader.pos;
    const field = readField(reader, start);
    if (reader.pos > message.length) throw new MessageError(`the field at byte ${start} is cut off`);
    fields.push({ ...field, start, end: reader.pos });
  }
  return fields;
}

function readField(reader: PbfReader, start: number): Omit<Field, 'start' | 'end'> {
  try {
    const key = reader.readVarint();
    const tag = key >>> 3;
    const wire = key & 7;
    if (tag === 0) throw new MessageError(`byte ${start} begins no field`);
    if (wire === VARINT) return { tag, wire, content: EMPTY, value: reader.readVarint(true) };
    if (wire === BYTES) return { tag, wire, content: reader.readBytes(), value: 0 };
    reader.skip(wire);
    return { tag, wire, content: EMPTY, value: 0 };
  } catch (error) {
    if (error instanceof MessageError) throw error;
    throw new MessageError(`byte ${start} begins no field`);
  }
}

export function text(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}

/** The last field of that number, as protocol buffers want it, or undefined. */
export function last(fields: Field[], tag: number): Field | undefined {
  return fields.findLast((field) => field.tag === tag);
}

/** One message: `write` adds its fields. */
export function buildMessage(write: (writer: PbfWriter) => void): Uint8Array {
  const writer = new PbfWriter();
  write(writer);
  return writer.finish();
}

/**
 * A copy of the message in which `replace` gives the new content of a BYTES field; where it gives undefined, the field
 * is copied byte for byte.
 */
export function editMessage(
  message: Uint8Array,
  replace: (field: Field) => Uint8Array | undefined,
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (const field of readFields(message)) {
    const content = field.wire === BYTES ? replace(field) : undefined;
    if (!content) {
      parts.push(message.subarray(field.start, field.end));
      continue;
    }
    parts.push(
      buildMessage((writer) => {
        writer.writeTag(field.tag, BYTES);
        writer.writeVarint(content.length);
      }),
      content,
    );
  }
  return concatenate(parts);
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let place = 0;
  for (const part of parts) {
    result.set(part, place);
    place += part.length;
  }
  return result;
}
