// A PNG file to keep, with words inside.

// Hands a canvas to the browser's downloads.
async function savePng(canvas, name, keyword, words) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve));
  const png = withText(new Uint8Array(await blob.arrayBuffer()), keyword, words);
  const address = URL.createObjectURL(new Blob([png], { type: "image/png" }));
  const link = document.createElement("a");
  Object.assign(link, { href: address, download: name });
  link.click();
  URL.revokeObjectURL(address);
}

// A PNG with a chunk of text: a keyword and the words, in UTF-8 (iTXt).
function withText(png, keyword, words) {
  const encoder = new TextEncoder();
  const body = encoder.encode(`iTXt${keyword}\0\0\0\0\0${words}`);
  const chunk = new Uint8Array(body.length + 8);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length - 4);
  chunk.set(body, 4);
  view.setUint32(body.length + 4, checksum(body));
  const header = 33;  // bytes of the signature and the first chunk
  const whole = new Uint8Array(png.length + chunk.length);
  whole.set(png.subarray(0, header));
  whole.set(chunk, header);
  whole.set(png.subarray(header), header + chunk.length);
  return whole;
}

// CRC-32, as PNG asks for it.
function checksum(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}
