// Signs an approval with the reviewer's own key. The file and its passphrase are read here and sent nowhere: what is
// sent is the form, and its fields are the statement, the id of the key and the signature.
"use strict";

(async function () {
  const KEY_LIMIT = 16384; // bytes; a key has some hundred
  const PBES2 = "2a864886f70d01050d", PBKDF2 = "2a864886f70d01050c";
  const HMAC_SHA256 = "2a864886f70d0209", AES_256_CBC = "60864801650304012a";
  const section = document.getElementById("signing");
  const form = document.getElementById("approval");
  const file = document.getElementById("key");
  const passphrase = document.getElementById("passphrase");
  const read = document.getElementById("read");
  const button = form.querySelector("button");
  const status = document.getElementById("signing-status");
  const hex = (bytes) => Array.from(new Uint8Array(bytes), (one) => one.toString(16).padStart(2, "0")).join("");
  let pem = "";

  // Values of DER that stand behind one another: the content of each.
  function values(bytes) {
    const found = [];
    for (let at = 0; at < bytes.length;) {
      let length = bytes[at + 1];
      at += 2;
      if (length > 127) {
        const end = at + length - 128;
        for (length = 0; at < end; at++) length = 256 * length + bytes[at];
      }
      found.push(bytes.subarray(at, at + length));
      at += length;
    }
    return found;
  }

  // Opens what `fomrepo key new --passphrase` wrote: PKCS #8 under PBES2 with PBKDF2, HMAC-SHA-256 and AES-256-CBC.
  async function unlocked(der) {
    const [algorithm, sealed] = values(values(der)[0]);
    const [kind, settings] = values(algorithm);
    const [derivation, cipher] = values(settings);
    const [way, asked] = values(derivation), [cipherKind, iv] = values(cipher);
    const [salt, rounds, ...others] = values(asked);
    const [hash] = values(others.at(-1) ?? []);
    if ([kind, way, hash ?? [], cipherKind].map(hex).join() !== [PBES2, PBKDF2, HMAC_SHA256, AES_256_CBC].join()) {
      throw new Error("This page cannot open a key that is locked in this way: use the command.");
    }
    const secret = await crypto.subtle.importKey("raw", new TextEncoder().encode(passphrase.value), "PBKDF2", false, ["deriveKey"]);
    const key = await crypto.subtle.deriveKey(
      { name: "PBKDF2", hash: "SHA-256", salt, iterations: parseInt(hex(rounds), 16) },
      secret, { name: "AES-CBC", length: 256 }, false, ["decrypt"],
    );
    try {
      return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-CBC", iv }, key, sealed));
    } catch {
      throw new Error("This is not the passphrase of this key.");
    }
  }

  async function opened() {
    const [, kind, text] = /-----BEGIN ((?:ENCRYPTED )?PRIVATE KEY)-----([\s\S]+?)-----END/.exec(pem) ?? [];
    if (!kind) throw new Error("This is no private key.");
    let der = Uint8Array.from(atob(text.replace(/\s/g, "")), (one) => one.charCodeAt(0));
    if (kind.startsWith("ENCRYPTED")) der = await unlocked(der);
    try {
      return await crypto.subtle.importKey("pkcs8", der, "Ed25519", true, ["sign"]);
    } catch {
      throw new Error("This is no Ed25519 key.");
    }
  }

  async function sign() {
    const key = await opened();
    const { x } = await crypto.subtle.exportKey("jwk", key);
    const open = Uint8Array.from(atob(x.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
    const id = hex(await crypto.subtle.digest("SHA-256", open));
    if (!section.dataset.keys.split(" ").includes(id)) {
      throw new Error(`The federation has not accepted the key ${id.slice(0, 16)} as yours: fomrepo key publish`);
    }
    const bytes = new TextEncoder().encode(form.elements.statement.value);
    form.elements.signature.value = hex(await crypto.subtle.sign("Ed25519", key, bytes));
    form.elements.key.value = id;
  }

  function ready() { button.disabled = !(pem && read.checked); }

  file.addEventListener("change", async () => {
    const chosen = file.files[0];
    pem = "";  // never the key that was chosen before
    ready();
    pem = chosen && chosen.size <= KEY_LIMIT ? await chosen.text() : "";
    status.textContent = chosen && !pem ? "This is no private key." : "";
    document.getElementById("locked").hidden = !pem.includes("ENCRYPTED");
    ready();
  });
  read.addEventListener("change", ready);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await sign();
      pem = passphrase.value = file.value = "";
      form.submit();
    } catch (error) {
      status.textContent = error.message;
      ready();
    }
  });

  try {
    await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    section.hidden = false;
  } catch {
    console.info("this browser signs nothing with Ed25519, or reached this page without HTTPS");
  }
})();
