// Keeps a page up to date: when the server reports a change, the page is fetched again and its part is replaced.
// Without this script, pages show the state at the time they were loaded.
"use strict";
(() => {
  const address = document.body.dataset.events;
  const live = document.getElementById("live");
  const news = document.getElementById("news");
  const shown = new URL(location.href);
  if (shown.searchParams.has("done")) {
    // A note about what was just done is shown once, not again when the page is reloaded.
    ["done", "was", "of"].forEach((name) => shown.searchParams.delete(name));
    history.replaceState(null, "", shown);
  }
  if (!address || !live || !window.EventSource) {
    return;
  }
  let source = null;
  let busy = false;
  let waiting = false;

  const showState = (text) => {
    live.hidden = false;
    live.textContent = text;
  };

  // Whether the reader is typing or selecting something in the part, which must not be replaced then.
  const isInUse = (part) => {
    const fields = [...part.querySelectorAll("input[type=text], input[type=checkbox]")];
    const selection = getSelection();
    return fields.some((field) => field.value !== field.defaultValue || field.checked || field === document.activeElement)
      || (selection && !selection.isCollapsed && part.contains(selection.anchorNode));
  };

  const keepFocus = (part) => {
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
        showState("changed; the change is shown when you finish here");
        waiting = true;
      } else if (old && part) {
        const restoreFocus = keepFocus(old);
        if (old.dataset.summary !== part.dataset.summary) {
          news.textContent = part.dataset.summary;
        }
        old.replaceWith(part);
        restoreFocus();
        const [nav, fresh] = [document.querySelector("header nav"), page.querySelector("header nav")];
        if (nav && fresh && nav.innerHTML !== fresh.innerHTML) {
          nav.replaceWith(fresh);
        }
        showState("live");
        document.body.dataset.generation = page.body.dataset.generation;
        document.body.dataset.updated = String(Number(document.body.dataset.updated || 0) + 1);
      }
    } catch {
      showState("not live: logbook serve does not answer");
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
    source.onopen = () => showState("live");
    source.addEventListener("generation", (event) => {
      if (event.data !== document.body.dataset.generation) {
        update();
      }
    });
    source.onerror = () => showState("not live: logbook serve does not answer");
  };
  const close = () => {
    if (source) {
      source.close();
      source = null;
    }
  };

  // A browser opens few connections to one server: hidden pages close theirs.
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
