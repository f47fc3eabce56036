/** The objects of a stream of JSON lines, as they come. @param {ReadableStream<Uint8Array>} stream */
export async function* lines(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    rest += value ?? '';
    const whole = rest.split('\n');
    rest = whole.pop() ?? '';
    if (done && rest) whole.push(rest); // a last line without its end
    for (const line of whole) if (line) yield JSON.parse(line);
    if (done) return;
  }
}
