// What an attacker's page can do to a server on this machine, all of it at once.
// Gives back what the page could read: "" where it was nothing.
async ({ base, path, post, body, type, frame }) => {
  const found = {};
  const attempt = async (name, action) => {
    try {
      found[name] = await action();
    } catch {
      found[name] = "";
    }
  };
  const read = async (target, options) => {
    const answer = await fetch(base + target, options);
    return answer.type === "opaque" ? "" : `${answer.status} ${await answer.text()}`;
  };
  const simple = { method: "POST", mode: "no-cors" };
  await attempt("text", () => read(post, { ...simple, body }));
  await attempt("blob", () => read(post, { ...simple, body: new Blob([body]) }));
  await attempt("form", () => read(post, { ...simple, body: new URLSearchParams({ body }) }));
  await attempt("parts", () => {
    const parts = new FormData();
    parts.append("body", body);
    return read(post, { ...simple, body: parts });
  });
  await attempt("hidden", () => read(post, { ...simple, body, referrerPolicy: "no-referrer" }));
  await attempt("opaque GET", () => read(path, { mode: "no-cors" }));
  await attempt("GET", () => read(path, {}));
  const headers = { "content-type": type };
  for (const method of ["POST", "PUT", "PATCH"]) {
    await attempt(method, () => read(post, { method, headers, body }));
  }
  await attempt("DELETE", () => read(path, { method: "DELETE" }));
  await attempt("beacon", () => {
    navigator.sendBeacon(base + post, body);
    return "";
  });
  for (const [tag, attribute] of [["img", "src"], ["script", "src"], ["link", "href"]]) {
    await attempt(tag, () => new Promise((resolve) => {
      const element = document.createElement(tag);
      element.rel = "stylesheet";
      element.onload = () => resolve("loaded");
      element.onerror = () => resolve("");
      element[attribute] = base + path;
      document.head.append(element);
    }));
  }
  await attempt("websocket", () => new Promise((resolve) => {
    const socket = new WebSocket(`${base.replace("http", "ws")}${path}`);
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("");
  }));
  for (const enctype of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
    await attempt(enctype, () => new Promise((resolve) => {
      const form = Object.assign(document.createElement("form"), {
        method: "POST", action: base + post, enctype, target: frame,
      });
      const field = Object.assign(document.createElement("input"), {
        // {"a":1,"=":"..."}: a form's "=" disappears inside of a JSON string.
        name: `${body.slice(0, -1)},"`, value: '":""}',
      });
      form.append(field);
      const into = Object.assign(document.createElement("iframe"), { name: frame });
      document.body.append(into, form);
      into.onload = () => {
        let text = "";
        try {
          text = into.contentDocument.body.textContent;
        } catch {
          // Of another origin: it cannot be read.
        }
        into.remove();
        resolve(text);
      };
      form.submit();
    }));
  }
  return found;
}
