import {
  type BinaryWriteOptions,
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Code, ServiceError } from "./service-error.ts";

/** How deep messages may nest. A Struct takes three levels for each of its own, of which an event may have 32. */
const RECURSION_LIMIT = 400;

/** How many bytes each message had that was read and is still held. */
const sizes = new WeakMap<object, number>();

/** How many bytes a message had on the wire. Throws where it was not read by `decode`. */
export function sizeOf(message: object): number {
  const size = sizes.get(message);
  if (size === undefined) throw new Error("sizeOf takes what decode has read");
  return size;
}

/** Reads a message. Throws INVALID_ARGUMENT where the bytes are not one. */
export function decode<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  try {
    const message = fromBinary(schema, bytes, { recursionLimit: RECURSION_LIMIT });
    sizes.set(message, bytes.byteLength);
    return message;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceError(`The bytes cannot be read as ${schema.typeName}: ${why}`, {
      code: Code.INVALID_ARGUMENT,
      reason: ErrorReason.MALFORMED_BODY,
    });
  }
}

/** Writes a message, with the fields that nobody knows where it has some. */
export function encode<Desc extends DescMessage>(
  schema: Desc,
  message: MessageInitShape<Desc>,
  options?: Partial<BinaryWriteOptions>,
): Buffer {
  const bytes = toBinary(schema, create(schema, message), options);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
