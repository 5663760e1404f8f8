/**
 * Text piece by piece, as fast as it is taken. The first piece is made before the answer begins, so that a record that cannot be read has its problem.
 */
export async function streamOf(pieces: AsyncGenerator<string, void, undefined>): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder();
  let coming = await pieces.next();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (coming.done) return controller.close();
      controller.enqueue(encoder.encode(coming.value));
      coming = await pieces.next();
    },
    async cancel() {
      await pieces.return();
    },
  });
}
