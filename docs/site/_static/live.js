// Live parts without a kernel. Below a cell's still picture stands an empty .live, with the name of
// its state. The module that fills it is the one that notebooks have (anywidget's protocol).
//
// State, module and style come as scripts in live/, which call courseLive with a text: a page
// opened from a disk may load neither JSON nor modules. A module starts from its text, by a blob's
// address.

const texts = {};
window.courseLive = (name, text) => (texts[name] = text);

async function textOf(name) {
  if (name in texts) return texts[name]; // another part of the page has loaded it
  await new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `live/${name}.js`;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${script.src} cannot be loaded`));
    document.head.append(script);
  });
  return texts[name];
}

function withBytes(key, value) {
  if (typeof value?.base64 !== "string") return value;
  return new DataView(Uint8Array.from(atob(value.base64), (byte) => byte.charCodeAt(0)).buffer);
}

// What stands in for anywidget's model: it holds the state. No `send`: nobody is at the other end.
function modelOf(state) {
  const target = new EventTarget();
  return {
    get: (name) => state[name],
    set(name, value) {
      if (state[name] === value) return;
      state[name] = value;
      target.dispatchEvent(new Event(`change:${name}`));
    },
    save_changes() {},
    on: (event, callback) => target.addEventListener(event, callback),
    off: (event, callback) => target.removeEventListener(event, callback),
  };
}

async function show(part) {
  const { module, style, state, note } = JSON.parse(await textOf(part.dataset.live), withBytes);
  const sources = await Promise.all(module.map(textOf));
  const blob = new Blob([sources.join("\n")], { type: "text/javascript" });
  const { default: widget } = await import(URL.createObjectURL(blob));
  const sheet = document.createElement("style");
  sheet.textContent = await textOf(style);
  part.append(sheet);
  if (note) {
    const line = document.createElement("p");
    line.textContent = note;
    part.append(line);
  }
  const el = document.createElement("div");
  part.append(el);
  part.model = modelOf(state); // for who looks at it from outside
  await widget.render({ model: part.model, el });
}

function fail(part, error) {
  part.textContent = "The live part could not be loaded: the picture above is what it first shows.";
  throw error;
}

// Weights are some hundred kilobytes: they come when their part is nearly in sight.
const observer = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      show(target).catch((error) => fail(target, error));
    }
  },
  { rootMargin: "1000px" },
);
for (const part of document.querySelectorAll(".live")) observer.observe(part);
