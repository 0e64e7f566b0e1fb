/// <reference types="vite/client" />
declare module '@core-wasm?url' {
  const url: string;
  export default url;
}
