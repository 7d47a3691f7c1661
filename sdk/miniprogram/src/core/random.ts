/** 32 letters and digits that nobody else has: a name, and no secret. */
export function randomName(): string {
  let name = "";
  while (name.length < 32) name += Math.random().toString(36).slice(2);
  return name.slice(0, 32);
}
