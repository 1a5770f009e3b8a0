// How what was decided or pressed in the browser reaches the server: one message is on its way at a time, with all that
// waits; one that is not answered is sent again. Streamlit joins messages that come while it works, and of two that are
// joined only the later one is left, so a second is never sent before the first is answered.
const RESEND_MS = 4000;

function courier(it, waiting, message) {
  Object.assign(it, { send: null, flying: null, timer: 0 });
  it.flush = () => {
    if (it.flying || !it.send) return;
    const held = waiting().slice(0, 200);
    if (!held.length) return;
    it.flying = held.map((h) => h.id);
    it.send(message(held));
    clearTimeout(it.timer);
    it.timer = setTimeout(() => { it.flying = null; it.say?.(); it.flush(); }, RESEND_MS);
  };
  it.landed = (isKnown) => {
    if (it.flying && it.flying.every(isKnown)) {
      clearTimeout(it.timer);
      it.flying = null;
    }
    it.flush();
  };
  return it;
}
