"use strict";
// A click on a column's title sorts by it, the worst first; a second one turns that round.
const table = document.getElementById("points");
const body = table.tBodies[0];
const rows = Array.from(body.rows);
const key = (row, column) => {
  const cell = row.cells[column];
  const number = cell.dataset.k;
  return number === undefined ? cell.textContent : number === "" ? Infinity : Number(number);
};
for (const button of table.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement;
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const column = head.cellIndex;
    const keys = new Map(rows.map((row) => [row, key(row, column)]));
    rows.sort((a, b) => {
      const [x, y] = [keys.get(a), keys.get(b)];
      const order = x < y ? -1 : x > y ? 1 : 0;
      return down ? -order : order;
    });
    const sorted = document.createDocumentFragment();
    for (const row of rows) sorted.append(row);
    body.append(sorted);
  });
}
// What is typed leaves the rows that have it.
const texts = new Map();
const shown = document.getElementById("shown");
document.getElementById("filter").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase();
  let count = 0;
  for (const row of rows) {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    row.hidden = !texts.get(row).includes(words);
    if (!row.hidden) count++;
  }
  shown.textContent = words === "" ? "" : `${count} of ${rows.length}`;
});
