// A table that sorts, filters and exports: the markup comes from {% table %}. Sorting follows the
// words that people see, or data-value of a cell; numbers are found in "1,234.5 mg" too.

import { icon, language, make, t } from "ui/words.js";

const FORMULA = /^[=+\-@\t\r]/;

function valueOf(row, index) {
  const cell = row.cells[index];
  return cell?.dataset.value ?? cell?.querySelector("time")?.dateTime ?? cell?.textContent.trim() ?? "";
}

function numberOf(text) {
  const found = text.replace(/[,\s]/g, "").match(/([-−])?[$€£]?(\d+(?:\.\d+)?)/);
  return found ? Number(found[2]) * (found[1] ? -1 : 1) : Number.NEGATIVE_INFINITY;
}

/** One cell of a CSV file. A text that a spreadsheet would run as a formula gets an apostrophe. */
export function csvCell(text) {
  const clean = text.replace(/\s+/g, " ").trim();
  const safe = FORMULA.test(clean) && !/^-?[$€£]?[\d.,]+$/.test(clean) ? `'${clean}` : clean;
  return /[",\n;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Give rows and cells the roles that a table loses in some browsers when its rows are drawn as blocks. */
function keepRoles(table, heads) {
  const role = (elements, name) => [...elements].forEach((element) => element.setAttribute("role", name));
  table.setAttribute("role", "table");
  role(table.querySelectorAll("thead, tbody"), "rowgroup");
  role(table.rows, "row");
  role(table.querySelectorAll("td"), "cell");
  role(table.querySelectorAll("tbody th"), "rowheader");
  role(heads, "columnheader");
}

/** Behaviour of the block that {% table %} draws. */
export default function attach(block) {
  const table = block.querySelector("table");
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  const rows = () => [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => !row.dataset.none);
  const collator = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  const tools = block.querySelector(".ws-tabletools");
  if (tools) tools.hidden = false;
  if ("stacked" in table.dataset) keepRoles(table, heads);

  const sort = (head, index) => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    const kind = head.dataset.sort || "text";
    const compare = kind === "number" ? (a, b) => numberOf(a) - numberOf(b) : (a, b) => collator.compare(a, b);
    heads.forEach((other) => other.hasAttribute("aria-sort") && other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    for (const body of table.tBodies) {
      const sorted = [...body.rows].sort((a, b) => compare(valueOf(a, index), valueOf(b, index)) * (up ? 1 : -1));
      body.append(...sorted);
    }
  };
  if ("sortable" in block.dataset) {
    heads.forEach((head, index) => {
      if (!head.hasAttribute("aria-sort")) return;
      const button = make("button", { type: "button", class: "ws-table__sort" }, ...head.childNodes, icon("sort-down"));
      button.addEventListener("click", () => sort(head, index));
      head.replaceChildren(button);
    });
  }

  const counter = block.querySelector("[data-table-count]");
  const filter = block.querySelector("[data-table-filter]");
  filter?.addEventListener("input", () => {
    const words = filter.value.toLocaleLowerCase(language).split(/\s+/).filter(Boolean);
    const all = rows();
    let shown = 0;
    for (const row of all) {
      const text = row.textContent.toLocaleLowerCase(language);
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) shown += 1;
    }
    counter.textContent = words.length ? t("{shown} of {all} shown", { shown, all: all.length }) : "";
  });

  const exporter = block.querySelector("[data-table-export]");
  exporter?.addEventListener("click", () => {
    const lines = [heads.map((head) => csvCell(head.textContent)), ...rows().filter((row) => !row.hidden).map((row) => [...row.cells].map((cell) => csvCell(cell.dataset.value ?? cell.textContent)))];
    const blob = new Blob(["\ufeff", lines.map((line) => line.join(",")).join("\r\n"), "\r\n"], { type: "text/csv;charset=utf-8" });
    const link = make("a", { href: URL.createObjectURL(blob), download: `${exporter.dataset.tableExport}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}
