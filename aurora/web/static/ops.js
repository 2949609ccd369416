// What makes the pages handier. Everything is there without it too.
"use strict";

// Times in the reader's zone; UTC on hover.
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  time.title = time.dateTime;
  const two = (n, width = 2) => String(n).padStart(width, "0");
  time.textContent =
    `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ` +
    `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`;
}

// Copy buttons. Without a clipboard (plain http) the text is selected instead.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const before = button.textContent;
  button.addEventListener("click", async () => {
    const source = document.querySelector(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = before; }, 1500);
  });
}

// The picture: what a mark means, and a walk through all of them by arrow keys.
const picture = document.getElementById("picture");
const detail = document.getElementById("detail");
if (picture && detail) {
  const lanes = [...picture.querySelectorAll("g[role=list]")].map((lane) => [...lane.querySelectorAll(".mark")]);
  const marks = lanes.flat();
  const tell = (mark) => { detail.textContent = mark.dataset.told; };
  for (const mark of marks) {
    mark.addEventListener("mouseenter", () => tell(mark));
    mark.addEventListener("focus", () => tell(mark));
  }
  marks.forEach((mark, number) => mark.setAttribute("tabindex", number === 0 ? "0" : "-1"));
  const go = (mark) => {
    for (const other of marks) other.setAttribute("tabindex", other === mark ? "0" : "-1");
    mark.focus();
  };
  const beside = (lane, mark) => {
    const here = mark.getBoundingClientRect().left;
    const away = (other) => Math.abs(other.getBoundingClientRect().left - here);
    return lane.reduce((best, other) => (away(other) < away(best) ? other : best));
  };
  picture.addEventListener("keydown", (event) => {
    const mark = event.target.closest(".mark");
    if (!mark || event.ctrlKey || event.metaKey || event.altKey) return;
    const filled = lanes.filter((lane) => lane.length > 0);
    const row = filled.findIndex((lane) => lane.includes(mark));
    const at = marks.indexOf(mark);
    const steps = {
      ArrowRight: () => marks[at + 1],
      ArrowLeft: () => marks[at - 1],
      ArrowDown: () => filled[row + 1] && beside(filled[row + 1], mark),
      ArrowUp: () => filled[row - 1] && beside(filled[row - 1], mark),
      Home: () => marks[0],
      End: () => marks[marks.length - 1],
    };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const next = steps[event.key]();
    if (next) go(next);
  });
}
