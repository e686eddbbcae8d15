// Old syntax on purpose, and no imports: an old Node must get as far as the message.
var OLDEST = [20, 19];

/** Ends the process with one line when this Node is too old. */
export function requireNode() {
  var parts = process.versions.node.split('.').map(Number);
  if (parts[0] > OLDEST[0] || (parts[0] === OLDEST[0] && parts[1] >= OLDEST[1])) return;
  console.error(
    'drover: Node ' +
      OLDEST.join('.') +
      ' or newer is needed, this is ' +
      process.versions.node +
      ': get one from https://nodejs.org',
  );
  process.exit(1);
}
