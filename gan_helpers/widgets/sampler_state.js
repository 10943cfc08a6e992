// What a sampler's controls mean: the line that says them, and the generator's inputs.

const EACH = -1;  // the digit "each in turn"

// The line that restores a sampler, such as "seed 3 · direction 1 = 2.5": what was changed.
function lineOf(controls, state) {
  const changed = controls.filter(({ name, start }) => state[name] !== start);
  const words = changed.map(({ name }) => {
    return /\d$/.test(name) ? `${name} = ${state[name]}` : `${name} ${state[name]}`;
  });
  return words.join(" · ");
}

// The state that a line says. Throws an Error with the words that are none.
function stateOf(controls, line) {
  const state = Object.fromEntries(controls.map(({ name, start }) => [name, start]));
  for (const words of line.split("·").map((part) => part.trim()).filter(Boolean)) {
    const [, name, value] = words.match(/^(.*?)(?:\s*=\s*|\s+)(\S+)$/) ?? [];
    const control = controls.find((one) => one.name === name);
    const number = Number(value);
    if (!control || !(number >= control.low && number <= control.high)) {
      throw new Error(`"${words}" is no setting: write a control's name and a number in its range`);
    }
    state[name] = number;
  }
  return state;
}

// z and labels of pictures, as the state says. `read` gives the model's values.
class Inputs {
  constructor(model) {
    this.model = model;
  }

  of(number, state) {
    const length = this.model.get("latent_dim");
    if (this.seed !== state.seed) {
      this.noise = normalNoise(this.model.get("most") * length, state.seed);
      this.seed = state.seed;
    }
    const noise = this.noise.subarray(number * length, (number + 1) * length);
    const z = noise.map((value) => state.truncation * value);
    this.model.get("directions").forEach((direction, index) => {
      const way = state[`direction ${index + 1}`];
      if (way) direction.forEach((value, place) => { z[place] += way * value; });
    });
    return { z, labels: this.labels(number, state) };
  }

  labels(number, state) {
    if (!this.model.get("conditional")) return [];
    const digit = state.digit === EACH ? number % 10 : state.digit;
    return Array.from({ length: 10 }, (_none, label) => {
      const own = label === digit ? 1 - state.share : 0;
      return own + (label === state["mixed with"] ? state.share : 0);
    });
  }

  // Between two pictures, `share` of the way.
  between(first, last, share, state) {
    const [a, b] = [this.of(first, state), this.of(last, state)];
    const mix = (from, to) => from.map((value, place) => value + share * (to[place] - value));
    return { z: mix(a.z, b.z), labels: mix(a.labels, b.labels) };
  }
}
