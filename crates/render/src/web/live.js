// Keeps a page up to date: where the server says that something changed, the page is asked for again and its part put
// in place. Without this file the pages say the same, as of when they were loaded.
"use strict";
(() => {
  const address = document.body.dataset.events;
  const live = document.getElementById("live");
  const news = document.getElementById("news");
  const shown = new URL(location.href);
  if (shown.searchParams.has("done")) {
    // What was done just now is told once, and not again when the page is loaded anew.
    ["done", "was", "of"].forEach((name) => shown.searchParams.delete(name));
    history.replaceState(null, "", shown);
  }
  if (!address || !live || !window.EventSource) {
    return;
  }
  let source = null;
  let busy = false;
  let waiting = false;

  const say = (text) => {
    live.hidden = false;
    live.textContent = text;
  };

  // Nothing is taken away from under somebody's hands.
  const isInUse = (part) => {
    const fields = [...part.querySelectorAll("input[type=text], input[type=checkbox]")];
    const selection = getSelection();
    return fields.some((field) => field.value !== field.defaultValue || field.checked || field === document.activeElement)
      || (selection && !selection.isCollapsed && part.contains(selection.anchorNode));
  };

  const place = (part) => {
    const focused = document.activeElement;
    const href = part.contains(focused) ? focused.getAttribute("href") : null;
    return () => {
      const again = href && [...document.querySelectorAll("#part a")].find((link) => link.getAttribute("href") === href);
      if (again) {
        again.focus({ preventScroll: true });
      }
    };
  };

  const update = async () => {
    if (busy) {
      waiting = true;
      return;
    }
    busy = true;
    waiting = false;
    try {
      const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
      if (!answer.ok) {
        throw new Error(String(answer.status));
      }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const [old, part] = [document.getElementById("part"), page.getElementById("part")];
      if (old && part && isInUse(old)) {
        say("changed meanwhile; shown when you are done here");
        waiting = true;
      } else if (old && part) {
        const back = place(old);
        if (old.dataset.summary !== part.dataset.summary) {
          news.textContent = part.dataset.summary;
        }
        old.replaceWith(part);
        back();
        const [nav, fresh] = [document.querySelector("header nav"), page.querySelector("header nav")];
        if (nav && fresh && nav.innerHTML !== fresh.innerHTML) {
          nav.replaceWith(fresh);
        }
        say("live");
        document.body.dataset.generation = page.body.dataset.generation;
        document.body.dataset.updated = String(Number(document.body.dataset.updated || 0) + 1);
      }
    } catch {
      say("not live: logbook serve does not answer");
    }
    busy = false;
    if (waiting) {
      setTimeout(() => waiting && update(), 1000);
    }
  };

  const open = () => {
    if (source) {
      return;
    }
    source = new EventSource(address);
    source.onopen = () => say("live");
    source.addEventListener("generation", (event) => {
      if (event.data !== document.body.dataset.generation) {
        update();
      }
    });
    source.onerror = () => say("not live: logbook serve does not answer");
  };
  const close = () => {
    if (source) {
      source.close();
      source = null;
    }
  };

  // A browser opens few connections to one place: pages that nobody sees give theirs back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
    } else {
      open();
      update();
    }
  });
  addEventListener("pagehide", close);
  if (!document.hidden) {
    open();
  }
})();
