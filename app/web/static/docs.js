// Swagger UI with this server's document; no other host is contacted.

const root = document.getElementById("swagger-ui");

const MISSING = {
  ".information-container": { role: "region", "aria-label": "About this API" },
  ".scheme-container": { role: "region", "aria-label": "Server" },
  "h3.opblock-tag, .models h4": { "aria-level": "2" },
  ".opblock h4": { "aria-level": "3" },
  ".opblock h5": { "aria-level": "4" },
  "textarea.body-param__text": { "aria-label": "Request body" },
  ".examples-select-element": { "aria-label": "Example" },
  ".opblock .parameters select": { "aria-label": "Value" },
  ".content-type-wrapper select, select.content-type": { "aria-label": "Media type" },
  "select": { "aria-label": "Choice" },
};

SwaggerUIBundle({
  domNode: root,
  url: root.dataset.url,
  deepLinking: false, // its links would be inside buttons, where keyboards and screen readers cannot reach them
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
});

// Adds what Swagger UI leaves out and screen readers need: landmarks, heading levels and labels.
function addMissing() {
  for (const [selector, attributes] of Object.entries(MISSING)) {
    for (const node of root.querySelectorAll(selector)) {
      for (const [name, value] of Object.entries(attributes)) {
        if (!node.hasAttribute(name)) node.setAttribute(name, value);
      }
    }
  }
}
new MutationObserver(addMissing).observe(root, { childList: true, subtree: true });

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
