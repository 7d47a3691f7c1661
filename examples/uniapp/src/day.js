/** A time of the service, as the day that it is here. */
export function day(time) {
  const date = new Date(time);
  return `${date.getFullYear()}年${date.getMonth() + 1}月${date.getDate()}日`;
}
