// What a box of ipywidgets cannot do by itself. Keys pressed in it stay in it: else `d d` on a
// button deletes JupyterLab's cell, and arrow keys lead to the next one. And a click is answered at
// once: what is clicked while the kernel runs a cell reaches Python only after it.

function render({ model, el }) {
  const line = document.createElement('p');
  line.setAttribute('role', 'status');
  line.hidden = Object.keys(model.get('words')).length === 0; // for the keys alone
  line.style.minHeight = '1.3em'; // nothing below jumps when it speaks
  line.style.margin = '2px';
  el.append(line);

  // Views are put into the page after `render`, so the box is looked for when something happens.
  function isInBox(target) {
    return el.closest('.widget-vbox')?.contains(target) ?? false;
  }

  function answerClick(event) {
    const button = event.target.closest('button');
    const words = button && model.get('words')[button.textContent];
    if (words && isInBox(button)) {
      line.textContent = words;
    }
  }

  function say() {
    line.textContent = model.get('said')[1];
  }

  const letKeysGo = keepKeys(isInBox);
  document.body.addEventListener('click', answerClick, true);
  model.on('change:said', say);
  say();
  return () => {
    letKeysGo();
    document.body.removeEventListener('click', answerClick, true);
    model.off('change:said', say);
  };
}

export default { render };
