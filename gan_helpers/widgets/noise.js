// Normal noise, the same as torch.randn gives on a CPU for the same seed: the Mersenne twister
// (Matsumoto and Nishimura 1998), 24 bits a number, then Box and Muller's pairs in groups of 16.

function* twister(seed) {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let k = 1; k < 624; k++) {
    const before = state[k - 1] ^ (state[k - 1] >>> 30);
    state[k] = Math.imul(1812433253, before) + k;
  }
  while (true) {
    for (let k = 0; k < 624; k++) {
      const mixed = (state[k] & 0x80000000) | (state[(k + 1) % 624] & 0x7fffffff);
      state[k] = state[(k + 397) % 624] ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
    }
    for (let number of state) {
      number ^= number >>> 11;
      number ^= (number << 7) & 0x9d2c5680;
      number ^= (number << 15) & 0xefc60000;
      number ^= number >>> 18;
      yield number >>> 0;
    }
  }
}

// `length` numbers, at least 16, as torch draws that many.
function normalNoise(length, seed) {
  const source = twister(seed);
  const uniform = () => (source.next().value & 0xffffff) / 2 ** 24;
  const numbers = Float32Array.from({ length }, uniform);
  const pairUp = (start) => {
    for (let k = start; k < start + 8; k++) {
      const radius = Math.sqrt(-2 * Math.log(1 - numbers[k]));
      const angle = 2 * Math.PI * numbers[k + 8];
      numbers[k] = radius * Math.cos(angle);
      numbers[k + 8] = radius * Math.sin(angle);
    }
  };
  const whole = length - (length % 16);
  for (let start = 0; start < whole; start += 16) pairUp(start);
  if (whole < length) {  // the last 16 are drawn anew
    for (let k = length - 16; k < length; k++) numbers[k] = uniform();
    pairUp(length - 16);
  }
  return numbers;
}
