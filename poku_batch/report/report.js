
// The table of contacts. Every value of theirs is put in as text, never as markup.

const { columns, rows } = JSON.parse(document.getElementById("people-data").textContent);
const [DETAILS, ROW, CONTACT, STATE, OUTCOME, SAID, CALLS, WHEN, LENGTH, RECORDING] = Array(10).keys();

function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

const plain = (word) => word.replaceAll("_", " ");
const badge = (word, tone) => make("span", `badge badge-${tone}`, plain(word));

function player(sound, label) {
  const audio = make("audio");
  audio.controls = true;
  audio.preload = "none";
  audio.setAttribute("aria-label", label);
  for (const address of sound) {
    const source = make("source");
    source.src = address;
    audio.append(source);
  }
  return audio;
}

function facts(pairs) {
  const list = make("dl", "facts");
  for (const [name, value] of pairs) {
    if (value !== "") list.append(make("dt", "", name), make("dd", "words", value));
  }
  return list;
}

function callOf(row, call) {
  const head = make("p", "cluster", make("b", "", `Call ${call.number}`), badge(call.word, toneOf(row, call)));
  head.append(make("span", "soft small", [call.when, call.length].filter(Boolean).join(" · ")));
  const part = make("li", "stack", head);
  if (call.summary) part.append(make("p", "words", call.summary));
  if (call.facts.length) part.append(facts(call.facts));
  if (call.sound.length) part.append(player(call.sound, `Recording of call ${call.number} of row ${row.row}`));
  return part;
}

const tones = new Map(rows.map((row) => [row.outcome, row.tone]));

function toneOf(row, call) {
  const states = { dialing: "dialing", in_call: "dialing", unknown: "unknown", turned_away: "skipped", rejected: "failed" };
  return states[call.word] ?? tones.get(call.word) ?? "quiet";
}

function detailsOf(row) {
  const part = make("div", "details");
  const about = make("div", "stack", make("h3", "", `Row ${row.row}`));
  about.append(facts([["Key", row.key], ["Number", row.to], ["State", plain(row.state)], ["Why", row.error]]));
  about.append(facts(row.cells.map((cell, place) => [columns[place] ?? `Column ${place + 1}`, cell])));
  part.append(about);
  const calls = make("ol", "calls", ...row.calls.map((call) => callOf(row, call)));
  if (row.calls.length) part.append(make("div", "stack", make("h3", "", "Calls"), calls));
  return part;
}

function contactOf(row) {
  const part = make("span", "words", row.key || `row ${row.row}`);
  if (!row.to || row.to === row.key) return part;
  return make("span", "", part, make("br"), make("span", "soft small nowrap", row.to));
}

function outcomeOf(row) {
  if (row.outcome) return badge(row.outcome, row.tone);
  // Where there is no room for a column of states.
  return make("span", "narrow", badge(row.state, row.state));
}

function openerOf(row) {
  const button = make("button", "opener");
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-label", `Details of row ${row.row}`);
  return button;
}

const said = (row) => make("span", "words said", row.summary || row.error);
const found = (row) => [row.key, row.to, row.summary, row.error, ...row.cells].join("\n");

// What is shown is made of nodes; sorting and searching go by plain values.
const column = (target, show, sort, className = "", more = {}) => ({
  targets: target,
  data: null,
  className,
  orderSequence: ["asc", "desc", ""],
  render: (_, type, row) => (type === "display" ? show(row) : type === "filter" ? "" : sort(row)),
  ...more,
});

const number = (value) => (value === null ? -1 : value);

const table = new DataTable("#people", {
  data: rows,
  autoWidth: false,
  deferRender: true,
  order: [],
  pageLength: 25,
  search: { smart: true },
  layout: { topStart: null, topEnd: null, bottomStart: "info", bottomEnd: "paging" },
  language: {
    info: "_START_–_END_ of _TOTAL_ contacts",
    infoEmpty: "no contacts",
    infoFiltered: "(of _MAX_)",
    emptyTable: "No contacts.",
    zeroRecords: "No contact is like that.",
  },
  columnDefs: [
    column(DETAILS, openerOf, () => "", "open no-print", { orderable: false }),
    column(ROW, (row) => String(row.row), (row) => row.row, "number wide"),
    column(CONTACT, contactOf, (row) => row.key, "contact", {
      render: (_, type, row) => (type === "display" ? contactOf(row) : type === "filter" ? found(row) : row.key),
    }),
    column(STATE, (row) => badge(row.state, row.state), (row) => row.state, "wide state"),
    column(OUTCOME, outcomeOf, (row) => row.outcome),
    column(SAID, said, (row) => row.summary || row.error, "wide"),
    column(CALLS, (row) => String(row.attempts), (row) => row.attempts, "number wide"),
    column(WHEN, (row) => make("span", "soft small", row.when), (row) => number(row.at), "wide when"),
    column(LENGTH, (row) => make("span", "nowrap", row.length), (row) => number(row.length_s), "number wide"),
    column(
      RECORDING,
      (row) => (row.sound.length ? player(row.sound, `Recording of row ${row.row}`) : make("span")),
      (row) => row.sound.length,
      "wide no-print",
      { visible: rows.some((row) => row.sound.length) },
    ),
  ],
});

const chosen = { state: "", outcome: "" };
table.search.fixed("chosen", (_, row) =>
  (!chosen.state || row.state === chosen.state) && (!chosen.outcome || row.outcome === chosen.outcome));

for (const name of Object.keys(chosen)) {
  document.getElementById(name).addEventListener("change", (event) => {
    chosen[name] = event.target.value;
    table.draw();
  });
}
document.getElementById("search").addEventListener("input", (event) => table.search(event.target.value).draw());
document.getElementById("length").addEventListener("change", (event) => table.page.len(Number(event.target.value)).draw());

document.getElementById("people").addEventListener("click", (event) => {
  const opener = event.target.closest(".opener");
  if (!opener) return;
  const row = table.row(opener.closest("tr"));
  const open = !row.child.isShown();
  if (open) row.child(detailsOf(row.data()), "child").show();
  else row.child.hide();
  opener.setAttribute("aria-expanded", String(open));
});

// On paper every contact is there, not a page of them.
let shown = table.page.len();
addEventListener("beforeprint", () => {
  shown = table.page.len();
  table.page.len(-1).draw();
});
addEventListener("afterprint", () => table.page.len(shown).draw());

document.getElementById("people").hidden = false;
document.getElementById("tools").hidden = false;
