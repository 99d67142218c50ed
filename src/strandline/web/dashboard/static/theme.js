// Before the first paint: the reader's choice of light or dark, and that there is a script.
document.documentElement.classList.add("has-script");
try {
  const chosen = localStorage.getItem("strandline-theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch { /* a browser that keeps nothing follows the system */ }
