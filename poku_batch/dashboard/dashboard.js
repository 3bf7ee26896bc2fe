// What the pages do by themselves: they ask for themselves anew when something has changed, and
// keep what a person is doing there meanwhile: typing, ticking, scrolling, listening.
"use strict";

(() => {
  // Elements with the same id, or in the same place, stay the same elements: only what differs in
  // them is changed. What people do is kept in properties, which nothing here touches.
  const kept = { DETAILS: ["open"], DIALOG: ["open"], INPUT: ["hidden"], OPTION: ["selected"] };

  const alike = (old, fresh) =>
    old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName &&
    (old.nodeType !== Node.ELEMENT_NODE || old.id === fresh.id);

  const isBusy = (node) => node.nodeName === "AUDIO" && !node.paused;

  function become(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    if (isBusy(old) || old.isEqualNode(fresh)) return;
    const own = kept[old.nodeName] || [];
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !own.includes(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value && !own.includes(name)) old.setAttribute(name, value);
    }
    if (old.nodeName !== "TEXTAREA") becomeWithin(old, fresh);
  }

  function becomeWithin(old, fresh) {
    let place = old.firstChild;
    for (const next of [...fresh.childNodes]) {
      let found = place;
      if (next.id) while (found && found.id !== next.id) found = found.nextSibling;
      if (found && alike(found, next)) {
        while (place !== found) place = removed(place);
        become(found, next);
        place = found.nextSibling;
      } else {
        old.insertBefore(document.importNode(next, true), place);
      }
    }
    while (place) place = removed(place);
  }

  function removed(node) {
    const next = node.nextSibling;
    node.remove();
    return next;
  }

  htmx.defineExtension("morph", {
    isInlineSwap: (style) => style === "morph",
    handleSwap(style, target, fragment) {
      if (style !== "morph") return false;
      const fresh = fragment.querySelector(`#${target.id}`);
      if (!fresh) return [];
      if (fresh.dataset.now) target.dataset.now = fresh.dataset.now;
      becomeWithin(target, fresh);
      settled();
      return [target];
    },
  });

  // --- the ages of calls -----------------------------------------------------------------------

  let behind = 0;

  function duration(seconds) {
    const whole = Math.max(0, Math.round(seconds));
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor(whole / 60) % 60;
    if (hours) return `${hours} h ${minutes} min`;
    return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
  }

  function tick() {
    for (const age of document.querySelectorAll("[data-since]")) {
      const text = duration((Date.now() - behind - Number(age.dataset.since)) / 1000);
      if (age.textContent !== text) age.textContent = text;
    }
  }

  // --- news ------------------------------------------------------------------------------------

  const words = { live: "Live", lost: "Not live: trying again", off: "Reload to see news" };
  let stream = null;

  function say(state) {
    const live = document.getElementById("live");
    if (!live || live.dataset.state === state) return;
    live.dataset.state = state;
    live.textContent = words[state];
  }

  function ask() {
    htmx.trigger("#page", "news");
  }

  function listen() {
    const page = document.getElementById("page");
    if (stream || document.hidden || !page || !page.dataset.events) return;
    stream = new EventSource(page.dataset.events);
    stream.addEventListener("ready", () => {
      if (document.getElementById("live").dataset.state !== "off") ask();
      say("live");
    });
    stream.addEventListener("changed", ask);
    stream.addEventListener("error", () => {
      say("lost");
      // A refusal is final for the browser, and is not for us.
      if (stream && stream.readyState === EventSource.CLOSED) {
        leave();
        setTimeout(listen, 5000);
      }
    });
  }

  function leave() {
    if (stream) stream.close();
    stream = null;
  }

  // Pages that nobody sees need no stream; browsers have six connections for all of them.
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : listen()));
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", listen);

  // --- forms -----------------------------------------------------------------------------------

  function settled() {
    const page = document.getElementById("page");
    behind = Date.now() - Number(page.dataset.now);
    tick();
    const all = document.getElementById("all");
    if (all) all.hidden = false;
  }

  document.addEventListener("change", (event) => {
    if (event.target.id !== "all") return;
    for (const box of document.querySelectorAll("#chosen [name=key]")) {
      box.checked = event.target.checked;
    }
  });

  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    // What was sent once is not sent twice; a page that is gone back to can be sent again.
    const buttons = event.target.querySelectorAll("button");
    setTimeout(() => buttons.forEach((button) => (button.disabled = true)), 0);
    setTimeout(() => buttons.forEach((button) => (button.disabled = false)), 8000);
  });

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    const address = new URL(location.href);
    if (address.searchParams.has("said")) {
      address.searchParams.delete("said");
      history.replaceState(history.state, "", address);
    }
    settled();
    setInterval(tick, 1000);
    listen();
  });
})();
