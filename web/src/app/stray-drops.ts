// Files that are dragged to where no view takes them.

function refuse(event: DragEvent): void {
  if (event.defaultPrevented || !event.dataTransfer?.types.includes('Files')) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = 'none';
}

/** The browser would leave the page for such a file, and lose a collection or a training with it. Call before views are
 * rendered: their page-wide listeners come after this one and have the last word. */
export function stayOnPage(): void {
  addEventListener('dragover', refuse);
}
