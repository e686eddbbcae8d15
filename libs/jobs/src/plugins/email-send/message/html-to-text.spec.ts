import { htmlToText } from './html-to-text.js';

it.each([
  ['plain words', 'plain words'],
  ['  <b>bold</b>,\n  <i>then</i>\n italic ', 'bold, then italic'],
  ['<p>one</p><p>two</p>', 'one\n\ntwo'],
  ['one<br>two<br/>three', 'one\ntwo\nthree'],
  ['<h1>Title</h1>text<div>next</div>', 'Title\n\ntext\nnext'],
  ['<ul><li>one</li><li>two</li></ul>after', '- one\n- two\n\nafter'],
  ['<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b\nc'],
  ['<a href="https://a.test/?x=1&amp;y=2">here</a>, see', 'here (https://a.test/?x=1&y=2), see'],
  ["<a href='https://a.test'>https://a.test</a>", 'https://a.test'],
  ['<a href="mailto:ada@a.test">ada@a.test</a>', 'ada@a.test'],
  ['<a href="https://a.test"><img src="x"></a>', 'https://a.test'],
  ['<a href="javascript:alert(1)">no</a> <a href="#top">up</a>', 'no up'],
  ['&lt;b&gt; &amp;amp; &euro;5&nbsp;&#8211; &#x1F600; &unknown; &#0;', '<b> &amp; €5 – 😀 &unknown;'],
  ['<style>p{}</style><script>if (a < b) x("</p>")</script>words<title>t</title>', 'words'],
  ['a<!-- <p>hidden</p> -->b', 'ab'],
  ['1 < 2 and 3 > 2', '1 < 2 and 3 > 2'],
  ['cut <b', 'cut'],
  ['<!doctype html><html><head><title>x</title></head><body>y</body></html>', 'y'],
  ['', ''],
])('%s', (html, text) => {
  expect(htmlToText(html)).toBe(text);
});

it.each([
  ['<', 300_000],
  ['</script', 300_000],
  ['<script>', 300_000],
  ['<a href="', 200_000],
  ['<a href=https://a.test>', 100_000],
  ['<!--', 300_000],
  ['&#', 300_000],
  [' \n', 300_000],
])('a page of nothing but %j ends', (part, times) => {
  expect(typeof htmlToText(part.repeat(times))).toBe('string');
});
