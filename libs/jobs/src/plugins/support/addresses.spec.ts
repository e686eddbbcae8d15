import { isBlock, isInBlock, isPublicAddress } from './addresses.js';

it.each(['93.184.216.34', '1.1.1.1', '2606:4700:4700::1111', '::ffff:1.1.1.1'])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

it.each([
  ...['127.0.0.1', '127.8.9.1', '10.0.0.1', '172.16.5.4', '192.168.1.1', '169.254.169.254', '100.64.0.1'],
  ...['0.0.0.0', '224.0.0.1', '255.255.255.255', '198.18.0.1', '192.0.2.1', '240.0.0.1'],
  ...['::1', '::', 'fe80::1', 'fe80::1%eth0', 'fd00::1', 'fec0::1', 'ff02::1', '2001:db8::1'],
  // IPv4 inside IPv6: mapped, compatible, NAT64, 6to4, Teredo.
  ...['::ffff:127.0.0.1', '::127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', '2001::1'],
  ...['127.1', '0x7f000001', '2130706433', 'localhost', '', '1.2.3'],
])('%s is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

it('an address is in its block, in its own single-address block, and in no block of the other family', () => {
  expect(isInBlock('10.1.2.3', '10.1.0.0/16')).toBe(true);
  expect(isInBlock('::ffff:10.1.2.3', '10.1.0.0/16')).toBe(true);
  expect(isInBlock('10.2.2.3', '10.1.0.0/16')).toBe(false);
  expect(isInBlock('127.0.0.1', '127.0.0.1')).toBe(true);
  expect(isInBlock('fd00::5', 'fd00::/8')).toBe(true);
  expect(isInBlock('fd00::5', '0.0.0.0/0')).toBe(false);
  expect(isBlock('example.org')).toBe(false);
});
