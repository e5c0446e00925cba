"use strict";
// The server says that something changed; the page is read again and the parts that differ are put in place.
let busy = false, again = false;

async function refresh() {
  if (document.hidden || busy) { again = true; return; }
  busy = true; again = false;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const ids = (page) => Array.from(page.querySelectorAll("[data-live]"), (part) => part.id).join();
    if (ids(fresh) !== ids(document)) {
      document.querySelector("main").replaceWith(fresh.querySelector("main"));
    }
    for (const part of fresh.querySelectorAll("[data-live]")) {
      const shown = document.getElementById(part.id);
      // What the reader folded or unfolded stays as it is.
      for (const fold of shown.querySelectorAll("details[id]")) {
        const same = part.querySelector("#" + fold.id);
        if (same) same.open = fold.open;
      }
      if (shown.innerHTML === part.innerHTML) continue;
      const scrolled = shown.querySelector(".graph")?.scrollLeft;
      shown.replaceWith(part);
      if (scrolled) part.querySelector(".graph")?.scrollTo(scrolled, 0);
    }
    document.title = fresh.title;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // no connection: the stream will come back
  } finally {
    busy = false;
    if (again && !document.hidden) setTimeout(refresh, 1000);
  }
}

// Where the picture is wider than the screen, the cause comes first.
function showCause() {
  const graph = document.querySelector(".graph"), cause = graph?.querySelector(".box.cause");
  if (!cause) return;
  const box = cause.getBoundingClientRect(), frame = graph.getBoundingClientRect();
  graph.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
}

function listen() {
  const live = document.getElementById("live");
  const events = new EventSource("/events?after=" + document.body.dataset.sequence);
  events.onopen = () => { live.textContent = "live"; };
  events.onerror = () => {
    live.textContent = "not connected";
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 15000);
  };
  events.addEventListener("change", refresh);
  events.addEventListener("tick", refresh);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden && again) refresh(); });
showCause();
listen();
