"use strict";

// Everything that changes something goes through /_sandbox; afterwards the page is read again.
async function send(method, target, body) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(target, { method, headers, body });
  if (!response.ok) throw new Error((await response.json()).error);
}

for (const button of document.querySelectorAll("button[data-target]")) {
  button.addEventListener("click", async () => {
    await send(button.dataset.method, button.dataset.target, button.dataset.body);
    location.reload();
  });
}

document.querySelector("#add-fault")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const { more, ...fault } = Object.fromEntries(new FormData(form));
  try {
    await send("POST", "/_sandbox/faults", JSON.stringify({ ...fault, ...JSON.parse(more || "{}") }));
    location.reload();
  } catch (problem) {
    form.querySelector(".problem").textContent = problem.message;
  }
});

// New requests appear by themselves, unless somebody is reading the bodies of one.
const requests = document.querySelector("#requests");
if (requests) {
  setInterval(async () => {
    if (document.hidden || requests.querySelector("details[open]")) return;
    const answer = await fetch(`/_sandbox/requests?after=${requests.dataset.latest}`);
    if ((await answer.json()).requests.length) location.reload();
  }, 2000);
}
