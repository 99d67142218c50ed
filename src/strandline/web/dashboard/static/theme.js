// Runs before the first paint: marks that scripts run, and sets the reader's choice of light or dark.
document.documentElement.classList.add("has-script");
try {
  const chosen = localStorage.getItem("strandline-theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch { /* without storage, the theme follows the system */ }
