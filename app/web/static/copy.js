// Copying text, even if the page is not in a secure context and so has no clipboard API.

export async function copyText(node) {
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
