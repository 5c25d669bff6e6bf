"use strict";
// Searches and filters the notes of the page, and cuts long notes until the reader asks for them.
{
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/\s+/g, " ");
  const notes = [...document.querySelectorAll("article.note")].map((element) => {
    const text = element.querySelector(".text");
    return { element, marks: [...element.querySelectorAll("mark")], words: fold(text ? text.textContent : "") };
  });
  const controls = document.querySelector(".controls");
  const search = document.getElementById("search");
  const boxes = [...document.querySelectorAll(".controls input[type=checkbox]")];
  const attributes = new Set(boxes.filter((box) => box.closest(".attributes")).map((box) => box.value));
  const status = document.getElementById("status");
  const update = () => {
    const words = fold(search.value.trim());
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    // an entity whose attributes are not known is shown whatever attributes are wanted
    const is = (mark) => !mark.dataset.a || !attributes.size || mark.dataset.a.split(" ").some((name) => wanted.has(name));
    const shown = (mark) => wanted.has(mark.dataset.k) && is(mark);
    let seen = 0;
    for (const note of notes) {
      for (const mark of note.marks) mark.classList.toggle("off", !shown(mark));
      const fits = note.marks.length ? note.marks.some(shown) : wanted.has("none");
      note.element.hidden = !(fits && note.words.includes(words));
      seen += note.element.hidden ? 0 : 1;
    }
    status.textContent = `${seen} of ${notes.length} notes`;
  };
  const cut = (element) => {
    const text = element.querySelector(".text");
    if (!text || text.scrollHeight < 520) return;
    const button = document.createElement("button");
    button.type = "button";
    const show = (whole) => {
      text.classList.toggle("cut", !whole);
      button.setAttribute("aria-expanded", String(whole));
      button.textContent = whole ? "Show less" : `Show all ${element.dataset.length} characters`;
    };
    button.addEventListener("click", () => show(text.classList.contains("cut")));
    show(false);
    text.after(button);
  };
  if (controls) {
    for (const { element } of notes) cut(element);
    search.addEventListener("input", update);
    for (const box of boxes) box.addEventListener("change", update);
    controls.hidden = false;
    update();
  }
}
