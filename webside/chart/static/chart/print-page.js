// Shows a button that prints the page; without JavaScript the browser's own menu does.
//
//   <span data-behavior="print-page" hidden><button data-print>Print</button></span>

/** Behaviour of the holder of the button. */
export default function attach(holder) {
  const print = () => window.print();
  const button = holder.querySelector("[data-print]");
  holder.hidden = false;
  button.addEventListener("click", print);
  return () => button.removeEventListener("click", print);
}
