// Names for screen readers. ipywidgets gives a slider's handle and its readout none: they get the
// words beside them, their own label or that of the row they stand in. Lines of status are marked,
// so that they are said when they change.

function wordsBeside(part, box) {
  const label = part.closest(box)?.querySelector('.widget-label');
  return label ? label.textContent : '';
}

function nameSliderPart(part) {
  const words = wordsBeside(part, '.widget-slider') || wordsBeside(part, '.widget-hbox');
  part.setAttribute('aria-label', words || 'slider');
}

function markStatusLine(line) {
  line.setAttribute('role', 'status');
}

function nameAll() {
  const handles = '.widget-slider [role=slider]';
  const readouts = '.widget-slider .widget-readout';
  document.querySelectorAll(`${handles}, ${readouts}`).forEach(nameSliderPart);
  document.querySelectorAll('.status-line').forEach(markStatusLine);
}

// The views of other widgets may come a little later than this one's.
for (const milliseconds of [100, 1000, 4000]) {
  setTimeout(nameAll, milliseconds);
}
