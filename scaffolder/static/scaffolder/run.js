// The log of a run as it comes. Without this the page shows what was said when it was loaded.
"use strict";

const page = document.querySelector(".run[data-stream]");
const log = document.getElementById("run-log");
const LABELS = { processing: "running", completed: "completed", failed: "failed", skipped: "skipped", cancelled: "cancelled" };
const MOST_LINES = 2000;
let after = page ? Number(page.dataset.after) : 0;
let pause = 1000;

function say(event) {
  const { id, body, createdAt } = JSON.parse(event.data);
  if (id <= after) return;
  after = id;
  pause = 1000;
  const line = document.createElement("li");
  const time = document.createElement("time");
  const text = document.createElement("span");
  time.textContent = createdAt.slice(11, 19);
  text.textContent = String(body.message || "").replace(/\u001b\[[0-9;]*m/g, "");
  if (body.status) line.className = "run-said-" + body.status.replace(/[^a-z]/g, "");
  line.append(time, text);
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.append(line);
  while (log.children.length > MOST_LINES) log.firstElementChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
  if (body.stepId && LABELS[body.status]) {
    for (const badge of document.querySelectorAll("[data-step]")) {
      if (badge.dataset.step !== body.stepId) continue;
      badge.textContent = LABELS[body.status];
      badge.className = "run-badge run-" + body.status;
    }
  }
}

// The end changes everything on the page but what was just said to the person above it.
async function renew() {
  const answer = await fetch(window.location.href);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of ["#run-state", ".run"]) document.querySelector(part).replaceWith(fresh.querySelector(part));
}

function watch() {
  const stream = new EventSource(page.dataset.stream + "?after=" + after);
  for (const type of ["log", "cancelled", "recovered"]) stream.addEventListener(type, say);
  stream.addEventListener("completion", (event) => {
    say(event);
    stream.close();
    renew();
  });
  stream.addEventListener("error", () => {
    stream.close(); // all places for watchers are taken, or the server restarts
    window.setTimeout(watch, pause);
    pause = Math.min(pause * 2, 30000);
  });
}

if (page) {
  log.scrollTop = log.scrollHeight;
  watch();
}
