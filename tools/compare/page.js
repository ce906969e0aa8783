"use strict";
// A click on a column's title sorts by it, the worst first; a second one turns that round.
const table = document.getElementById("points");
const body = table.tBodies[0];
const rows = Array.from(body.rows);
const key = (row, column) => {
  const cell = row.cells[column];
  const number = cell.dataset.key;
  return number === undefined ? cell.textContent : number === "" ? Infinity : Number(number);
};
for (const button of table.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement;
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const column = head.cellIndex;
    rows.sort((a, b) => {
      const [x, y] = [key(a, column), key(b, column)];
      const order = x < y ? -1 : x > y ? 1 : 0;
      return down ? -order : order;
    });
    body.append(...rows);
  });
}
document.getElementById("filter").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase();
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(words);
});
