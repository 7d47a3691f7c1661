import uni from "@dcloudio/vite-plugin-uni";
import { defineConfig } from "vite";

// Without it, each build asks DCloud for updates, and tells it a number of this machine.
process.env.CI ??= "1";

/** uni-app's own styles take pictures from DCloud, which then hears of each visitor. */
const ownFilesOnly = {
  name: "own-files-only",
  generateBundle(_, files) {
    for (const file of Object.values(files))
      if (file.fileName.endsWith(".css"))
        file.source = String(file.source).replace(/url\(["']?https?:[^)]*\)/g, "none");
  },
};

export default defineConfig({ plugins: [(uni.default ?? uni)(), ownFilesOnly] });
