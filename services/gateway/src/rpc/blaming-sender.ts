import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";

/** The same compression, but that what cannot be decompressed is INVALID_ARGUMENT: to Connect it would be a fault of ours. */
export function blamingSender({ name, compress, decompress }: Compression): Compression {
  return {
    name,
    compress,
    decompress: (bytes, maxBytes) =>
      decompress(bytes, maxBytes).catch((error) => {
        if (ConnectError.from(error).code === Code.ResourceExhausted) throw error;
        throw new ConnectError(`The message cannot be decompressed as ${name}`, Code.InvalidArgument);
      }),
  };
}
