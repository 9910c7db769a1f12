// Copying texts, even if the page is not in a secure context and so has no clipboard API.

// Lets a button copy the text of a node, and tell so to everybody.
export function tieCopy(button, node, status) {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    const said = (await copyText(node)) ? "Copied" : "Press Ctrl+C";
    button.textContent = said;
    status.textContent = said;
    setTimeout(() => { button.textContent = label; status.textContent = ""; }, 2000);
  });
}

async function copyText(node) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(node.textContent);
      return true;
    } catch {
      // the browser refused: try the older way
    }
  }
  const selection = getSelection();
  selection.selectAllChildren(node);
  return document.execCommand("copy");
}
