// A generator in the page: what page_net.py describes, layer by layer, on plain arrays.
//
// Numbers lie as [feature][place][picture], the picture innermost: so every layer with weights is
// one product of matrices, and the inner loops run over many numbers in a row.

// The rows of a matrix, as views. Made once: with views of its own for each product, a dense net
// took 1.6 times as long in Chromium, and 2.5 times in Firefox.
function rowsOf(matrix, rows, width) {
  return Array.from({ length: rows }, (_, row) => matrix.subarray(row * width, (row + 1) * width));
}

// out [rows][width] += weight [rows][inner] · input [inner][width]
function addProduct(out, weight, input, rows, inner, width) {
  const outRows = rowsOf(out, rows, width);
  const inRows = rowsOf(input, inner, width);
  let row = 0;
  for (; row + 1 < rows; row += 2) {
    addTwoRows(outRows[row], outRows[row + 1], weight, row * inner, inRows, width);
  }
  for (; row < rows; row++) {
    const outRow = outRows[row];
    for (let k = 0; k < inner; k++) {
      const w = weight[row * inner + k];
      const inRow = inRows[k];
      for (let n = 0; n < width; n++) outRow[n] += w * inRow[n];
    }
  }
}

// Two rows and four inner numbers at a time: eight products for each time that memory is asked.
// `a`: where the first row's weights start.
function addTwoRows(outA, outB, weight, a, inRows, width) {
  const inner = inRows.length;
  const b = a + inner;
  let k = 0;
  for (; k + 3 < inner; k += 4) {
    const a0 = weight[a + k], a1 = weight[a + k + 1];
    const a2 = weight[a + k + 2], a3 = weight[a + k + 3];
    const b0 = weight[b + k], b1 = weight[b + k + 1];
    const b2 = weight[b + k + 2], b3 = weight[b + k + 3];
    const in0 = inRows[k], in1 = inRows[k + 1], in2 = inRows[k + 2], in3 = inRows[k + 3];
    for (let n = 0; n < width; n++) {
      const x0 = in0[n], x1 = in1[n], x2 = in2[n], x3 = in3[n];
      outA[n] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3;
      outB[n] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3;
    }
  }
  for (; k < inner; k++) {
    const wA = weight[a + k], wB = weight[b + k];
    const inRow = inRows[k];
    for (let n = 0; n < width; n++) {
      outA[n] += wA * inRow[n];
      outB[n] += wB * inRow[n];
    }
  }
}

function dense(layer, input, count) {
  const out = new Float32Array(layer.outputs * count);
  addProduct(out, layer.weight, input, layer.outputs, layer.inputs, count);
  return out;
}

// Calls visit(channel and tap, place in a grid of `from`, place in a grid of `to`) for each pair
// of places that a kernel's tap ties: `to` = `from` · stride - padding + tap.
function eachTie(layer, channels, from, to, visit) {
  const [fromHeight, fromWidth] = from;
  const [toHeight, toWidth] = to;
  const size = layer.size;
  for (let channel = 0; channel < channels; channel++) {
    for (let tap = 0; tap < size * size; tap++) {
      const down = Math.floor(tap / size) - layer.padding;
      const right = (tap % size) - layer.padding;
      for (let y = 0; y < fromHeight; y++) {
        const toY = y * layer.stride + down;
        if (toY < 0 || toY >= toHeight) continue;
        for (let x = 0; x < fromWidth; x++) {
          const toX = x * layer.stride + right;
          if (toX < 0 || toX >= toWidth) continue;
          const ofFrom = (channel * size * size + tap) * fromHeight * fromWidth + y * fromWidth + x;
          visit(ofFrom, channel * toHeight * toWidth + toY * toWidth + toX);
        }
      }
    }
  }
}

// Each output place sees a patch of the input: the patches are laid out, then multiplied.
function convolution(layer, input, count) {
  const { inputs, outputs, size, from, to } = layer;
  const width = to[0] * to[1] * count;
  const patches = new Float32Array(inputs * size * size * width);
  eachTie(layer, inputs, to, from, (patch, place) => {
    patches.set(input.subarray(place * count, (place + 1) * count), patch * count);
  });
  const out = new Float32Array(outputs * width);
  addProduct(out, layer.weight, patches, outputs, inputs * size * size, width);
  return out;
}

// The other way round: multiplied first, then each input place adds a patch to the output.
function transposedConvolution(layer, input, count) {
  const { inputs, outputs, size, from, to } = layer;
  const width = from[0] * from[1] * count;
  const patches = new Float32Array(outputs * size * size * width);
  addProduct(patches, layer.weight, input, outputs * size * size, inputs, width);
  const out = new Float32Array(outputs * to[0] * to[1] * count);
  eachTie(layer, outputs, from, to, (patch, place) => {
    for (let n = 0; n < count; n++) out[place * count + n] += patches[patch * count + n];
  });
  return out;
}

// A factor and a summand a channel: a bias, or BatchNorm in eval mode.
function perChannel(layer, input) {
  const { factor, summand } = layer;
  const block = input.length / summand.length;
  for (let channel = 0; channel < summand.length; channel++) {
    const f = factor[channel];
    const s = summand[channel];
    for (let n = channel * block; n < (channel + 1) * block; n++) input[n] = f * input[n] + s;
  }
  return input;
}

function leakyReLU(layer, input) {
  for (let n = 0; n < input.length; n++) if (input[n] < 0) input[n] *= layer.slope;
  return input;
}

function tanh(layer, input) {
  for (let n = 0; n < input.length; n++) input[n] = Math.tanh(input[n]);
  return input;
}

// [channel · f · f][y][x] -> [channel][y · f][x · f]
function pixelShuffle(layer, input, count) {
  const { factor, from } = layer;
  const [height, width] = from;
  const out = new Float32Array(input.length);
  const planes = input.length / (height * width * count);
  for (let plane = 0; plane < planes; plane++) {
    const channel = Math.floor(plane / (factor * factor));
    const down = Math.floor(plane / factor) % factor;
    const right = plane % factor;
    for (let place = 0; place < height * width; place++) {
      const y = Math.floor(place / width) * factor + down;
      const x = (place % width) * factor + right;
      const start = (plane * height * width + place) * count;
      const to = ((channel * height * factor + y) * width * factor + x) * count;
      out.set(input.subarray(start, start + count), to);
    }
  }
  return out;
}

const LAYERS = {
  dense, convolution, transposedConvolution, perChannel, leakyReLU, tanh, pixelShuffle,
};

// The logarithm of the standard normal distribution function, for the choice of a kind. The
// continued fraction (Abramowitz and Stegun 26.2.14) far out, the series (26.2.10) near 0.
function logNormal(x) {
  if (x > 0) return Math.log1p(-Math.exp(logNormal(-x)));
  const logDensity = -0.5 * x * x - 0.5 * Math.log(2 * Math.PI);
  if (x < -3) {
    let fraction = -x;
    for (let k = 60; k > 0; k--) fraction = -x + k / fraction;
    return logDensity - Math.log(fraction);
  }
  let term = x;
  let sum = x;
  for (let k = 1; k < 60; k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return Math.log(0.5 + Math.exp(logDensity) * sum);
}

// The kind that the first numbers of z choose: the largest wins, after a head start for the
// frequent ones (log of their shares; all 0 where the numbers themselves are compared).
function chosenKind(choice, z) {
  let best = 0;
  let most = -Infinity;
  choice.forEach((share, kind) => {
    const number = Math.log(share) - Math.log(-logNormal(z[kind]));
    if (number > most) [best, most] = [kind, number];
  });
  return best;
}

// What the first layer gets of one picture's z and labels.
function firstInput(net, z, labels) {
  const { choice, order, labelFactor } = net;
  let rest = z;
  if (choice.length) {
    const kind = chosenKind(choice, z);
    labels = choice.map((_share, other) => (other === kind ? 1 : 0));
    rest = z.slice(choice.length);
  }
  const parts = { z: Array.from(rest), labels: Array.from(labels, (label) => labelFactor * label) };
  return order.flatMap((name) => parts[name]);
}

// The description and the bytes of the weights (a DataView) as a net for `runNet`.
function makeNet(description, bytes) {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const weights = new Float32Array(buffer);
  const layers = description.layers.map((layer) => {
    const own = { ...layer };
    for (const [name, [start, length]] of Object.entries(layer.numbers)) {
      own[name] = weights.subarray(start, start + length);
    }
    return own;
  });
  return { ...description, layers };
}

// Pictures of several inputs {z, labels}: numbers in [-1, 1], [pixel][picture].
function runNet(net, inputs) {
  const rows = inputs.map(({ z, labels }) => firstInput(net, z, labels));
  const count = rows.length;
  let numbers = new Float32Array(rows[0].length * count);
  rows.forEach((row, picture) => {
    row.forEach((number, place) => { numbers[place * count + picture] = number; });
  });
  for (const layer of net.layers) numbers = LAYERS[layer.kind](layer, numbers, count);
  return numbers;
}
