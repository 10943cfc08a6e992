// A formula that is wider than its page scrolls; by keys it does so once it has the focus.
for (const formula of document.querySelectorAll(".formula")) {
  if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
}
