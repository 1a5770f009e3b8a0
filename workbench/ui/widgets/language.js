// Keeps a chosen language where a reload and a new tab find it: in the address and in a cookie of this browser
// session. The address is replaced, not pushed: a step of the history for each page would trap the back key.
export default function ({ data }) {
  document.documentElement.lang = data.language === "zh" ? "zh-CN" : data.language;
  if (!data.chosen) return;
  document.cookie = `${data.cookie}=${data.language}; path=/; SameSite=Lax`;
  const address = new URL(window.location.href);
  if (address.searchParams.get(data.parameter) === data.language) return;
  address.searchParams.set(data.parameter, data.language);
  window.history.replaceState(window.history.state, "", address);
}
