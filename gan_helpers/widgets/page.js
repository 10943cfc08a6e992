// What the parts in the page share: elements, labelled controls, sheets of pictures.

function element(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function button(name, press) {
  return element("button", { type: "button", onclick: press }, [name]);
}

function clamp(number, low, high) {
  return Math.min(Math.max(number, low), high);
}

function controlBox(name, inputs) {
  return element("div", { class: "part-control" }, [element("span", {}, [name]), ...inputs]);
}

// A number field, or with `range` a slider and the field; `show` sets it, `change` hears of it.
function numberControl({ name, low, high, step, range, change }) {
  const limits = { min: low, max: high, step, "aria-label": name };
  const hear = (event) => {
    const number = Number(event.target.value);
    // Half a number is being typed where there is none.
    if (event.target.value !== "" && number >= low && number <= high) change(number);
  };
  const inputs = [element("input", { type: "number", ...limits, oninput: hear })];
  if (range) inputs.unshift(element("input", { type: "range", ...limits, oninput: hear }));
  const show = (number) => {
    for (const input of inputs) {
      if (Number(input.value) !== number || input.value === "") input.value = number;
    }
  };
  return { box: controlBox(name, inputs), show };
}

// A list to choose from: pairs of value and words.
function choiceControl({ name, options, change }) {
  const entries = options.map(([value, words]) => element("option", { value }, [words]));
  const hear = (event) => change(Number(event.target.value));
  const list = element("select", { "aria-label": name, onchange: hear }, entries);
  const show = (value) => { list.value = value; };
  return { box: controlBox(name, [list]), show };
}

// A square to drag in: `change` gets how far to the right and how far up, in shares of its side.
// For fingers and mice only: what it sets needs controls of its own, too.
function planeControl(words, change) {
  const dot = element("div", { class: "part-dot" });
  const drag = (event) => {
    if (!event.buttons) return;
    const { left, bottom, width, height } = box.getBoundingClientRect();
    const within = (share) => clamp(share, 0, 1);
    change(within((event.clientX - left) / width), within((bottom - event.clientY) / height));
  };
  const grab = (event) => {
    box.setPointerCapture(event.pointerId);
    drag(event);
  };
  const box = element("div", {
    class: "part-plane",
    "aria-hidden": "true",
    title: words,
    onpointerdown: grab,
    onpointermove: drag,
  }, [dot]);
  const show = (right, up) => {
    dot.style.left = `${100 * right}%`;
    dot.style.bottom = `${100 * up}%`;
  };
  return { box, show };
}

// Keys pressed in a part are its own: JupyterLab has shortcuts of a single letter. With Ctrl or Cmd
// a key is the browser's or the notebook's, wherever the focus is. `owns(target)` says whether an
// element is the part's; returns what ends it.
function keepKeys(owns) {
  const keep = (event) => {
    if (owns(event.target) && !event.ctrlKey && !event.metaKey) event.stopPropagation();
  };
  // At the window, on the way in: Notebook 7 listens at the document, on the way in, too.
  window.addEventListener("keydown", keep, true);
  return () => window.removeEventListener("keydown", keep, true);
}

// Numbers in [-1, 1] as grey.
function grey(number) {
  return Math.round(clamp((number + 1) / 2, 0, 1) * 255);
}

const SIDE = 28;  // pixels of a picture
const GAP = 2;  // between two

// A canvas with room for pictures side by side; `draw` puts one at its place.
function makeSheet(columns, rows, scale) {
  const width = columns * (SIDE + GAP);
  const height = rows * (SIDE + GAP);
  const canvas = element("canvas", { width: width * scale, height: height * scale, role: "img" });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.fillStyle = "rgb(40 40 40)";
  context.fillRect(0, 0, canvas.width, canvas.height);
  const picture = new ImageData(SIDE, SIDE);
  const small = element("canvas", { width: SIDE, height: SIDE });
  const placeOf = (number) => [
    (number % columns) * (SIDE + GAP) * scale,
    Math.floor(number / columns) * (SIDE + GAP) * scale,
  ];
  const draw = (number, shadeAt) => {
    for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
      picture.data.fill(shadeAt(pixel), 4 * pixel, 4 * pixel + 3);
      picture.data[4 * pixel + 3] = 255;
    }
    small.getContext("2d").putImageData(picture, 0, 0);
    context.drawImage(small, ...placeOf(number), SIDE * scale, SIDE * scale);
  };
  // A coloured line round a picture; without a colour it is taken away.
  const mark = (number, colour = "rgb(40 40 40)") => {
    const [x, y] = placeOf(number);
    context.strokeStyle = colour;
    context.lineWidth = scale;
    const side = SIDE * scale + context.lineWidth;
    context.strokeRect(x - context.lineWidth / 2, y - context.lineWidth / 2, side, side);
  };
  const write = (number, words) => {
    const [x, y] = placeOf(number);
    context.font = `${5 * scale}px sans-serif`;
    context.fillStyle = "rgb(0 0 0 / 70%)";
    context.fillRect(x, y, context.measureText(words).width + 4, 6 * scale);
    context.fillStyle = "white";
    context.fillText(words, x + 2, y + 5 * scale);
  };
  // The number of the picture that was clicked.
  const pictureAt = (event) => {
    const box = canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    return clamp(row, 0, rows - 1) * columns + clamp(column, 0, columns - 1);
  };
  return { canvas, draw, mark, write, pictureAt };
}
