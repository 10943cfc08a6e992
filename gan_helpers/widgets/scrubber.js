// A slider through a run's snapshots, with a mark in its curves. snapshot_scrubber.py says what the
// model's values are.

const FRAME = 300;  // milliseconds that play shows a snapshot

class ScrubberView {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.last = model.get("steps").length - 1;
    this.build();
  }

  build() {
    const steps = this.model.get("steps");
    const name = "snapshot";
    const choose = (event) => this.go(Number(event.target.value));
    this.slider = element("input", {
      type: "range", min: 0, max: this.last, "aria-label": name, oninput: choose,
    });
    const options = steps.map((step, index) => [index, `step ${step.toLocaleString("en")}`]);
    this.list = choiceControl({ name, options, change: (index) => this.go(index) });
    this.playing = button("Play", () => this.togglePlay());
    this.sheet = element("canvas", { role: "img" });
    this.status = element("p", { role: "status" });
    this.marks = this.model.get("marks").map(() => element("div"));
    const words = "The curves, with a mark at the step";
    this.curves = element("canvas", { role: "img", "aria-label": words });
    const curves = element("div", { class: "part-curves" }, [this.curves, ...this.marks]);
    const parts = [this.playing, this.list.box, this.slider];
    const controls = element("div", { class: "part-row part-film" }, parts);
    this.el.classList.add("page-part");
    this.el.append(controls, this.sheet, curves, this.status);
  }

  // Pictures come as PNG; once they are read, all is there.
  async start() {
    const bitmap = (name) => {
      const bytes = this.model.get(name);
      return createImageBitmap(new Blob([bytes], { type: "image/png" }));
    };
    [this.film, this.drawing] = await Promise.all([bitmap("film"), bitmap("curves")]);
    const height = this.film.height / (this.last + 1);
    Object.assign(this.sheet, { width: 2 * this.film.width, height: 2 * height });
    Object.assign(this.curves, { width: this.drawing.width, height: this.drawing.height });
    this.curves.getContext("2d").drawImage(this.drawing, 0, 0);
    this.show();
  }

  go(index) {
    this.model.set("index", index);
    this.model.save_changes();
  }

  show() {
    const index = this.model.get("index");
    const { width, height } = this.sheet;
    const context = this.sheet.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(this.film, 0, index * height / 2, width / 2, height / 2, 0, 0, width, height);
    this.slider.value = index;
    this.slider.setAttribute("aria-valuetext", `step ${this.model.get("steps")[index]}`);
    this.list.show(index);
    this.model.get("marks").forEach(({ top, height: tall, left }, axis) => {
      const percent = { top, height: tall, left: left[index] };
      for (const [side, share] of Object.entries(percent)) {
        this.marks[axis].style[side] = `${100 * share}%`;
      }
    });
    const words = this.model.get("words")[index];
    this.sheet.setAttribute("aria-label", words);
    this.status.textContent = words;
    this.el.dataset.drawn = performance.now();  // for who measures
  }

  togglePlay() {
    if (this.timer) {
      this.rest();
      return;
    }
    if (this.model.get("index") === this.last) this.go(0);
    this.playing.textContent = "Pause";
    this.timer = setInterval(() => {
      if (this.model.get("index") === this.last) this.rest();
      else this.go(this.model.get("index") + 1);
    }, FRAME);
  }

  rest() {
    clearInterval(this.timer);
    this.timer = undefined;
    this.playing.textContent = "Play";
  }
}

function render({ model, el }) {
  const view = new ScrubberView(model, el);
  const show = () => view.film && view.show();
  const letKeysGo = keepKeys((target) => el.contains(target));
  view.start();
  model.on("change:index", show);
  return () => {
    view.rest();
    letKeysGo();
    model.off("change:index", show);
  };
}

export default { render };
