export function Deletions() {
  return null;
}
