// Tells the server which part of the article is selected, in code points, which is how Python counts.
const ENTER = ["Enter", " "];

const select = (start, end, words) => trigger("select", { index: [start, end], value: words });

const pick = (event) => {
  const mark = event.target.closest("mark");
  if (!mark || !document.getSelection().isCollapsed) return;
  event.preventDefault();
  select(Number(mark.dataset.start), Number(mark.dataset.end), mark.textContent);
};
element.addEventListener("click", pick);
element.addEventListener("keydown", (event) => ENTER.includes(event.key) && pick(event));

const length = (article, node, offset) => {
  const before = document.createRange();
  before.setStart(article, 0);
  before.setEnd(node, offset);
  return Array.from(before.toString()).length;
};

let waiting;
document.addEventListener("selectionchange", () => {
  clearTimeout(waiting);
  // A finger that drags a handle changes the selection many times.
  waiting = setTimeout(() => {
    const article = element.querySelector(".article");
    const selection = document.getSelection();
    if (!article || selection.isCollapsed || !selection.rangeCount) return;
    const range = selection.getRangeAt(0);
    if (!article.contains(range.startContainer) || !article.contains(range.endContainer)) return;
    const start = length(article, range.startContainer, range.startOffset);
    const end = length(article, range.endContainer, range.endOffset);
    select(start, end, range.toString());
  }, 250);
});
