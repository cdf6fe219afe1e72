// Finds a diagnosis as it is typed and keeps the list without leaving the page (a call may be running beside it).
// An ARIA combobox with a list: arrows move, Enter takes, Escape closes. Without JavaScript the form's own search works.
//
//   <div data-behavior="diagnosis-search" data-search-url="…" data-change-url="…">
//     <div data-dx-list>…</div> <div data-dx-box hidden><input role="combobox"><ul role="listbox" hidden></ul>
//     <p role="status" data-dx-status></p></div></div>

import { csrfToken, make, t } from "ui/words.js";
import { toast } from "ui/toast.js";

const PAUSE = 120; // ms without typing before a search

/** Behaviour of the part of the note that holds the diagnoses. */
export default function attach(part) {
  const box = part.querySelector("[data-dx-box]");
  const input = box.querySelector("input");
  const options = box.querySelector("[role=listbox]");
  const status = box.querySelector("[data-dx-status]");
  const list = part.querySelector("[data-dx-list]");
  let timer = 0;
  let running = null; // the search on its way
  let active = -1;
  box.hidden = false;

  const post = (url, fields, signal) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return fetch(url, { method: "POST", body, signal, headers: { "X-CSRFToken": csrfToken() } });
  };

  const close = () => {
    clearTimeout(timer);
    running?.abort();
    options.hidden = true;
    options.replaceChildren();
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const choose = (index) => {
    active = index;
    [...options.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === index)));
    const chosen = options.children[index];
    if (!chosen) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", chosen.id);
    return chosen.scrollIntoView({ block: "nearest" });
  };

  const show = (found) => {
    options.replaceChildren(
      ...found.map((row, place) =>
        make("li", { role: "option", id: `dx-option-${place}`, "aria-selected": "false", "data-code": row.code },
          make("b", {}, row.code), make("span", {}, row.display),
          make("span", { class: "wss-mu wss-sm" }, row.on_list ? t("on the patient’s list") : "")),
      ),
    );
    const any = found.length > 0;
    options.hidden = !any;
    input.setAttribute("aria-expanded", String(any));
    if (any) choose(0);
    else choose(-1);
    status.textContent = any ? t("{number} found", { number: found.length }) : input.value.trim() ? t("Nothing found") : "";
  };

  const search = async () => {
    running?.abort();
    running = new AbortController();
    try {
      const answer = await post(part.dataset.searchUrl, { q: input.value }, running.signal);
      if (!answer.ok) throw new Error(answer.status);
      show((await answer.json()).found);
    } catch (error) {
      if (error.name === "AbortError") return;
      close();
      status.textContent = t("The search didn’t reach us. Type on to try again.");
    }
  };

  const change = async (fields) => {
    try {
      const answer = await post(part.dataset.changeUrl, fields);
      if (!answer.ok && answer.status !== 422) throw new Error(answer.status);
      const fragment = new DOMParser().parseFromString(await answer.text(), "text/html");
      list.replaceChildren(...fragment.body.childNodes);
    } catch {
      toast(t("That didn’t reach us. Nothing was changed. Please try again."), { tone: "danger", seconds: 0 });
      return;
    }
    input.focus();
  };

  const take = (option) => {
    if (!option) return;
    const code = option.dataset.code;
    input.value = "";
    close();
    change({ add: code });
  };

  const typed = () => {
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE);
  };
  const key = (event) => {
    const last = options.children.length - 1;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (options.hidden) search();
      else if (event.key === "ArrowDown") choose(active >= last ? 0 : active + 1);
      else choose(active <= 0 ? last : active - 1);
    } else if (event.key === "Enter") {
      event.preventDefault(); // Enter here never sends the note
      if (!options.hidden) take(options.children[active]);
    } else if (event.key === "Escape" && !options.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  };
  const pressed = (event) => {
    event.preventDefault(); // the input keeps the focus
    take(event.target.closest("[role=option]"));
  };
  const left = () => setTimeout(close, 100);
  const changed = (event) => {
    const button = event.target.closest("button[name]");
    if (!button || !list.contains(button)) return;
    event.preventDefault();
    change({ [button.name]: button.value });
  };

  input.addEventListener("input", typed);
  input.addEventListener("keydown", key);
  input.addEventListener("blur", left);
  options.addEventListener("mousedown", pressed);
  part.addEventListener("click", changed);
  return () => {
    close();
    input.removeEventListener("input", typed);
    input.removeEventListener("keydown", key);
    input.removeEventListener("blur", left);
    options.removeEventListener("mousedown", pressed);
    part.removeEventListener("click", changed);
  };
}
