import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

// One file with script and style inside: it is served as it is, and it opens from disk.
export default defineConfig({
  plugins: [viteSingleFile({ removeViteModuleLoader: true })],
  build: {
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: false,
    reportCompressedSize: false,
  },
});
