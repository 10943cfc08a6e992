// A question with native radio buttons, whose arrow keys walk through the options and stay here.
//
// Traits: `text`, `options`; `value`, the option chosen, '' for none; `verdict`, words that close
// the question, '' while it is open; `verdicts`, the words by option, for a button "Answer" that
// gives them at once; `answers`, what has been answered, try after try.

function make(kind, text, parent) {
  const part = document.createElement(kind);
  part.textContent = text;
  parent.append(part);
  return part;
}

function set(model, traits) {
  for (const [name, value] of Object.entries(traits)) {
    model.set(name, value);
  }
  model.save_changes();
}

function drawRadios(model, group, name) {
  make('legend', model.get('text'), group).style.fontWeight = 'bold';
  for (const option of model.get('options')) {
    const label = make('label', '', group);
    label.style.display = 'block';
    const radio = make('input', '', label);
    Object.assign(radio, { type: 'radio', name, value: option });
    radio.addEventListener('change', () => set(model, { value: option }));
    label.append(` ${option}`);
  }
}

function render({ model, el }) {
  const name = `question-${Math.random()}`; // radios of one name are one group in the whole page
  const group = make('fieldset', '', el);
  const button = make('button', '', el);
  button.type = 'button';
  const line = make('p', '', el);
  line.setAttribute('role', 'status');
  el.style.font = 'var(--jp-widgets-font-size, 13px) var(--jp-ui-font-family, sans-serif)';
  el.style.color = 'var(--jp-ui-font-color1, inherit)';

  function show() {
    for (const radio of group.querySelectorAll('input')) {
      radio.checked = radio.value === model.get('value');
    }
    const verdict = model.get('verdict');
    group.disabled = verdict !== '';
    button.hidden = Object.keys(model.get('verdicts')).length === 0;
    button.textContent = verdict ? 'Try again' : 'Answer';
    line.textContent = verdict;
  }

  function draw() {
    group.replaceChildren();
    drawRadios(model, group, name);
    show();
  }

  function answer() {
    const value = model.get('value');
    if (model.get('verdict')) {
      set(model, { verdict: '', value: '' });
      group.querySelector('input').focus();
    } else if (value) {
      set(model, {
        verdict: model.get('verdicts')[value],
        answers: [...model.get('answers'), value],
      });
    } else {
      line.textContent = 'Choose an answer first.';
    }
  }

  button.addEventListener('click', answer);
  const letKeysGo = keepKeys((target) => el.contains(target));
  model.on('change:text change:options', draw);
  model.on('change:value change:verdict', show);
  draw();
  return () => {
    letKeysGo();
    model.off('change:text change:options', draw);
    model.off('change:value change:verdict', show);
  };
}

export default { render };
