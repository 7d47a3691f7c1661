// Loaded into a process: it reaches nothing but its own machine, and a file tells what it tried.

const { appendFileSync } = require("node:fs");
const { Socket } = require("node:net");

const connect = Socket.prototype.connect;
const own = /^(localhost|127\..*|::1)$/;

Socket.prototype.connect = function (...given) {
  const [options] = Array.isArray(given[0]) ? given[0] : given;
  const host =
    typeof options === "object" ? options.path || options.host || "localhost" : "localhost";
  if (typeof options === "object" && !options.path && !own.test(host)) {
    appendFileSync(process.env.LEFT_THE_LOOPBACK, `${host}\n`);
    this.destroy(new Error(`${host} is not this machine`));
    return this;
  }
  return connect.apply(this, given);
};
