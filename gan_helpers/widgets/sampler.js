// Digits that follow controls: the generators run here, so no move waits for the kernel.
// digit_sampler.py says what the model's values are.

const BUDGET = 40;  // milliseconds of drawing after which the page has its turn
const PORTION = 12;  // pictures at a time
const STRIP = 9;  // pictures of a walk
const STEP_OF_PLAY = 0.02;
const FROM = "rgb(86 180 233)";
const TO = "rgb(230 159 0)";

class SamplerView {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.inputs = new Inputs(model);
    this.controls = {};
    this.undone = [];  // earlier states
    this.stale = 0;  // pictures that are not drawn yet
    this.next = 0;  // the first of them
    this.walkFrom = true;  // which end the next click sets
    this.makeNets();
    this.build();
    this.refresh();
  }

  get state() {
    return this.model.get("state");
  }

  makeNets() {
    const weights = this.model.get("weights");
    this.nets = this.model.get("nets").map((net, index) => makeNet(net, weights[index]));
  }

  // Building

  build() {
    this.el.classList.add("page-part");
    this.sheets = element("div", { class: "part-row" });
    this.strips = element("div", { class: "part-row" });
    this.status = element("p", { role: "status" });
    const restore = () => this.restore();
    this.line = element("input", { type: "text", "aria-label": "line", onchange: restore });
    this.line.size = 40;
    this.playing = button("Play", () => this.togglePlay());
    const canAsk = Boolean(this.model.send);
    const buttons = element("div", { class: "part-row" }, [
      button("New noise", () => this.change({ seed: (this.state.seed + 1) % 2 ** 31 })),
      button("Undo", () => this.undo()),
      button("Reset", () => this.change(stateOf(this.model.get("controls"), ""))),
      button("Save PNG", () => this.save()),
      ...(canAsk ? [button("Ask the judge", () => this.ask())] : []),
    ]);
    const controls = element("div", {}, this.buildControls());
    // The sliders do the same.
    const words = "Drag: direction 1 to the right, direction 2 upwards";
    this.plane = planeControl(words, (right, up) => {
      const way = (share) => Number((Math.round((share * 8 - 4) / 0.05) * 0.05).toFixed(2));
      this.change({ "direction 1": way(right), "direction 2": way(up) });
    });
    const walk = element("div", { class: "part-row" }, [this.strips, this.playing]);
    const pictures = element("div", { class: "part-pictures" }, [this.sheets, walk]);
    const line = element("div", { class: "part-row" }, [
      element("span", {}, ["line"]), this.line, button("Copy", () => this.copy()),
    ]);
    this.el.append(element("div", { class: "part-row" }, [
      element("div", {}, [controls, this.plane.box]), pictures,
    ]), buttons, line, this.status);
  }

  buildControls() {
    return this.model.get("controls").map((control) => {
      const { name } = control;
      const change = (value) => this.change({ [name]: value });
      const digits = Array.from({ length: 10 }, (_none, digit) => [digit, digit]);
      if (name === "digit" || name === "mixed with") {
        const options = name === "digit" ? [[EACH, "each in turn"], ...digits] : digits;
        this.controls[name] = choiceControl({ name, options, change });
      } else {
        this.controls[name] = numberControl({ ...control, range: control.step < 1, change });
      }
      return this.controls[name].box;
    });
  }

  // Changing

  change(values) {
    const state = { ...this.state, ...values };
    this.remember(state);
    this.model.set("state", state);
    this.model.save_changes();
    this.askForFreshWeights();
  }

  // What undo goes back to: a drag is one change.
  remember(state) {
    const now = performance.now();
    const names = Object.keys(state).filter((name) => state[name] !== this.state[name]).join();
    const goesOn = names === this.changed && now - this.changedAt < 1000;
    if (names && !goesOn) this.undone.push(this.state);
    this.changed = names;
    this.changedAt = now;
  }

  undo() {
    const state = this.undone.pop();
    if (!state) return;
    this.model.set("state", state);
    this.model.save_changes();
  }

  // Where the generator is trained on, the kernel sends its weights once it is free.
  askForFreshWeights() {
    if (!this.model.send || performance.now() - (this.askedAt ?? -Infinity) < 1000) return;
    this.askedAt = performance.now();
    this.model.send({ want: "weights" });
  }

  restore() {
    try {
      this.change(stateOf(this.model.get("controls"), this.line.value));
    } catch (error) {
      this.status.textContent = error.message;
    }
  }

  copy() {
    this.line.select();
    navigator.clipboard?.writeText(this.line.value);
    this.status.textContent =
      "The line is copied. sampler.restore(\"…\") or this field take it back.";
  }

  togglePlay() {
    const isPlaying = this.timer !== undefined;
    if (isPlaying) this.rest();
    else this.timer = setInterval(() => this.walkOn(), 50);
    this.playing.textContent = isPlaying ? "Play" : "Pause";
  }

  rest() {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  walkOn() {
    const far = Number((this.state["how far"] + STEP_OF_PLAY).toFixed(2));
    this.model.set("state", { ...this.state, "how far": far > 1 ? 0 : far });
    this.model.save_changes();
  }

  click(sheet, event) {
    const number = sheet.pictureAt(event) + 1;
    this.change({ [this.walkFrom ? "walk from" : "walk to"]: number });
    this.walkFrom = !this.walkFrom;
  }

  // Drawing

  // All that the model says, from now on; what was being drawn is left.
  refresh() {
    const { state } = this;
    const { grid } = state;
    if (grid !== this.grid) this.makeSheets(grid);
    for (const { name } of this.model.get("controls")) this.controls[name].show(state[name]);
    this.line.value = lineOf(this.model.get("controls"), state);
    this.plane.show((state["direction 1"] + 4) / 8, (state["direction 2"] + 4) / 8);
    const words = `${grid * grid} samples, seed ${state.seed}. Walk from picture ` +
      `${this.end("walk from") + 1} to picture ${this.end("walk to") + 1}, ` +
      `${Math.round(100 * state["how far"])} % of the way. Pictures are counted row by row.`;
    this.status.textContent = words;
    for (const { canvas } of this.sheetOf) canvas.setAttribute("aria-label", words);
    const drawn = { ...state, "how far": 0 };
    if (JSON.stringify(drawn) !== this.drawn) this.stale = grid * grid;
    this.drawn = JSON.stringify(drawn);
    this.stripIsStale = true;
    if (!this.isWaiting) this.work();
  }

  // A picture of the sheet: it may be smaller than the numbers asked for.
  end(name) {
    return Math.min(this.state[name], this.grid ** 2) - 1;
  }

  makeSheets(grid) {
    this.grid = grid;
    this.drawn = undefined;
    const names = this.model.get("names");
    this.sheetOf = names.map(() => makeSheet(grid, grid, 2));
    this.stripOf = names.map(() => makeSheet(STRIP, 1, 2));
    this.wayOf = names.map(() => makeSheet(1, 1, 3));  // the picture that lies "how far"
    this.sheets.replaceChildren(...this.sheetOf.map((sheet, index) => {
      sheet.canvas.addEventListener("click", (event) => this.click(sheet, event));
      return element("figure", {}, [sheet.canvas, element("figcaption", {}, [names[index]])]);
    }));
    this.strips.replaceChildren(...names.flatMap((_name, index) => {
      this.stripOf[index].canvas.setAttribute("aria-label", "The walk from picture to picture");
      const way = this.wayOf[index].canvas;
      way.setAttribute("aria-label", "The picture that lies so far on the way");
      return [this.stripOf[index].canvas, way];
    }));
  }

  // Pictures that are stale, in portions; where time is short the page has its turn between them,
  // and what has moved meanwhile counts for those that follow, round the sheet.
  work() {
    const end = performance.now() + BUDGET;
    const most = this.grid ** 2;
    this.isWaiting = false;
    while (this.stale > 0 && performance.now() < end) {
      const count = Math.min(PORTION, this.stale);
      const numbers = Array.from({ length: count }, (_none, index) => (this.next + index) % most);
      const inputs = numbers.map((number) => this.inputs.of(number, this.state));
      this.nets.forEach((net, index) => {
        this.put(this.sheetOf[index], numbers, runNet(net, inputs));
      });
      this.next = (this.next + count) % most;
      this.stale -= count;
    }
    if (this.stale <= 0 && this.stripIsStale && performance.now() < end) this.drawStrip();
    if (this.stale > 0 || this.stripIsStale) {
      this.isWaiting = true;
      requestAnimationFrame(() => this.work());
    } else {
      this.el.dataset.drawn = performance.now();  // for who measures
    }
  }

  put(sheet, numbers, pixels) {
    numbers.forEach((number, index) => {
      sheet.draw(number, (pixel) => grey(pixels[pixel * numbers.length + index]));
    });
  }

  drawStrip() {
    const { state } = this;
    const [first, last] = [this.end("walk from"), this.end("walk to")];
    const shares = Array.from({ length: STRIP }, (_none, index) => index / (STRIP - 1));
    const inputs = shares.map((share) => this.inputs.between(first, last, share, state));
    const here = [this.inputs.between(first, last, state["how far"], state)];
    this.nets.forEach((net, index) => {
      this.put(this.stripOf[index], [...inputs.keys()], runNet(net, inputs));
      this.put(this.wayOf[index], [0], runNet(net, here));
      const sheet = this.sheetOf[index];
      for (const number of this.marked ?? []) if (number < this.grid ** 2) sheet.mark(number);
      sheet.mark(first, FROM);
      sheet.mark(last, TO);
    });
    this.marked = [first, last];
    this.stripIsStale = false;
  }

  // Saving and asking

  async save() {
    await savePng(this.sheetOf[0].canvas, "digits.png", "line", this.line.value);
    this.status.textContent = "Saved as digits.png, with the line inside.";
  }

  ask() {
    this.model.send({ want: "judge" });
    this.status.textContent = "Asked. The kernel answers as soon as it is free.";
  }

  // The kernel's answer: {readings: a list a generator, words, nearest: 784 numbers}.
  hear(answer) {
    answer.readings?.forEach((captions, index) => {
      captions.forEach((words, number) => this.sheetOf[index].write(number, words));
    });
    if (answer.nearest) {
      this.nearest?.remove();
      const sheet = makeSheet(1, 1, 2);
      sheet.draw(0, (pixel) => grey(answer.nearest[pixel]));
      sheet.canvas.setAttribute("aria-label", "The nearest real digit");
      this.nearest = sheet.canvas;
      this.strips.append(this.nearest);
    }
    this.status.textContent = answer.words;
    this.drawn = undefined;  // the next change draws over the captions
  }
}

function render({ model, el }) {
  const view = new SamplerView(model, el);
  const refresh = () => view.refresh();
  const renew = () => {
    view.makeNets();
    view.drawn = undefined;
    view.refresh();
  };
  const hear = (answer) => view.hear(answer);
  const letKeysGo = keepKeys((target) => el.contains(target));
  model.on("change:state", refresh);
  model.on("change:weights", renew);
  model.on("msg:custom", hear);
  return () => {
    view.rest();
    letKeysGo();
    model.off("change:state", refresh);
    model.off("change:weights", renew);
    model.off("msg:custom", hear);
  };
}

export default { render };
