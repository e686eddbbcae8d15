/** A host as it is compared: lower case, without the brackets of IPv6 and the final dot of DNS. */
export function bareHost(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}
