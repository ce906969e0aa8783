"use strict";
// Everything shown is in the page already; this adds tooltips, keys, sorting and filtering.
const tip = document.getElementById("tip");
const table = document.getElementById("tensors");
const body = table.tBodies[0];

function place(x, y) {
  const gap = 14, box = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(x + gap, innerWidth - box.width - 4)) + "px";
  tip.style.top = (y + gap + box.height < innerHeight ? y + gap : Math.max(4, y - gap - box.height)) + "px";
}
function show(mark, x, y) {
  tip.textContent = mark.getAttribute("aria-label");
  tip.hidden = false;
  place(x, y);
}
function goTo(mark) {
  const row = document.getElementById("t" + mark.dataset.row);
  if (!row) return;
  row.hidden = false;
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
}

for (const plot of document.querySelectorAll("svg.plot")) {
  const marks = [];
  for (const title of plot.querySelectorAll(".marks title")) {
    const mark = title.parentNode;
    mark.setAttribute("aria-label", title.textContent);
    title.remove();
    marks.push(mark);
  }
  let at = -1;
  const leave = () => {
    if (at >= 0) marks[at].classList.remove("at");
    tip.hidden = true;
  };
  plot.addEventListener("pointermove", e => {
    if (marks.includes(e.target)) show(e.target, e.clientX, e.clientY);
    else tip.hidden = true;
  });
  plot.addEventListener("pointerleave", () => { tip.hidden = true; });
  plot.addEventListener("click", e => { if (e.target.dataset.row) goTo(e.target); });
  plot.addEventListener("blur", leave);
  plot.addEventListener("keydown", e => {
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: marks.length - 1 }[e.key];
    if (e.key === "Escape") leave();
    else if (e.key === "Enter" && at >= 0) goTo(marks[at]);
    if (to === undefined || !marks.length) return;
    e.preventDefault();
    leave();
    at = Math.max(0, Math.min(to, marks.length - 1));
    marks[at].classList.add("at");
    const box = marks[at].getBoundingClientRect();
    show(marks[at], box.right, box.top);
  });
}

const value = (row, column, numbers) => {
  const cell = row.cells[column];
  if (!numbers) return cell.textContent.toLowerCase();
  return cell.dataset.value === "" ? NaN : Number(cell.dataset.value);
};
function sort(head, column) {
  const up = head.getAttribute("aria-sort") !== "ascending", numbers = head.dataset.sort === "number";
  for (const th of table.tHead.rows[0].cells) th.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const rows = Array.from(body.rows, row => [value(row, column, numbers), row]);
  rows.sort(([a], [b]) => {
    if (numbers && (isNaN(a) || isNaN(b))) return isNaN(a) - isNaN(b); // what has no number comes last
    return (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1);
  });
  body.append(...rows.map(r => r[1]));
}
Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = head.textContent;
  head.replaceChildren(button);
  button.addEventListener("click", () => sort(head, column));
});

const form = document.querySelector(".filters");
const filter = document.getElementById("filter"), state = document.getElementById("state"), shown = document.getElementById("shown");
const texts = new Map(Array.from(body.rows, row => [row, row.textContent.toLowerCase()]));
function apply() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let n = 0;
  for (const [row, text] of texts) {
    row.hidden = state.value !== "" && row.dataset.state !== state.value || !words.every(w => text.includes(w));
    if (!row.hidden) n++;
  }
  shown.textContent = n + " of " + texts.size;
}
form.hidden = false;
form.addEventListener("submit", e => e.preventDefault());
filter.addEventListener("input", apply);
state.addEventListener("change", apply);
apply();
