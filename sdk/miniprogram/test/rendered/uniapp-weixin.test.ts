// The uni-app example, as the mini-program that it is built to.

import { tell } from "./support/stories";
import { build } from "./support/uniapp";

tell({ folder: build("mp-weixin") });
