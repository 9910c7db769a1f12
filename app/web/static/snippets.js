// The API call for one row in three languages, ready to run.

const KEY_HEADER = "X-API-Key";

export const LANGUAGES = {
  curl(url, row, needsKey) {
    const key = needsKey ? ` \\\n  -H "${KEY_HEADER}: $API_KEY"` : "";
    return `curl -s ${shell(url)} \\\n  -H 'Content-Type: application/json'${key} \\\n  -d ${shell(JSON.stringify(row))}`;
  },

  Python(url, row, needsKey) {
    const key = needsKey ? `, "${KEY_HEADER}": os.environ["API_KEY"]` : "";
    return `import json
${needsKey ? "import os\n" : ""}import urllib.request

row = ${literal(row, { true: "True", false: "False", null: "None" })}
request = urllib.request.Request(
    ${JSON.stringify(url)},
    json.dumps(row).encode(),
    {"Content-Type": "application/json"${key}},
)
with urllib.request.urlopen(request) as response:
    print(json.load(response)["prediction"])`;
  },

  JavaScript(url, row, needsKey) {
    const key = needsKey ? `, "${KEY_HEADER}": process.env.API_KEY` : "";
    return `const row = ${literal(row, { __proto__: null }, "  ").replace(/^( *)"__proto__":/m, '$1["__proto__"]:')};
const response = await fetch(${JSON.stringify(url)}, {
  method: "POST",
  headers: { "Content-Type": "application/json"${key} },
  body: JSON.stringify(row),
});
console.log((await response.json()).prediction);`;
  },
};

// A POSIX shell changes nothing between single quotes.
function shell(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function literal(row, words, indent = "    ") {
  const lines = Object.entries(row).map(([name, value]) => {
    const text = JSON.stringify(value);
    return `${indent}${JSON.stringify(name)}: ${words[text] ?? text},\n`;
  });
  return `{\n${lines.join("")}}`;
}
